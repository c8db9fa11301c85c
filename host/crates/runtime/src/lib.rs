//! Runs guests: compiles components, keeps their compiled form, links what they import, holds
//! every limit while they run, and tells how they ended.
//!
//! A guest is assumed to be hostile. It runs in a store of its own that is thrown away after one
//! call; whatever it wants from outside becomes an `if_core::Ask` to the broker. This crate knows
//! no network, secret, database or file but its own cache of compiled code, and reads no clock of
//! the machine: guest time moves only when the broker answers.
//!
//! - `config`: engine settings · `runtime`: prepare and call · `call`: what goes in and out
//! - `sandbox`: runs a call in this process · `worker/`: the same in a process that has a socket to
//!   this one and nothing else
//! - `compile`, `cache`, `kept`: from component to artefact, and the only `unsafe` of the house
//! - `limits`, `meters`, `pace`, `log`, `time`, `json`, `ticker`: what bounds a call · `end`: how
//!   an end is named
//! - `policy`: the other world, a pure function asked
//! - `adapter/`, `wasi/`, `http`: one import, one file · `link`: only what a component imports

mod adapter;
mod cache;
mod call;
mod compile;
mod config;
mod end;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod http;
mod json;
mod kept;
mod limits;
mod link;
mod log;
mod meters;
mod nobroker;
mod pace;
mod policy;
mod runtime;
mod sandbox;
mod shared;
mod state;
mod ticker;
mod time;
mod wasi;
mod worker;

#[cfg(test)]
mod tests;

pub use call::{Action, Call, CallError, Facts, GuestFailure, Report, Stream, Usage};
#[cfg(feature = "compiler")]
pub use compile::compile_child_main;
pub use config::{Allocation, Compiler, Place, RuntimeConfig};
pub use error::RuntimeError;
pub use if_manifest::model::Limits;
pub use nobroker::NoBroker;
pub use policy::{Fault, Made};
pub use runtime::{Prepared, Runtime, Source};
pub use worker::worker_main;
