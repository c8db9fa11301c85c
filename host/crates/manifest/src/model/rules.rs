//! What a policy may say: its reasons, and the facts it asks for.

use crate::schema::text;
use if_core::Word;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The part of a manifest that only a policy has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Every code that a decision of it may name, and what it means.
    #[serde(default)]
    #[schemars(with = "BTreeMap<text::Word, String>")]
    pub reasons: BTreeMap<Word, String>,
    /// Facts that are gathered only for those who need them.
    #[serde(default)]
    pub needs: Vec<Need>,
}

/// Facts that cost something to gather.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// How often it was asked for lately.
    Recent,
    /// The budgets it counts for, and what is left of them.
    Budgets,
    /// What the swarm that asks is good at.
    Capabilities,
}
