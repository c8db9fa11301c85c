//! Tests of a plugin without its device.
//!
//! A [`Script`] says which command runs, what the device is asked and answers, and what must come
//! out. A [`Bench`] plays scripts against the packed component through `ifctl plugin test`, so that
//! what is tested is the real component behind the real gate: a message that the manifest does not
//! allow fails here as it fails at a customer's. [`golden`] compares a text with a file.
//!
//! It opens no socket and knows no secret: those a script sets have a stage value.

// What tests are made of: it may fail loudly, and a plugin author's machine is no home of ours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

mod bench;
mod golden;
mod script;

pub use bench::Bench;
pub use golden::golden;
pub use script::Script;
