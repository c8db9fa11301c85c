//! The log's database on a PostgreSQL server, behind the port that `if-store` has for it.
//!
//! The tables are those of the schemas, translated, in a schema of their own. A transaction that
//! writes takes one lock for all writers first, as SQLite does: so everything that is said of
//! transactions there holds here. A commit is on the server's disk when it returns; a server that
//! is set to lie about that is refused.
//!
//! One home, one database: who of its operations still lives is known only on the machine that runs
//! them.
//!
//! - `place`: where the server is, and how it is reached
//! - `wire`: the connection, on a thread of its own
//! - `session`: what the store asks of it
//! - `dialect`: statements and tables in the server's words
//! - `value`: what goes to the server and comes from it

mod dialect;
mod error;
mod place;
mod session;
mod value;
mod wire;

pub use place::Place;
pub use session::open;
