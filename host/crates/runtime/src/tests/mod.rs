//! Calls of real guests, hand-written so that the tests need no wasm toolchain: each limit, refusal
//! and end is tripped by a component that does exactly that.

mod cache;
mod child;
mod ends;
pub(crate) mod fixture;
mod guest;
mod limits;
mod streams;
mod wishes;
mod worker;
