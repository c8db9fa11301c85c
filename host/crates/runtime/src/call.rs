//! What one call takes and what it gives back. Plain data, so that it may cross to a worker and
//! back; nothing here runs anything.

use if_core::{Code, Explain, Mode, Problem, Refusal, RefusalKind, Standing, UnixMillis};
use if_manifest::model::Limits;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One call of one export.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    pub action: Action,
    pub facts: Facts,
    pub limits: Limits,
    /// Guest time at the beginning.
    pub start: UnixMillis,
    /// All of the guest's randomness derives from it.
    pub seed: [u8; 32],
    /// Real milliseconds for everything: guest, host calls and waiting. The caller passes the
    /// smaller of `--timeout` and the manifest's. Of a stream: most milliseconds in which it gives
    /// and gets nothing, waiting for its peer aside.
    pub deadline_ms: u64,
    /// Set for a command that emits events until it is stopped.
    pub stream: Option<Stream>,
    /// Ctrl-C: the call ends when this becomes true. Stays with the caller.
    #[serde(skip)]
    pub interrupt: Option<tokio::sync::watch::Receiver<bool>>,
    /// Asked while the call runs; once it has lost it, the call ends. None for what nobody can
    /// revoke: an author's own trial. Stays with the caller.
    #[serde(skip)]
    pub standing: Option<Arc<dyn Standing>>,
}

/// A stream's own terms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Ends the stream after so long, as asked: `CallError::Stopped`.
    pub stop_after_ms: Option<u64>,
}

/// Which export, with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Settings and commands. Runs with clock 0, a fixed seed, empty facts and no broker, so that
    /// the same component says the same every time.
    Describe,
    Check,
    Discover,
    /// `command` is a path (`scene switch`), `arguments` a JSON object already validated.
    Call {
        command: String,
        arguments: String,
    },
    /// A policy's, as are the two below. All of them run as `Describe` does, but for a seed that
    /// derives from what they are given. The result is a JSON list of issues.
    Validate {
        settings: String,
        catalog: String,
    },
    /// The result is [`crate::Made`] as JSON.
    Prepare {
        settings: String,
    },
    /// `prepared` is what `Prepare` made, in base64.
    Evaluate {
        prepared: String,
        facts: String,
    },
}

impl Action {
    /// Whether it is a pure function of what it is given: without facts, time, chance and broker.
    pub(crate) fn is_pure(&self) -> bool {
        !matches!(self, Self::Check | Self::Discover | Self::Call { .. })
    }

    /// What a pure function's chance derives from.
    pub(crate) fn seed(&self) -> [u8; 32] {
        let given: [&str; 3] = match self {
            Self::Describe | Self::Check | Self::Discover | Self::Call { .. } => return [0; 32],
            Self::Validate { settings, catalog } => ["validate", settings, catalog],
            Self::Prepare { settings } => ["prepare", settings, ""],
            Self::Evaluate { prepared, facts } => ["evaluate", prepared, facts],
        };
        let mut hasher = blake3::Hasher::new();
        for part in given {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}

/// What the guest learns about its call, through `instance.get` and `secrets.available`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Empty while an instance is being added.
    pub instance: String,
    /// A JSON object, validated against the manifest.
    pub settings: String,
    pub actor: String,
    pub trace_id: String,
    pub idempotency_key: Option<String>,
    pub mode: Mode,
    /// Names of the instance's secrets that have a value.
    pub secrets_available: Vec<String>,
}

impl Facts {
    /// What a pure function learns: nothing.
    pub fn none() -> Self {
        Self {
            instance: String::new(),
            settings: "{}".to_owned(),
            actor: String::new(),
            trace_id: String::new(),
            idempotency_key: None,
            mode: Mode::DryRun,
            secrets_available: Vec::new(),
        }
    }
}

/// How a call ended, and what it used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// JSON text, already validated.
    pub result: Result<String, CallError>,
    pub usage: Usage,
}

impl Report {
    /// An end without a use: nothing ran, or nobody is left to tell.
    pub(crate) fn of(error: CallError) -> Self {
        Self { result: Err(error), usage: Usage::default() }
    }

    /// The house's own fault.
    pub(crate) fn of_bug(message: impl Into<String>) -> Self {
        let refusal = Refusal::fatal(RefusalKind::Invalid, Code::Bug, message);
        Self::of(CallError::Refused(refusal))
    }
}

/// What a call used, whatever its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Wasm instructions, roughly.
    pub fuel: u64,
    /// Largest sum over all linear memories.
    pub memory_peak_bytes: u64,
    pub host_calls: u64,
    /// Payload bytes in both directions between guest and broker.
    pub host_bytes: u64,
    /// Result, events and evidence.
    pub output_bytes: u64,
    /// Captured stdout and stderr in the order written, capped, lossy UTF-8, not yet cleaned of
    /// control characters.
    pub log: String,
}

/// How a command failed in the plugin's own words: the `failure` of the WIT. Texts are capped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GuestFailure {
    /// The provider answered and refused.
    Refused {
        code: String,
        message: String,
        hint: Option<String>,
    },
    /// The provider did not accept the credentials.
    Auth(String),
    /// The answer does not follow the protocol.
    Protocol(String),
    /// `sent`: a write had left before, so the outcome is unknown.
    Unreachable {
        message: String,
        sent: bool,
    },
    Timeout {
        message: String,
        sent: bool,
    },
    /// The arguments make no sense to this provider.
    Usage(String),
    /// Dry run: the first write was recorded. The caller prints the plan.
    Planned,
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CallError {
    #[error("{}", .0.message())]
    Failure(GuestFailure),
    /// The broker refused: fatally, or the plugin gave up because of it.
    #[error("{}", .0.message)]
    Refused(Refusal),
    #[error("{message}")]
    Limit { code: Code, message: String },
    #[error("{message}")]
    Panicked { message: String },
    #[error("{message}")]
    Misbehaved { message: String },
    #[error("interrupted")]
    Interrupted,
    /// A stream ran for as long as it was asked to.
    #[error("stopped after the time that was asked for")]
    Stopped,
}

/// How the words begin that tell of the guest's process and not of the guest.
pub(crate) const PROCESS: &str = "the plugin broke the interface: its process ";

impl CallError {
    /// Whether the guest's process was lost, or spoke nonsense: nothing of that is the guest's own
    /// doing that it would do again.
    pub fn is_of_the_process(&self) -> bool {
        matches!(self, Self::Misbehaved { message } if message.starts_with(PROCESS))
    }
}

impl GuestFailure {
    /// The plugin's words; never empty.
    pub fn message(&self) -> String {
        let text = match self {
            Self::Refused { code, message, .. } if code.is_empty() => message.clone(),
            Self::Refused { code, message, .. } => format!("{code}: {message}"),
            Self::Auth(text) | Self::Protocol(text) | Self::Usage(text) => text.clone(),
            Self::Unreachable { message, .. } | Self::Timeout { message, .. } => message.clone(),
            Self::Planned => "the first write was recorded, not sent".to_owned(),
        };
        if text.is_empty() { self.code().meaning().to_owned() } else { text }
    }

    fn code(&self) -> Code {
        match self {
            Self::Refused { .. } => Code::Provider,
            Self::Auth(_) => Code::ProviderAuth,
            Self::Protocol(_) => Code::ProviderProtocol,
            Self::Unreachable { sent: true, .. } | Self::Timeout { sent: true, .. } => {
                Code::OutcomeUnknown
            }
            Self::Unreachable { .. } => Code::Unreachable,
            Self::Timeout { .. } => Code::Timeout,
            Self::Usage(_) => Code::Usage,
            // A plan outside a dry run: the caller handles it before anyone asks for a code.
            Self::Planned => Code::PluginMisbehaved,
        }
    }
}

impl Explain for CallError {
    fn code(&self) -> Code {
        match self {
            Self::Failure(failure) => failure.code(),
            Self::Refused(refusal) => refusal.code,
            Self::Limit { code, .. } => *code,
            Self::Panicked { .. } => Code::PluginPanicked,
            Self::Misbehaved { .. } => Code::PluginMisbehaved,
            // Not an error to anybody but a caller that cannot tell streams from calls.
            Self::Interrupted | Self::Stopped => Code::Interrupted,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Failure(GuestFailure::Refused { hint, .. }) => hint.iter().cloned().collect(),
            Self::Refused(refusal) => refusal.hints.clone(),
            _ => Vec::new(),
        }
    }

    fn problem(&self) -> Problem {
        let problem = Problem::new(self.code(), self.to_string());
        self.hints().into_iter().fold(problem, Problem::hint)
    }
}
