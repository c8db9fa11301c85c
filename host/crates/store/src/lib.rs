//! The one database, `if.db`: SQLite in WAL mode, every commit on the disk before it is
//! acknowledged. Another database takes its place behind a [`Session`].
//!
//! There is one so that an intent, a release floor and a budget reservation can become durable
//! together, in one commit and one disk flush. Rooms that own tables hand in a [`Schema`]; this
//! room opens, migrates, and runs their transactions, and owns two small tables itself.
//!
//! It refuses a database of a newer version, a file that others may read, and waiting without end.
//!
//! - `schema`: what an owner of tables hands in, and the versions already there
//! - `sql`: statements and rows for owners who need not know whose database it is
//! - `session`: what a database must be able to do
//! - `store`: transactions and reads; `group`: threads that share a transaction
//! - `floor`: the highest release seen of each capability
//! - `state`: the small key-value store of a plugin and instance
//! - `sqlite`: the database on this machine
//! - `error`: what can go wrong, in words and codes

mod error;
mod floor;
mod group;
mod schema;
mod session;
mod sql;
mod sqlite;
mod state;
mod store;

pub use error::{Cause, StoreError};
pub use floor::remember_release;
pub use schema::Schema;
pub use session::Session;
pub use sql::{Cell, Row, Rows, Sql, Value, integer};
pub use sqlite::{BUSY_WAIT, CHECKPOINT_PAGES};
pub use state::{STATE_BYTES_MAX, STATE_ENTRY_OVERHEAD_BYTES, STATE_KEY_BYTES_MAX, State};
pub use store::{Store, Transaction};
