//! What is asked of the house, and what comes back.

use if_core::{Effect, Micros, Problem, Word};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One operation to perform.
#[derive(Debug)]
pub struct Request {
    pub provider: Word,
    /// Absent only for a discovery.
    pub instance: Option<Word>,
    pub action: Action,
    pub flags: Flags,
    /// The line as it was typed, for hints; the bare command when nobody typed it.
    pub line: Option<String>,
}

impl Request {
    /// A request to an instance, without flags yet.
    pub fn new(provider: Word, instance: Word, action: Action) -> Self {
        Self { provider, instance: Some(instance), action, flags: Flags::default(), line: None }
    }

    /// The same request, to be made twice.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            provider: self.provider.clone(),
            instance: self.instance.clone(),
            action: self.action.clone(),
            flags: self.flags.clone(),
            line: self.line.clone(),
        }
    }

    /// A request to the provider as such.
    pub fn for_provider(provider: Word, action: Action) -> Self {
        Self { provider, instance: None, action, flags: Flags::default(), line: None }
    }
}

/// What the component is asked to do.
#[derive(Debug, Clone)]
pub enum Action {
    Check,
    Discover {
        /// Looks only there, of the own networks; everywhere when empty.
        networks: Vec<String>,
    },
    Command {
        /// `scene switch`
        path: String,
        arguments: Map<String, Value>,
        /// File parameters: name → path.
        files: BTreeMap<String, PathBuf>,
    },
}

impl Action {
    /// The words under which the operation stands in the log.
    pub fn name(&self) -> &str {
        match self {
            Action::Check => "test",
            Action::Discover { .. } => "discover",
            Action::Command { path, .. } => path,
        }
    }
}

/// The global flags that concern one operation.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub why: Option<String>,
    /// The caller's trace id; a new one when absent.
    pub trace: Option<String>,
    pub dry_run: bool,
    pub timeout_ms: Option<u64>,
    /// What holds where `timeout_ms` says nothing, before the home's own default. Unlike
    /// `timeout_ms` it stops no stream.
    pub timeout_default_ms: Option<u64>,
    pub idempotency_key: Option<String>,
    pub max_cost: Option<Micros>,
    pub yes: bool,
    /// What the caller says of itself, for policies: nobody has checked it.
    pub claims: Map<String, Value>,
    /// Who asked, where it is not who runs it: an approved command.
    pub by: Option<AskedBy>,
}

/// Who asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedBy {
    pub actor: String,
    pub swarm: Option<Word>,
    pub agent: Option<Word>,
}

/// An operation that reached the log.
#[derive(Debug)]
pub struct Performed {
    pub operation: String,
    pub trace: String,
    pub result: Result<Value, Problem>,
    /// What a dry run would have sent.
    pub plan: Vec<Planned>,
    pub warnings: Vec<String>,
    /// The plugin's own stdout and stderr, capped.
    pub log: String,
    pub wall_ms: u64,
}

/// One message a dry run did not send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub endpoint: String,
    pub effect: Effect,
    pub summary: String,
}
