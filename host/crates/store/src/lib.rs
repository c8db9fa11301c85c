//! The one database, `if.db`: SQLite in WAL mode, every commit on the disk before it is
//! acknowledged.
//!
//! There is one file so that an intent, a release floor and a budget reservation can become durable
//! together, in one commit and one disk flush. Rooms that own tables hand in a [`Schema`]; this
//! room opens, migrates, and runs their transactions, and owns two small tables itself.
//!
//! It refuses a database of a newer version, a file that others may read, and waiting without end.
//!
//! - `open`: the file, its settings, its migrations
//! - `schema`: what an owner of tables hands in, and the versions already there
//! - `fold`: the write-ahead log back into the database, at no more flushes
//! - `floor`: the highest release seen of each capability
//! - `state`: the small key-value store of a plugin and instance
//! - `sound`: whether the file is whole, and its tables as they were made
//! - `copy`: the whole database in another file, while nobody writes
//! - `sql`: statements and rows for owners who need not know whose database it is
//! - `error`: what can go wrong, in words and codes

mod copy;
mod error;
mod floor;
mod fold;
mod open;
mod schema;
mod sound;
mod sql;
mod state;
mod store;

pub use error::StoreError;
pub use floor::remember_release;
pub use fold::CHECKPOINT_PAGES;
pub use open::BUSY_WAIT;
pub use schema::Schema;
pub use sql::{Row, Sql, Value};
pub use state::{STATE_BYTES_MAX, STATE_ENTRY_OVERHEAD_BYTES, STATE_KEY_BYTES_MAX, State};
pub use store::Store;

/// What a closure given to [`Store::read`] reads from.
pub use rusqlite::Connection;
/// What a closure given to [`Store::transaction`] writes to.
pub use rusqlite::Transaction;
