//! The second wall: each call in a process of its own, which computes and can do nothing else.
//!
//! ```text
//!  this process: trust, secrets, network, log            the worker: `ifctl-worker`
//!  outside: starts it, hands over machine code   ──fd──▶ inside: loads it, closes itself off
//!           sends the call                       ──────▶         runs it in the sandbox
//!           broker answers each wish             ◀─Ask──         every wish of the guest
//!                                                ─Answer▶
//!           judges the report, ends the process  ◀Report─
//! ```
//!
//! The worker is this house's own program, and is not believed: whoever has broken out of the
//! sandbox speaks in its place. So `outside` bounds what it says (`frame`), how often, for how long
//! and how much (`judge`), and what a wish may reach is the broker's to decide, as ever.

mod frame;
mod inside;
mod judge;
mod message;
mod outside;
#[cfg(test)]
mod tests;
mod wishes;

pub use inside::worker_main;
pub(crate) use outside::{Worker, Workers};

/// What a worker says, as `crate::fuzzing` reads it.
#[cfg(feature = "fuzzing")]
pub(crate) fn reread_said(stream: &[u8], piece: usize, most: usize) -> frame::Reread {
    frame::reread::<message::Said>(stream, piece, most)
}

/// What it is told.
#[cfg(feature = "fuzzing")]
pub(crate) fn reread_told(stream: &[u8], piece: usize, most: usize) -> frame::Reread {
    frame::reread::<message::Told>(stream, piece, most)
}
