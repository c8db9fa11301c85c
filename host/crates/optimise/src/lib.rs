//! What operations may cost and did cost.
//!
//! Before a call, the most that it is expected to cost is reserved on every budget that it belongs
//! to, in the transaction that records the intent; after it, the reservation becomes the cost, in
//! the transaction that records the outcome. So no call starts that could overspend, however many
//! run at once, and a process that dies owes its reservation.
//!
//! This room knows no plugin, no log and no clock. Amounts are integers in millionths of a stated
//! currency; two currencies are never added, and none is converted.
//!
//! - `price`: from a price and a use to an amount · `scope`, `period`: whose money, for how long
//! - `budget`: may this be spent; pure · `ledger`: the tables, and the only SQL that writes them
//! - `outlook`: forecast and recommendations, from recorded facts · `proof`: the ledger against the
//!   log

mod budget;
mod error;
mod ledger;
mod outlook;
mod period;
mod price;
mod proof;
mod scope;

pub use budget::{Budget, Short, Standing, decide};
pub use error::PriceError;
pub use ledger::{
    Alert, Granted, Row, SCHEMA, Spending, Verdict, alerts, budgets, each, history, owed, remove,
    reserve, set, settle, standings, standings_of, sums,
};
pub use outlook::{Advice, Forecast, Kept, advise, forecast};
pub use period::Period;
pub use price::{AMOUNT_MAX, Use, bill, currency_of, estimate};
pub use proof::{Fault, Noted, Proof, Sum};
pub use scope::{NoScope, Payer, Scope};
