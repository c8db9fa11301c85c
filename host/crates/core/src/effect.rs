//! What a message or a command does to the world, in rising order.
//!
//! The order is the rule: a message may leave only if its effect is not above its command's.

use serde::{Deserialize, Serialize};
use std::fmt;

/// `session` (a handshake) < `read` < `write` < `dangerous` (could hurt a show or cost money).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Protocol handshakes: changes nothing a person would notice, reads nothing of theirs.
    Session,
    /// Looks, and changes nothing.
    Read,
    /// Changes something that the opposite command changes back.
    Write,
    /// Needs `--yes` or a policy's consent: ends a stream, deletes, spends.
    Dangerous,
}

impl Effect {
    /// The word used in manifests, leaves and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Session => "session",
            Effect::Read => "read",
            Effect::Write => "write",
            Effect::Dangerous => "dangerous",
        }
    }

    /// Whether a dry run lets it pass: it changes nothing.
    pub fn is_harmless(self) -> bool {
        self <= Effect::Read
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
