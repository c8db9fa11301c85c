//! A request as it is kept while it waits: everything that makes it what it is, and so everything
//! that an approval is about. A wire type: version 1.

use crate::request::{Action, AskedBy, Flags, Request};
use if_core::{Code, Digest, Micros, Problem, Word};
use if_manifest::model::{Kind, Parameter};
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
    ///
    /// # Errors
    /// A file that would be read has no digest: nobody could say later that it is the same.
    pub fn of(
        request: &Request,
        parameters: &[Parameter],
        by: AskedBy,
        manifest: Digest,
    ) -> Result<Self, Problem> {
        let action = match request.action.clone() {
            Action::Check => AskedAction::Check,
            Action::Discover { networks } => AskedAction::Discover { networks },
            Action::Command { path, arguments, files } => {
                AskedAction::Command { path, arguments, files }
            }
        };
        let files = match &action {
            AskedAction::Command { files, .. } => {
                let one = |(name, path): (&String, &PathBuf)| {
                    let kind = parameters.iter().find(|it| it.name.as_str() == name);
                    let written = kind.is_some_and(|it| matches!(it.kind, Kind::FileOut { .. }));
                    Ok((name.clone(), if written { None } else { Some(digest(path)?) }))
                };
                files.iter().map(one).collect::<Result<_, Problem>>()?
            }
            AskedAction::Check | AskedAction::Discover { .. } => BTreeMap::new(),
        };
        let flags = request.flags.clone();
        Ok(Self {
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
        })
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

fn digest(path: &Path) -> Result<Digest, Problem> {
    let bytes = if_config::read_regular(path, FILE_BYTES_MAX).map_err(|error| {
        let text = format!("{} cannot be judged: its digest is needed", path.display());
        Problem::new(Code::Usage, text).because(error.to_string())
    })?;
    Ok(if_manifest::sha256(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_same_or_it_is_another_command() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("media");
        let word = |text: &str| Word::new(text).unwrap();
        let parameter = |name: &str, kind: Kind| Parameter {
            name: word(name),
            summary: String::new(),
            kind,
            required: false,
            positional: false,
            default: None,
            complete: None,
        };
        let parameters = [
            parameter("in", Kind::FileIn { bytes_max: 9 }),
            parameter("out", Kind::FileOut { bytes_max: 9 }),
        ];
        let asked = |name: &str| {
            let files = BTreeMap::from([(name.to_owned(), path.clone())]);
            let action = Action::Command { path: "put".to_owned(), arguments: Map::new(), files };
            let by = AskedBy { actor: "you".to_owned(), swarm: None, agent: None };
            let request = Request::new(word("noop"), word("here"), action);
            AskedFor::of(&request, &parameters, by, Digest::from_bytes([1; 32]))
        };
        assert_eq!(asked("in").unwrap_err().code, Code::Usage, "one that cannot be read");
        let before = asked("out").unwrap().digest();
        fs_err::write(&path, "one").unwrap();
        assert_eq!(asked("out").unwrap().digest(), before, "what will be written may change");
        let one = asked("in").unwrap();
        assert_eq!(AskedFor::parse(&one.text()).unwrap(), one);
        fs_err::write(&path, "two").unwrap();
        assert_ne!(asked("in").unwrap().digest(), one.digest());
    }
}
