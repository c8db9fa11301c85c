//! A request as it is kept while it waits: everything that makes it what it is, and so everything
//! that an approval is about. A wire type: version 1.

use crate::request::{Action, AskedBy, Flags, Request};
use if_core::{Code, Digest, Micros, Problem, Word};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The version of this wire type.
const VERSION: u32 = 1;

/// Largest file that an approval can be about: it is read when it is asked for, and again when it
/// runs.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedFor {
    v: u32,
    pub provider: Word,
    pub instance: Option<Word>,
    action: AskedAction,
    why: Option<String>,
    timeout_ms: Option<u64>,
    timeout_default_ms: Option<u64>,
    idempotency_key: Option<String>,
    max_cost: Option<Micros>,
    yes: bool,
    claims: Map<String, Value>,
    pub actor: String,
    swarm: Option<Word>,
    agent: Option<Word>,
    /// Of the plugin that would run.
    manifest: Digest,
    /// File parameters → the digest of what stands in them; none for those that will be written.
    files: BTreeMap<String, Option<Digest>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum AskedAction {
    Check,
    Discover { networks: Vec<String> },
    Command { path: String, arguments: Map<String, Value>, files: BTreeMap<String, PathBuf> },
}

impl AskedFor {
    /// Takes down a request. `by`: who asks.
    pub fn of(request: &Request, by: AskedBy, manifest: Digest) -> Self {
        let action = match request.action.clone() {
            Action::Check => AskedAction::Check,
            Action::Discover { networks } => AskedAction::Discover { networks },
            Action::Command { path, arguments, files } => {
                AskedAction::Command { path, arguments, files }
            }
        };
        let files = match &action {
            AskedAction::Command { files, .. } => {
                files.iter().map(|(name, path)| (name.clone(), digest(path))).collect()
            }
            AskedAction::Check | AskedAction::Discover { .. } => BTreeMap::new(),
        };
        let flags = request.flags.clone();
        Self {
            v: VERSION,
            provider: request.provider.clone(),
            instance: request.instance.clone(),
            action,
            why: flags.why,
            timeout_ms: flags.timeout_ms,
            timeout_default_ms: flags.timeout_default_ms,
            idempotency_key: flags.idempotency_key,
            max_cost: flags.max_cost,
            yes: flags.yes,
            claims: flags.claims,
            actor: by.actor,
            swarm: by.swarm,
            agent: by.agent,
            manifest,
            files,
        }
    }

    /// The request once more, for whoever asked then.
    pub fn request(self, trace: Option<String>, line: Option<String>) -> Request {
        let action = match self.action {
            AskedAction::Check => Action::Check,
            AskedAction::Discover { networks } => Action::Discover { networks },
            AskedAction::Command { path, arguments, files } => {
                Action::Command { path, arguments, files }
            }
        };
        let by = AskedBy { actor: self.actor, swarm: self.swarm, agent: self.agent };
        let flags = Flags {
            why: self.why,
            trace,
            dry_run: false,
            timeout_ms: self.timeout_ms,
            timeout_default_ms: self.timeout_default_ms,
            idempotency_key: self.idempotency_key,
            max_cost: self.max_cost,
            yes: self.yes,
            claims: self.claims,
            by: Some(by),
        };
        Request { provider: self.provider, instance: self.instance, action, flags, line }
    }

    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The same request again, of the same plugin with the same files, has the same digest.
    pub fn digest(&self) -> Digest {
        if_manifest::sha256(self.text().as_bytes())
    }

    /// Reads what was kept.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let asked: Self = serde_json::from_str(text).map_err(|error| {
            Problem::new(Code::Store, "a held command cannot be read").because(error.to_string())
        })?;
        match asked.v {
            VERSION => Ok(asked),
            newer => Err(Problem::new(
                Code::StoreNewer,
                format!("a held command is of version {newer}, which this program does not know"),
            )),
        }
    }

    /// `obs stream stop studio`
    pub fn what(&self) -> String {
        let path = match &self.action {
            AskedAction::Check => "test",
            AskedAction::Discover { .. } => "discover",
            AskedAction::Command { path, .. } => path,
        };
        let instance = self.instance.iter().map(|it| format!(" {it}")).collect::<String>();
        format!("{} {path}{instance}", self.provider)
    }

    /// What people read before they decide.
    pub fn shown(&self) -> Value {
        let mut shown = serde_json::json!({
            "command": self.what(), "why": self.why, "claims": self.claims, "files": self.files,
            "swarm": self.swarm, "agent": self.agent, "manifest": self.manifest,
            "idempotency_key": self.idempotency_key, "max_cost": self.max_cost,
        });
        if let (AskedAction::Command { arguments, .. }, Some(shown)) =
            (&self.action, shown.as_object_mut())
        {
            shown.insert("arguments".to_owned(), Value::Object(arguments.clone()));
        }
        shown
    }
}

fn digest(path: &Path) -> Option<Digest> {
    let bytes = if_config::read_regular(path, FILE_BYTES_MAX).ok()?;
    Some(if_manifest::sha256(&bytes))
}
