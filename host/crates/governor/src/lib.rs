//! Who may act when: how often, and whether a provider that keeps failing is asked at all.
//!
//! What policies answer is combined here into one decision, and what has to wait for people waits
//! here. Rates and breakers are decided by pure functions of what is stored and the time; what is
//! stored lies in the one database, so that they hold across all processes. This room knows no
//! component and no network, and it waits for nobody: it says how long somebody has to wait.
//!
//! - `rate`: a bucket of turns, and when the next one is
//! - `circuit`: a breaker, from closed to open to half open
//! - `ledger`: their tables, and the only SQL that writes them
//! - `rules`: which of them hold for a command
//! - `tally`: how often lately
//! - `verdict`: what the answers of all policies mean together
//! - `hold`: commands that wait for people
//! - `capability`: what swarms are good at, and who could help

pub mod capability;
mod circuit;
pub mod hold;
mod ledger;
mod rate;
mod rules;
mod tally;
mod verdict;

pub use circuit::{BACKOFF_SECONDS, Breaker, Circuit, Ended, Pass, State};
pub use ledger::{SCHEMA, Shown, Turn, admit, circuits, record, reset, take_turn};
pub use rate::{Rate, RateError, WAIT_MS_MAX};
pub use rules::{Asked, CircuitRule, RateRule, Rules, Subject};
pub use tally::{WINDOWS, tallies, tally};
pub use verdict::{Combined, Finding, Given, Obligation, Reason, Ruling, Verdict, combine};
