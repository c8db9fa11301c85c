//! A plugin's cassettes: its real component in the real sandbox, behind the real gate, with a
//! recorded conversation in place of the device. No home, no network, no secret of anybody's.
//!
//! A cassette names a command or `check`, arguments, settings, the exchanges with the device, and
//! the result, the error code or, for a stream, the events that must come out. A stream's recording
//! ends where somebody stopped it: asking for more is no fault then.

use crate::events::Events;
use crate::files::Files;
use crate::job::{Job, explain};
use crate::outcome;
use crate::plugin::{Workbench, describing};
use crate::purse::Purse;
use crate::request::{Action, Request};
use crate::wish::Seen;
use if_broker::{BrokerConfig, CallBroker, Capabilities, Cassette, InstanceRef};
use if_config::{Environment, Instance, PriceBook, check_settings};
use if_core::{
    Clock, Code, EventSink, LogLevel, Problem, Refusal, RefusalKind, SecretSource, SecretValue,
    StateStore, UnixMillis, Word,
};
use if_manifest::model::Predicate;
use if_registry::Package;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where a plugin keeps its cassettes, and its package once packed.
const CASSETTES: &str = "tests/cassettes";
const PACKAGE: &str = "package";

/// Largest cassette: a few exchanges with the largest answer a manifest allows.
const CASSETTE_BYTES_MAX: u64 = 32 << 20;

/// Most cassettes of a plugin: more is a loop in somebody's generator.
const CASSETTES_MAX: usize = 1_000;

/// The instant at which every rehearsal begins, 2023-11-14: the same for every run.
const START: UnixMillis = UnixMillis(1_700_000_000_000);

/// One cassette's verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub name: String,
    /// How it differed; `None` when it did not.
    pub difference: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    command: String,
    #[serde(default)]
    arguments: Map<String, Value>,
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    cassette: Cassette,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Expect {
    Ok(Value),
    /// An error code.
    Error(String),
    /// What a stream emits, in order, until its recording ends.
    Events(Vec<Value>),
}

/// What came out.
struct Heard {
    result: Result<Value, Problem>,
    events: Vec<Value>,
}

/// Plays every cassette of the plugin in `folder` against its package.
pub fn run(environment: &Environment, folder: &Path) -> Result<Vec<Case>, Problem> {
    let package = Package::read(&folder.join(PACKAGE))
        .map_err(|e| explain(e).hint(format!("ifctl plugin pack {}", folder.display())))?;
    let manifest = if_manifest::parse_manifest(&package.manifest).map_err(explain)?;
    let stage = Stage {
        bench: Workbench::open(environment)?,
        predicate: Arc::new(manifest.predicate),
        package: Arc::new(package),
    };
    let mut cases = Vec::new();
    for path in cassettes(&folder.join(CASSETTES))? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let difference = read(&path).and_then(|script| stage.play(&script)).unwrap_or_else(Some);
        cases.push(Case { name, difference });
    }
    Ok(cases)
}

fn cassettes(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let none = |why: String| {
        Problem::new(Code::Usage, format!("there are no cassettes in {}", folder.display()))
            .because(why)
    };
    let entries = fs_err::read_dir(folder).map_err(|e| none(e.to_string()))?;
    let mut paths: Vec<PathBuf> = entries
        .take(CASSETTES_MAX)
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    if paths.is_empty() { Err(none("no file ends in .json".to_owned())) } else { Ok(paths) }
}

fn read(path: &Path) -> Result<Script, String> {
    let bytes = if_config::read_regular(path, CASSETTE_BYTES_MAX).map_err(|e| e.to_string())?;
    serde_json::from_slice(&bytes).map_err(|e| format!("{}: {e}", path.display()))
}

/// A package on stage.
struct Stage {
    bench: Workbench,
    predicate: Arc<Predicate>,
    package: Arc<Package>,
}

impl Stage {
    /// The difference between what came out and what was expected.
    fn play(&self, script: &Script) -> Result<Option<String>, String> {
        let heard = self.perform(script).map_err(|problem| problem.to_string())?;
        Ok(match (&script.expect, heard.result) {
            (Expect::Events(expected), Ok(_)) if *expected == heard.events => None,
            (Expect::Events(expected), Ok(_)) => {
                let (expected, got) = (json!(expected), json!(heard.events));
                Some(format!("expected the events {expected}, got {got}"))
            }
            (Expect::Events(_), Err(problem)) => {
                Some(format!("expected events, got {}: {problem}", problem.code))
            }
            (Expect::Ok(expected), Ok(value)) if *expected == value => None,
            (Expect::Ok(expected), Ok(value)) => Some(format!("expected {expected}, got {value}")),
            (Expect::Ok(expected), Err(problem)) => {
                Some(format!("expected {expected}, got {}: {problem}", problem.code))
            }
            (Expect::Error(code), Err(problem)) if problem.code.as_str() == code => None,
            (Expect::Error(code), Err(problem)) => {
                Some(format!("expected {code}, got {}: {problem}", problem.code))
            }
            (Expect::Error(code), Ok(value)) => Some(format!("expected {code}, got {value}")),
        })
    }

    fn perform(&self, script: &Script) -> Result<Heard, Problem> {
        let provider = self.predicate.provider.clone();
        let name = Word::new("rehearsal").map_err(|e| Problem::new(Code::Bug, e.to_string()))?;
        let mut instance = Instance::new(provider.clone(), name.clone());
        instance.settings = script.settings.clone();
        let settings = check_settings(&instance, &self.predicate.settings).map_err(explain)?;
        let mut request = Request::new(provider, name, action(script));
        request.flags.dry_run = script.dry_run;
        let job = Job::resolve(&self.predicate, &request, None, &PriceBook::default())?;
        let audience = Arc::new(Audience::default());
        let config = self.config(&job, script, settings.clone(), audience.clone())?;
        let broker = CallBroker::fake(config, script.cassette.clone());
        let digest = if_manifest::sha256(&self.package.component);
        let prepared = self
            .bench
            .runtime
            .prepare(&digest, &mut || Ok(self.package.component.clone()))
            .map_err(explain)?;
        let mut call = describing();
        call.action = crate::run::guest_action(&request, &job);
        call.facts.instance = "rehearsal".to_owned();
        call.facts.settings = Value::Object(settings).to_string();
        call.facts.mode = job.mode;
        call.facts.secrets_available = script.secrets.clone();
        (call.limits, call.start, call.deadline_ms) = (job.limits, START, job.deadline_ms);
        call.stream = job.stream;
        let report =
            crate::run::block_on(self.bench.runtime.call(&prepared, call, broker.clone()))?;
        let end = outcome::judge(
            report.result.as_ref().map(|_| ()),
            &Seen::default(),
            job.mode,
            &job.line,
        );
        let played = broker.report();
        let events = audience.events();
        if job.stream.is_some() && played.cassette_ended {
            return Ok(Heard { result: Ok(Value::Null), events });
        }
        if end.problem.is_none() && played.cassette_left > 0 {
            let left = played.cassette_left;
            return Err(Problem::new(
                Code::Provider,
                format!("{left} recorded exchanges were never asked for"),
            ));
        }
        let result = match end.problem {
            Some(problem) => Err(problem),
            None => Ok(report
                .result
                .ok()
                .and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or_default()),
        };
        Ok(Heard { result, events })
    }

    fn config(
        &self,
        job: &Job<'_>,
        script: &Script,
        settings: Map<String, Value>,
        audience: Arc<Audience>,
    ) -> Result<BrokerConfig, Problem> {
        let package = self.package.clone();
        let data =
            Box::new(move |name: &str| Ok(package.data.get(&format!("data/{name}")).cloned()));
        Ok(BrokerConfig {
            predicate: self.predicate.clone(),
            settings,
            instance: InstanceRef {
                provider: self.predicate.provider.to_string(),
                instance: "rehearsal".to_owned(),
            },
            effect: job.effect,
            mode: job.mode,
            limits: job.limits,
            private_networks: true,
            literal_hosts: Vec::new(),
            hosts_narrow: None,
            ca_file: None,
            secrets: Arc::new(Props { secrets: script.secrets.clone() }),
            events: Arc::new(Events::new(audience)),
            meter: Arc::new(Purse::new(None, job.tariff.clone()).map_err(crate::run::problem_of)?),
            blobs: Arc::new(Files::open(&BTreeMap::new(), &[], true, data)?),
            state: Arc::new(Scratchpad::default()),
            clock: Arc::new(Still),
            grants: Capabilities::from_imports(&self.predicate.imports),
            start: START,
            deadline_ms: job.deadline_ms,
            streams: job.stream.is_some(),
        })
    }
}

fn action(script: &Script) -> Action {
    match script.command.as_str() {
        "check" => Action::Check,
        path => Action::Command {
            path: path.to_owned(),
            arguments: script.arguments.clone(),
            files: BTreeMap::new(),
        },
    }
}

/// Stage money: a value for every secret that the script says is set.
struct Props {
    secrets: Vec<String>,
}

impl SecretSource for Props {
    fn secret(&self, name: &str) -> Result<SecretValue, Problem> {
        let known = self.secrets.iter().any(|secret| name.ends_with(&format!("/{secret}")));
        match known {
            true => Ok(SecretValue::new(b"stage-money".to_vec())),
            false => Err(Problem::new(
                Code::SecretMissing,
                format!("the cassette sets no secret {name}"),
            )),
        }
    }
}

/// A clock that stands; time comes from the cassette.
struct Still;

impl Clock for Still {
    fn now(&self) -> UnixMillis {
        START
    }
}

/// Most events kept of one rehearsal: a cassette has a few exchanges, a loop in a plugin has no
/// end.
const EVENTS_MAX: usize = 100_000;

/// An audience that remembers a stream's events.
#[derive(Default)]
struct Audience(Mutex<Vec<Value>>);

impl Audience {
    fn events(&self) -> Vec<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl EventSink for Audience {
    fn emit(&self, event: &str) -> Result<(), Refusal> {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() >= EVENTS_MAX {
            let text = "the plugin emits without end";
            return Err(Refusal::fatal(RefusalKind::Limit, Code::LimitOutput, text));
        }
        events.push(serde_json::from_str(event).unwrap_or_default());
        Ok(())
    }
    fn progress(&self, _done: u64, _total: Option<u64>, _message: &str) {}
    fn log(&self, _level: LogLevel, _message: &str) {}
    fn attach(&self, _name: &str, _evidence: &str) -> Result<(), Refusal> {
        Ok(())
    }
}

/// State that ends with the rehearsal.
#[derive(Default)]
struct Scratchpad {
    values: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl StateStore for Scratchpad {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Refusal> {
        Ok(self.values.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn set(&self, key: &str, value: Option<&[u8]>) -> Result<(), Refusal> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        match value {
            Some(value) => values.insert(key.to_owned(), value.to_vec()),
            None => values.remove(key),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_what_it_expects_and_nothing_unknown() {
        let good = r#"{"command": "status", "expect": {"error": "IF_ERR_TIMEOUT"}}"#;
        assert!(matches!(serde_json::from_str::<Script>(good).unwrap().expect, Expect::Error(_)));
        let unknown = r#"{"command": "status", "expct": {"ok": 1}}"#;
        assert!(serde_json::from_str::<Script>(unknown).is_err());
    }

    #[test]
    fn a_secret_that_the_script_does_not_set_is_missing() {
        let props = Props { secrets: vec!["password".into()] };
        assert_eq!(props.secret("lamp/x/password").unwrap().expose(), b"stage-money");
        assert_eq!(props.secret("lamp/x/token").unwrap_err().code, Code::SecretMissing);
    }
}
