//! One conformance suite for every database that can carry the log: what is promised of one holds
//! for the other, word for word.
//!
//! - `kind`: an empty database of each kind, and how a thief edits it
//! - `tables`: transactions, schemas, values, locks, threads that share a commit
//! - `log`: the witness's evidence, and that every edit is found and named
//! - `money`: the ledger
//! - `server`: the whole program with its log on a real PostgreSQL

mod governed;
mod kind;
mod log;
mod money;
pub mod server;
mod tables;
