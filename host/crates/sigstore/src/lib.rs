//! Who signed these bytes, when, and what proves it: a Sigstore bundle against a trusted root that
//! the operator pinned. Nothing is fetched.
//!
//! The cryptography of the protocol is `sigstore-verify`'s. Around it stands what that library does
//! not do for us: [`wire`] gives a bundle one spelling, and [`token`] a timestamp, so that what
//! nobody signed cannot be altered; [`entry`] compares the
//! duplicates inside a log entry; [`verify`] demands each piece of
//! evidence by the library's own getters, because its `Ok` only means that nothing which it was
//! asked to check was wrong. This crate knows no plugin, role or list.

mod entry;
mod evidence;
mod pin;
mod provider;
mod refusal;
#[cfg(test)]
mod tests;
mod token;
mod wire;

pub use evidence::{Evidence, LogPlace, Signer, verify};
pub use pin::{Authority, Proof};
pub use refusal::{Reason, Refusal};
pub use wire::{Bundle, Claim};
