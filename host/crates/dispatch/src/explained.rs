//! Why an operation was let through or refused, and what held it while it ran: from what was
//! recorded, and from nothing that is true today.

use crate::recorded::RecordedCall;
use if_core::Code;
use if_witness::{Entry, Usage};
use serde::Serialize;
use serde_json::Value;

/// Everything that the record tells of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// `allow` or `deny`; empty for a remark.
    pub verdict: String,
    pub reasons: Vec<String>,
    /// What each policy answered that was asked; none where none was, or the record was erased.
    pub policies: Vec<Value>,
    /// Limits of the call and what it used; none where it was refused, or the record was erased.
    pub limits: Vec<Bound>,
    /// The code with which it ended.
    pub code: Option<Code>,
}

/// A limit, and how much of it was used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bound {
    pub limit: &'static str,
    pub most: u64,
    /// How far it came, where the record counts it.
    pub reached: Option<u64>,
    /// This one ended the call.
    pub fired: bool,
}

impl Explained {
    /// Reads it out of an entry with its bodies.
    pub fn of(entry: &Entry) -> Self {
        let leaf = &entry.opened.leaf;
        let ended = &entry.closed.as_ref().unwrap_or(&entry.opened).leaf;
        let decision = leaf.decision.as_ref();
        let code = ended.outcome.and_then(|outcome| outcome.code);
        let call = entry.parts.get("call").and_then(|text| RecordedCall::parse(text));
        let wall_ms = ended.timing.map(|timing| timing.wall_ms);
        Self {
            verdict: decision.map(|it| it.verdict.clone()).unwrap_or_default(),
            reasons: decision.map(|it| it.reasons.clone()).unwrap_or_default(),
            policies: findings(entry),
            limits: call.map(|call| bounds(&call, ended.usage, wall_ms, code)).unwrap_or_default(),
            code,
        }
    }
}

fn findings(entry: &Entry) -> Vec<Value> {
    let decided = entry.parts.get("decided");
    let decided = decided.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let findings = decided.as_ref().and_then(|it| it.get("findings")).and_then(Value::as_array);
    findings.cloned().unwrap_or_default()
}

fn bounds(
    call: &RecordedCall,
    usage: Option<Usage>,
    wall_ms: Option<u64>,
    code: Option<Code>,
) -> Vec<Bound> {
    let of = |read: fn(Usage) -> u64| usage.map(read);
    let limits = &call.limits;
    let rows = [
        ("deadline ms", call.deadline_ms, wall_ms, Code::LimitDeadline),
        ("fuel", limits.fuel_max, of(|it| it.fuel), Code::LimitFuel),
        ("memory bytes", limits.memory_bytes_max, of(|it| it.memory_peak_bytes), Code::LimitMemory),
        ("output bytes", limits.output_bytes_max, of(|it| it.output_bytes), Code::LimitOutput),
        ("host calls", limits.host_calls_max, of(|it| it.host_calls), Code::LimitHostCalls),
        ("handles", limits.handles_max.into(), None, Code::LimitHandles),
        ("connections", limits.connections_max.into(), None, Code::LimitNetwork),
        ("message bytes", limits.message_bytes_max, None, Code::LimitNetwork),
    ];
    let row =
        |(limit, most, reached, ends)| Bound { limit, most, reached, fired: code == Some(ends) };
    rows.into_iter().map(row).collect()
}
