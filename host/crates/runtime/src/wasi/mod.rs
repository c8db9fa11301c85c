//! The baseline that language runtimes pull in: inert, deterministic, and ours. Streams and polls
//! alone come from `wasmtime-wasi`, because every resource of the house meets in them.

pub(crate) mod cli;
pub(crate) mod clocks;
pub(crate) mod random;
pub(crate) mod refuse;
