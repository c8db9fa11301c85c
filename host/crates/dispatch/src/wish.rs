//! Who answers a guest's wishes, for one operation.
//!
//! With the feature `live` that is the broker, given the instance's grants; without it, only the
//! guest's own words are heard and every wish for the outside is refused.

use crate::connect::Outside;
use crate::events::Events;
use crate::outcome::Sent;
use crate::purse::Purse;
use crate::request::Planned;
use if_core::Broker;
use if_store::{State, StoreError, Transaction};
use if_witness::{SecretUse, Traffic};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The answering side of one operation.
pub(crate) struct Wishes {
    pub broker: Arc<dyn Broker>,
    pub settings: Map<String, Value>,
    /// Where its secrets are, and what of them must be fetched before the guest runs.
    pub outside: Outside,
    /// Where the secrets came from that did not come from the vault, for the log.
    pub sources: Option<Map<String, Value>>,
    pub events: Arc<Events>,
    pub purse: Arc<Purse>,
    pub state: Option<Arc<State>>,
    pub seen: Box<dyn Fn() -> Seen>,
}

/// What was seen to leave, once the guest is gone.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub sent: Sent,
    pub plan: Vec<Planned>,
    pub traffic: Vec<Traffic>,
    pub secrets: Vec<SecretUse>,
    /// Ordered messages as JSON; placeholders, never values.
    pub transcript: Option<Vec<u8>>,
    /// Each token that the guest was given, and the name of what it stands for.
    pub placeholders: BTreeMap<String, String>,
    /// Older messages that the transcript no longer holds.
    pub transcript_dropped: u64,
}

impl Wishes {
    /// Puts what the guest wrote to its state into the outcome's transaction.
    pub fn save_state(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        match &self.state {
            Some(state) => state.save(transaction),
            None => Ok(()),
        }
    }
}
