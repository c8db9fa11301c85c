//! A call as it is recorded beside its transcript: all that the guest was told, how far it might
//! go, and how it ended. Together they are what a replay needs.
//!
//! A wire type: it lies in the erasable body `call` of an outcome, and a released version never
//! changes. There is no secret in it: a guest never learns one.

use if_core::{Code, Explain as _, Mode, UnixMillis};
use if_manifest::model::Limits;
use if_runtime::{Action, Call, CallError, Facts, Stream};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this wire type.
const VERSION: u32 = 1;

/// Under which name the evidence says how many messages a transcript has lost.
pub(crate) const DROPPED: &str = "transcript-dropped";

/// What is recorded of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedCall {
    v: u32,
    pub export: Export,
    pub instance: String,
    /// JSON texts stay texts: the guest gets them byte by byte.
    pub settings: String,
    pub actor: String,
    pub trace: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    pub mode: Mode,
    pub secrets_available: Vec<String>,
    pub limits: Limits,
    pub start: UnixMillis,
    /// 64 hexadecimal digits.
    pub seed: String,
    pub deadline_ms: u64,
    /// For a stream: how long it was asked to run, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<RecordedStream>,
    pub end: End,
    pub said: Said,
    /// What the tokens in the transcript stand for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub placeholders: BTreeMap<String, String>,
}

/// Which export was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Export {
    Check,
    Discover,
    Call { command: String, arguments: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedStream {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_after_ms: Option<u64>,
}

/// How the guest's call ended, as the host saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum End {
    /// With a result, which is the body `result`.
    Result,
    Error {
        code: Code,
        message: String,
    },
    /// The process in which it ran was lost.
    Lost,
}

/// The events of a stream: how many, and a hash over them in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub events: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
}

impl Said {
    /// Adds an event.
    pub fn add(&mut self, event: &str) {
        self.events = self.events.saturating_add(1);
        let chained = format!("{}\n{event}", self.hash);
        self.hash = if_manifest::sha256(chained.as_bytes()).to_string();
    }
}

impl End {
    /// How a call ended.
    pub fn of(result: &Result<String, CallError>) -> Self {
        match result {
            Ok(_) => End::Result,
            Err(error) if error.is_of_the_process() => End::Lost,
            Err(error) => End::Error { code: error.code(), message: error.to_string() },
        }
    }

    /// What from outside ended it, at a moment that no replay can know.
    pub fn ended_from_outside(&self) -> Option<Code> {
        match self {
            End::Result => None,
            End::Lost => Some(Code::PluginMisbehaved),
            End::Error { code, .. } => Some(*code).filter(|code| {
                matches!(
                    code,
                    Code::Interrupted
                        | Code::LimitDeadline
                        | Code::BrokenPipe
                        | Code::Revoked
                        | Code::Worker
                        | Code::Bug
                )
            }),
        }
    }
}

impl RecordedCall {
    /// What is to be recorded of this call, once it has ended.
    pub fn of(call: &Call, result: &Result<String, CallError>, said: Said) -> Option<Self> {
        let export = match &call.action {
            Action::Describe
            | Action::Validate { .. }
            | Action::Prepare { .. }
            | Action::Evaluate { .. } => return None,
            Action::Check => Export::Check,
            Action::Discover => Export::Discover,
            Action::Call { command, arguments } => {
                Export::Call { command: command.clone(), arguments: arguments.clone() }
            }
        };
        let facts = call.facts.clone();
        Some(Self {
            v: VERSION,
            export,
            instance: facts.instance,
            settings: facts.settings,
            actor: facts.actor,
            trace: facts.trace_id,
            idempotency_key: facts.idempotency_key,
            mode: facts.mode,
            secrets_available: facts.secrets_available,
            limits: call.limits,
            start: call.start,
            seed: call.seed.iter().map(|byte| format!("{byte:02x}")).collect(),
            deadline_ms: call.deadline_ms,
            stream: call
                .stream
                .map(|stream| RecordedStream { stop_after_ms: stream.stop_after_ms }),
            end: End::of(result),
            said,
            placeholders: BTreeMap::new(),
        })
    }

    /// The same, with what its tokens stand for.
    pub fn with(self, placeholders: BTreeMap<String, String>) -> Self {
        Self { placeholders, ..self }
    }

    /// Reads it back; `None` for what is no such record.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|call: &Self| call.v == VERSION)
    }

    /// The same call once more.
    pub fn call(&self) -> Option<Call> {
        let action = match &self.export {
            Export::Check => Action::Check,
            Export::Discover => Action::Discover,
            Export::Call { command, arguments } => {
                Action::Call { command: command.clone(), arguments: arguments.clone() }
            }
        };
        let facts = Facts {
            instance: self.instance.clone(),
            settings: self.settings.clone(),
            actor: self.actor.clone(),
            trace_id: self.trace.clone(),
            idempotency_key: self.idempotency_key.clone(),
            mode: self.mode,
            secrets_available: self.secrets_available.clone(),
        };
        Some(Call {
            action,
            facts,
            limits: self.limits,
            start: self.start,
            seed: seed(&self.seed)?,
            deadline_ms: self.deadline_ms,
            stream: self.stream.map(|stream| Stream { stop_after_ms: stream.stop_after_ms }),
            interrupt: None,
            standing: None,
        })
    }
}

fn seed(hex: &str) -> Option<[u8; 32]> {
    let mut seed = [0u8; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (place, byte) in seed.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        let facts = Facts {
            instance: "studio".into(),
            settings: r#"{"host":"127.0.0.1"}"#.into(),
            actor: "ada".into(),
            trace_id: "t".into(),
            idempotency_key: Some("k".into()),
            mode: Mode::Live,
            secrets_available: vec!["password".into()],
        };
        let action = Action::Call { command: "scene switch".into(), arguments: "{}".into() };
        let mut seed = [7; 32];
        seed[31] = 255;
        Call {
            action,
            facts,
            limits: Limits::default(),
            start: UnixMillis(5),
            seed,
            deadline_ms: 9,
            stream: Some(Stream { stop_after_ms: Some(3) }),
            interrupt: None,
            standing: None,
        }
    }

    #[test]
    fn what_is_recorded_is_the_same_call_once_more() {
        let mut said = Said::default();
        said.add("{}");
        let recorded = RecordedCall::of(&call(), &Ok("{}".into()), said).unwrap();
        let text = serde_json::to_string(&recorded).unwrap();
        let again = RecordedCall::parse(&text).unwrap();
        assert_eq!(again, recorded);
        let (mine, theirs) = (call(), again.call().unwrap());
        assert_eq!(serde_json::to_value(mine).unwrap(), serde_json::to_value(theirs).unwrap());
        assert!(RecordedCall::parse(&text.replace("\"v\":1", "\"v\":2")).is_none());
        assert!(RecordedCall::parse(&text.replace("\"v\":1", "\"v\":1,\"w\":1")).is_none());
    }

    #[test]
    fn a_seed_is_64_digits() {
        assert_eq!(seed(&"0f".repeat(32)), Some([15; 32]));
        for wrong in ["", "0f", &"0g".repeat(32), &"0f".repeat(33), &"é".repeat(32)] {
            assert_eq!(seed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_hash_of_what_was_said_knows_order_and_borders() {
        let hash = |events: &[&str]| {
            let mut said = Said::default();
            events.iter().for_each(|event| said.add(event));
            said
        };
        assert_eq!(hash(&["a", "b"]), hash(&["a", "b"]));
        assert_ne!(hash(&["a", "b"]), hash(&["b", "a"]));
        assert_ne!(hash(&["ab"]).hash, hash(&["a", "b"]).hash);
        assert_ne!(hash(&["a", "c"]).hash, hash(&["b", "c"]).hash);
    }
}
