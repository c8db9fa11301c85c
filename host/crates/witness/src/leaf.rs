//! The leaf as it stands in the log: JSON, version 1. A wire type: it is hashed and signed byte for
//! byte as it was written, and a released version never changes.
//!
//! It holds names, digests and numbers. Words of people, plugins and providers are not in it: they
//! are in erasable bodies, and `commitments` binds them.

use crate::Hash32;
use if_core::{CapabilityId, Code, Digest, Effect, Micros, Mode, OperationId, UnixMillis, Word};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this wire type.
pub const LEAF_VERSION: u32 = 1;

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// [`LEAF_VERSION`].
    pub v: u32,
    /// Position in the log, from 0: the leaf's index in a Merkle tree.
    pub seq: u64,
    /// The leaf hash of the entry before; zeros for the first.
    pub prev: Hash32,
    /// When it was written.
    pub at: UnixMillis,
    pub kind: Kind,
    /// Shared by an intent and its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// The caller's trace id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Word>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Word>,
    /// The command's path: `scene switch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Whose budgets it counts for, beside those of its provider and instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Word>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swarm: Option<Word>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Word>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<Plugin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Body part (`params`, `why`, …) → HMAC-SHA256 under a random salt kept beside it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub commitments: BTreeMap<String, Hash32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Verdict>,
    /// What was set aside for it before it ran, in millionths of `currency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_micros: Option<Micros>,
    /// What it cost, in millionths of `currency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<Micros>,
    /// By how much that is above what was allowed or reserved; absent where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrun_micros: Option<Micros>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What went over each endpoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traffic: Vec<Traffic>,
    /// Which secrets were put into messages, never their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretUse>,
    /// Only in the first leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Birth>,
}

/// What an entry tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// About to happen.
    Intent,
    /// Has happened, or ended otherwise.
    Outcome,
    /// Refused before anything ran.
    Denied,
    /// A remark about the installation.
    Note,
}

impl Kind {
    /// The word in the leaf.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Intent => "intent",
            Kind::Outcome => "outcome",
            Kind::Denied => "denied",
            Kind::Note => "note",
        }
    }
}

/// Which bytes ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugin {
    pub id: CapabilityId,
    pub version: String,
    pub release: u64,
    pub manifest: Digest,
    pub component: Digest,
}

/// What was decided before it ran, and by which rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// `allow`, `deny`, `hold`, `escalate`.
    pub verdict: String,
    /// Names of rules, not words of people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Of the set of policies that was asked: its file, and the manifest of each of them. Absent
    /// where it was refused before anybody knew the set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Digest>,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    pub status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The exit code of the command.
    pub exit: u8,
}

/// The end of an operation in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    Failed,
    Denied,
    /// A dry run: recorded, not sent.
    Planned,
    Interrupted,
    /// It may or may not have happened.
    Unknown,
}

impl Status {
    /// All of them, for help and completion.
    pub const ALL: [Status; 6] = [
        Status::Ok,
        Status::Failed,
        Status::Denied,
        Status::Planned,
        Status::Interrupted,
        Status::Unknown,
    ];

    /// The word in the leaf.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Failed => "failed",
            Status::Denied => "denied",
            Status::Planned => "planned",
            Status::Interrupted => "interrupted",
            Status::Unknown => "unknown",
        }
    }
}

/// When the call ran, and how long by a clock that does not jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    pub started: UnixMillis,
    pub ended: UnixMillis,
    pub wall_ms: u64,
}

/// What the sandbox used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    pub fuel: u64,
    pub memory_peak_bytes: u64,
    pub host_calls: u64,
    pub host_bytes: u64,
    pub output_bytes: u64,
}

/// What went over one endpoint: messages sent by their effect, and bytes both ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// The endpoint's name in the manifest.
    pub endpoint: Word,
    #[serde(default)]
    pub session: u64,
    #[serde(default)]
    pub read: u64,
    #[serde(default)]
    pub write: u64,
    #[serde(default)]
    pub dangerous: u64,
    #[serde(default)]
    pub bytes_out: u64,
    #[serde(default)]
    pub bytes_in: u64,
}

/// A secret that was put into a message to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretUse {
    /// The secret's name in the manifest.
    pub secret: Word,
    pub endpoint: Word,
}

/// Whose log this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Birth {
    /// Ed25519, 64 hexadecimal digits.
    pub public_key: String,
}

impl Leaf {
    /// An entry of this kind with nothing else said yet. Position and link come with appending.
    pub(crate) fn new(kind: Kind, at: UnixMillis) -> Self {
        Self {
            v: LEAF_VERSION,
            seq: 0,
            prev: Hash32::ZERO,
            at,
            kind,
            operation: None,
            trace: None,
            provider: None,
            instance: None,
            command: None,
            effect: None,
            actor: None,
            category: None,
            swarm: None,
            agent: None,
            mode: None,
            plugin: None,
            decision: None,
            commitments: BTreeMap::new(),
            outcome: None,
            reserved_micros: None,
            cost_micros: None,
            overrun_micros: None,
            currency: None,
            timing: None,
            usage: None,
            traffic: Vec::new(),
            secrets: Vec::new(),
            log: None,
        }
    }

    /// The outcome that belongs to this intent, saying again what it is about.
    pub(crate) fn outcome_of(&self, at: UnixMillis, verdict: Verdict) -> Self {
        Self {
            kind: Kind::Outcome,
            at,
            decision: None,
            commitments: BTreeMap::new(),
            outcome: Some(verdict),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_reads_and_writes_the_same_bytes_for_ever() {
        let text = concat!(
            r#"{"v":1,"seq":2,"prev":"#,
            r#""0000000000000000000000000000000000000000000000000000000000000000","#,
            r#""at":1700000000000,"kind":"outcome","#,
            r#""operation":"0192aa00000070008000000000000001","#,
            r#""provider":"obs","instance":"studio","command":"scene switch","effect":"write","#,
            r#""actor":"ada","mode":"dry-run","commitments":{"result":"#,
            r#""1111111111111111111111111111111111111111111111111111111111111111"},"#,
            r#""outcome":{"status":"failed","code":"IF_ERR_PROVIDER","exit":1},"cost_micros":5,"#,
            r#""timing":{"started":1,"ended":3,"wall_ms":2},"traffic":[{"endpoint":"socket","#,
            r#""session":2,"read":1,"write":0,"dangerous":0,"bytes_out":10,"bytes_in":20}],"#,
            r#""secrets":[{"secret":"password","endpoint":"socket"}]}"#
        );
        let leaf: Leaf = serde_json::from_str(text).unwrap();
        assert_eq!(leaf.outcome.unwrap().status, Status::Failed);
        assert_eq!(serde_json::to_string(&leaf).unwrap(), text);
    }

    #[test]
    fn words_and_wire_agree() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for kind in [Kind::Intent, Kind::Outcome, Kind::Denied, Kind::Note] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
