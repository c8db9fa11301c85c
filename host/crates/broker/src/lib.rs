//! Everything a guest wants from outside, answered: the only crate that opens a socket.
//!
//! A wish passes the [`gate`]: is the place granted, is the address allowed, what do the signed
//! rules call this message, may this command do that, where may a secret stand. What is allowed
//! goes to a transport, the network or a cassette; what comes back is searched for secrets before
//! the guest sees it. Live, dry-run and fake calls pass the same gate. It keeps nothing between
//! calls, follows no redirect, spawns no task, and never hands a secret's bytes to a guest. What
//! the host itself asks of others, [`discover`], [`kv`], [`s3`] and [`webhook`], passes its own
//! checks.

mod cassette;
mod config;
pub mod discover;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gate;
pub mod grants;
pub mod kv;
mod ledger;
mod net;
pub mod s3;
mod secrets;
#[cfg(test)]
mod testing;
pub mod traffic;
mod transport;
pub mod webhook;

pub use cassette::{Cassette, Exchange};
pub use config::{BrokerConfig, Capabilities, InstanceRef};
pub use error::BrokerError;
pub use gate::CallBroker;
pub use ledger::{
    BrokerReport, EndpointTraffic, PLAN_MAX, PlannedMessage, TRANSCRIPT_BYTES_MAX,
    TRANSCRIPT_ENTRIES_MAX,
};
