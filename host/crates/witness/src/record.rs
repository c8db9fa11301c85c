//! What callers hand in. Internal types: the wire type is `leaf`.
//!
//! Free text goes to a body; what goes to the leaf is cut to its bound, never refused.

use crate::bounds::{
    EVIDENCE_MAX, FIELD_BYTES_MAX, LIST_MAX, REASON_BYTES_MAX, REASONS_MAX, TEXT_BYTES_MAX, cut,
};
use crate::commitment::Part;
use crate::leaf::{
    Decision, Kind, Leaf, Plugin, SecretUse, Status, Timing, Traffic, Usage, Verdict,
};
use crate::{WitnessError, bounds};
use if_core::{Code, Effect, Exit, Micros, Mode, Money, OperationId, UnixMillis, Word};
use serde_json::json;

/// What is about to happen, or was refused.
#[derive(Debug, Clone)]
pub struct Intent {
    /// New: an operation id occurs once in a log.
    pub operation: OperationId,
    pub trace: Option<String>,
    pub provider: Word,
    pub instance: Option<Word>,
    /// The command's path: `scene switch`.
    pub command: String,
    pub effect: Effect,
    /// Who asked.
    pub actor: String,
    pub mode: Mode,
    /// `None` when no plugin is involved, or none was found.
    pub plugin: Option<Plugin>,
    pub decision: Decision,
    pub charge: Charge,
    /// The arguments as JSON. Goes to the body.
    pub params: Vec<u8>,
    /// `--why`. Goes to the body.
    pub why: Option<String>,
    /// What policies were told and what they answered, as JSON. Goes to the body.
    pub decided: Option<Vec<u8>>,
}

/// Whose money an operation spends, and what of it was set aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Charge {
    pub category: Option<Word>,
    pub swarm: Option<Word>,
    pub agent: Option<Word>,
    /// Before it ran; a price, or what its plugin asked for, may add to it.
    pub reserved: Option<Money>,
}

/// How it ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub status: Status,
    pub code: Option<Code>,
    pub exit: Exit,
    pub timing: Timing,
    pub cost: Micros,
    /// By how much that is above what was allowed.
    pub overrun: Option<Micros>,
    pub currency: Option<String>,
    pub usage: Option<Usage>,
    pub traffic: Vec<Traffic>,
    pub secrets: Vec<SecretUse>,
    /// What the plugin attached. Goes to the body.
    pub evidence: Vec<Evidence>,
    /// The result as JSON. Goes to the body.
    pub result: Option<Vec<u8>>,
    /// What the guest was told, and how its call ended, as JSON. Goes to the body.
    pub call: Option<Vec<u8>>,
    /// Ordered broker messages as JSON. Goes to the body.
    pub transcript: Option<Vec<u8>>,
    /// What a dry run would have sent, as JSON. Goes to the body.
    pub plan: Option<Vec<u8>>,
    /// Where secrets came from, as JSON: the host's word. Goes to the body.
    pub sources: Option<Vec<u8>>,
    /// The error in words. Goes to the body.
    pub error: Option<String>,
    /// Captured output and log lines of the plugin. Goes to the body.
    pub log: Option<String>,
}

/// A JSON value under a name, as a plugin attached it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub name: String,
    /// JSON text.
    pub evidence: String,
}

impl Outcome {
    /// An end with nothing else to tell.
    pub fn new(status: Status, exit: Exit, timing: Timing) -> Self {
        Self {
            status,
            code: None,
            exit,
            timing,
            cost: Micros(0),
            overrun: None,
            currency: None,
            usage: None,
            traffic: Vec::new(),
            secrets: Vec::new(),
            evidence: Vec::new(),
            result: None,
            call: None,
            transcript: None,
            plan: None,
            sources: None,
            error: None,
            log: None,
        }
    }

    /// The leaf and the bodies that record this end of `intent`.
    pub(crate) fn record(
        self,
        intent: &Leaf,
        at: UnixMillis,
    ) -> Result<(Leaf, Vec<Part>), WitnessError> {
        let verdict = Verdict { status: self.status, code: self.code, exit: self.exit as u8 };
        let leaf = Leaf {
            cost_micros: Some(self.cost),
            overrun_micros: self.overrun,
            currency: self.currency.map(field),
            timing: Some(self.timing),
            usage: self.usage,
            traffic: first(self.traffic, LIST_MAX),
            secrets: first(self.secrets, LIST_MAX),
            ..intent.outcome_of(at, verdict)
        };
        let mut parts = Vec::new();
        let texts = [("error", self.error.map(text)), ("log", self.log.map(String::into_bytes))];
        let values = [
            ("result", self.result),
            ("call", self.call),
            ("transcript", self.transcript),
            ("plan", self.plan),
            ("sources", self.sources),
        ];
        for (name, bytes) in texts.into_iter().chain(values) {
            if let Some(bytes) = bytes {
                parts.push(Part::new(name, bytes)?);
            }
        }
        for (index, Evidence { name, evidence }) in
            first(self.evidence, EVIDENCE_MAX).into_iter().enumerate()
        {
            // The name is the plugin's word: it may be private, so it is not in the leaf.
            let value = json!({ "name": name, "evidence": evidence }).to_string();
            parts.push(Part::new(format!("evidence-{index}"), value.into_bytes())?);
        }
        Ok((leaf, parts))
    }
}

impl Intent {
    /// The leaf and the bodies that record it as `kind`.
    pub(crate) fn record(
        self,
        kind: Kind,
        at: UnixMillis,
    ) -> Result<(Leaf, Vec<Part>), WitnessError> {
        let mut parts = vec![Part::new("params", self.params)?];
        if let Some(why) = self.why {
            parts.push(Part::new("why", text(why))?);
        }
        if let Some(decided) = self.decided {
            parts.push(Part::new("decided", decided)?);
        }
        let reasons = first(self.decision.reasons, REASONS_MAX);
        let leaf = Leaf {
            operation: Some(self.operation),
            trace: self.trace.map(field),
            provider: Some(self.provider),
            instance: self.instance,
            command: Some(field(self.command)),
            effect: Some(self.effect),
            actor: Some(field(self.actor)),
            category: self.charge.category,
            swarm: self.charge.swarm,
            agent: self.charge.agent,
            reserved_micros: self.charge.reserved.as_ref().map(|money| money.micros),
            currency: self.charge.reserved.map(|money| money.currency.to_string()),
            mode: Some(self.mode),
            plugin: self.plugin.map(|plugin| Plugin { version: field(plugin.version), ..plugin }),
            decision: Some(Decision {
                verdict: field(self.decision.verdict),
                reasons: reasons.into_iter().map(|reason| cut(reason, REASON_BYTES_MAX)).collect(),
                policies: self.decision.policies,
            }),
            ..Leaf::new(kind, at)
        };
        Ok((leaf, parts))
    }
}

/// Free text for a body.
pub(crate) fn text(text: impl Into<String>) -> Vec<u8> {
    bounds::cut(text.into(), TEXT_BYTES_MAX).into_bytes()
}

fn field(text: String) -> String {
    cut(text, FIELD_BYTES_MAX)
}

fn first<T>(mut list: Vec<T>, count_max: usize) -> Vec<T> {
    list.truncate(count_max);
    list
}
