//! The composition root: takes one command through trust, decision, intent, run and outcome.
//!
//! The only room that knows all the others, and the only one with the real clock. It decides little
//! itself; it sees to it that everybody is asked, in the one right order ([`run`](Host::run)).
//!
//! - `host`: an opened home · `database`: which one it keeps its log in
//! - `request`: what is asked and answered · `job`: met with the manifest
//! - `decide`: may it run · `intent`, `outcome`: before and after, as the log knows them
//! - `outside`, `kv`: secrets from other places, `discover`: looking around, before the guest does
//! - `consent`: who is asked · `policies`: what they say of it · `held`: what waits for people
//! - `governed`: may it act now
//! - `tariff`: what a command costs · `purse`: what one operation may cost and does
//! - `run`: the order · `engine`: the sandbox · `wish`: who answers a guest
//! - `recorded`: a call as the log keeps it · `replay`: the same call once more,
//!   or with a provider at its worst · `explained`: why
//!   it was let through, or not
//! - `keys`: what a passphrase makes of a signing key
//! - `plugin`, `bundle`, `trust`, `instance`, `secret`, `secret_audit`, `log`, `proof`, `export`,
//!   `anchor`, `cosign`, `optimise`, `doctor`, `lint`, `backup`: what the operator does besides
//! - `completion`: what a shell asks

mod anchor;
#[cfg(feature = "live")]
pub mod backup;
pub mod bundle;
pub mod capabilities;
mod clock;
#[cfg(feature = "live")]
pub mod completion;
mod consent;
mod cosign;
mod database;
mod decide;
#[cfg(feature = "live")]
mod discover;
pub mod doctor;
mod engine;
mod events;
mod explained;
pub mod export;
#[cfg(feature = "live")]
mod files;
#[cfg(all(feature = "fuzzing", feature = "live"))]
pub mod fuzzing;
pub mod governed;
pub mod held;
mod host;
mod instance;
mod intent;
mod job;
mod keys;
#[cfg(feature = "live")]
mod kv;
pub mod lint;
mod log;
mod memory;
pub mod optimise;
mod outcome;
#[cfg(feature = "live")]
mod outside;
pub mod plugin;
pub mod policies;
mod proof;
mod purse;
mod recorded;
#[cfg(feature = "live")]
pub mod rehearsal;
mod replay;
mod request;
mod run;
#[cfg(feature = "live")]
mod secret;
#[cfg(feature = "live")]
mod secret_audit;
mod standing;
mod tariff;
pub mod trust;
mod wish;

#[cfg_attr(feature = "live", path = "live.rs")]
#[cfg_attr(not(feature = "live"), path = "silent.rs")]
mod connect;

pub use host::{Created, Host};
pub use instance::{Added, InstanceShown, SecretShown};
pub use keys::Passphrases;
pub use log::{Verified, Written};
pub use replay::{Adversity, Case, Falsified};
pub use request::{Action, AskedBy, Flags, Performed, Planned, Request};
#[cfg(feature = "live")]
pub use secret_audit::{SecretAudit, SecretUsed};

/// What the log is asked and answers.
pub mod witness {
    pub use crate::anchor::{AnchorRun, AnchorShown, Place, S3Place};
    pub use crate::cosign::{Cosigned, Submitted};
    pub use crate::explained::{Bound, Explained};
    pub use crate::proof::{Proof, Proved, SignedCheckpoint, Which};
    pub use crate::replay::{Comparison, Replayed};
    pub use if_witness::{Entry, Filter, Status};
}
