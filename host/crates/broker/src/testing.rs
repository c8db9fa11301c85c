//! What the tests of several rooms share: a configuration, endpoints as JSON, ports that remember.

use crate::{BrokerConfig, Capabilities, InstanceRef};
use if_core::{
    BlobSource, Clock, Code, Effect, EventSink, LogLevel, Meter, Micros, Mode, Problem, Refusal,
    SecretSource, SecretValue, StateStore, UnixMillis,
};
use if_manifest::model::{Endpoint, Limits, Predicate};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub fn endpoint(value: Value) -> Endpoint {
    serde_json::from_value(value).unwrap()
}

/// A time that only a test moves.
pub struct StillClock(pub UnixMillis);

impl Clock for StillClock {
    fn now(&self) -> UnixMillis {
        self.0
    }
}

/// Secrets by full name; remembers which were read.
#[derive(Default)]
pub struct Secrets {
    pub values: BTreeMap<String, Vec<u8>>,
    pub read: Mutex<Vec<String>>,
}

impl SecretSource for Secrets {
    fn secret(&self, name: &str) -> Result<SecretValue, Problem> {
        self.read.lock().unwrap().push(name.to_owned());
        let value = self.values.get(name).cloned().map(SecretValue::new);
        value.ok_or_else(|| {
            Problem::new(Code::SecretMissing, format!("secret `{name}` is not set"))
                .hint("ifctl secret set test one password")
        })
    }
}

/// Every other port, remembering calls as lines.
#[derive(Default)]
pub struct Ports(pub Mutex<Vec<String>>);

impl Ports {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl EventSink for Ports {
    fn emit(&self, event: &str) -> Result<(), Refusal> {
        self.note(format!("emit {event}"));
        Ok(())
    }
    fn progress(&self, done: u64, _: Option<u64>, message: &str) {
        self.note(format!("progress {done} {message}"));
    }
    fn log(&self, _: LogLevel, message: &str) {
        self.note(format!("log {message}"));
    }
    fn attach(&self, name: &str, evidence: &str) -> Result<(), Refusal> {
        self.note(format!("attach {name} {evidence}"));
        Ok(())
    }
}

impl Meter for Ports {
    fn reserve(&self, micros: Micros, _: &str) -> Result<(), Refusal> {
        self.note(format!("reserve {}", micros.0));
        Ok(())
    }
    fn report(&self, micros: Micros, _: &str) -> Result<(), Refusal> {
        self.note(format!("report {}", micros.0));
        Ok(())
    }
}

impl BlobSource for Ports {
    fn read(&self, blob: &str, _: u64, bytes_max: u32) -> Result<(Vec<u8>, bool), Refusal> {
        self.note(format!("read {blob} {bytes_max}"));
        Ok((b"blob".to_vec(), true))
    }
    fn append(&self, blob: &str, _: &[u8]) -> Result<(), Refusal> {
        self.note(format!("append {blob}"));
        Ok(())
    }
}

impl StateStore for Ports {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Refusal> {
        self.note(format!("get {key}"));
        Ok(None)
    }
    fn set(&self, key: &str, _: Option<&[u8]>) -> Result<(), Refusal> {
        self.note(format!("set {key}"));
        Ok(())
    }
}

/// A live read command of provider `test`, instance `one`, on private networks, without endpoints.
pub fn config(edit: impl FnOnce(&mut Predicate)) -> BrokerConfig {
    config_with(Arc::default(), Arc::default(), edit)
}

/// The same over ports that the test keeps.
pub fn config_with(
    secrets: Arc<Secrets>,
    ports: Arc<Ports>,
    edit: impl FnOnce(&mut Predicate),
) -> BrokerConfig {
    let mut predicate: Predicate = serde_json::from_value(json!({
        "id": "if://capability/test.one", "provider": "test", "version": "1.0.0", "release": 1,
        "kind": "provider", "world": "infrafabric:adapter/adapter@0.1.0", "summary": "a test",
    }))
    .unwrap();
    edit(&mut predicate);
    BrokerConfig {
        predicate: Arc::new(predicate),
        settings: Map::new(),
        instance: InstanceRef { provider: "test".into(), instance: "one".into() },
        effect: Effect::Read,
        mode: Mode::Live,
        limits: Limits::default(),
        private_networks: true,
        literal_hosts: Vec::new(),
        hosts_narrow: None,
        ca_file: None,
        secrets,
        events: ports.clone(),
        meter: ports.clone(),
        blobs: ports.clone(),
        state: ports,
        clock: Arc::new(StillClock(UnixMillis(1_000))),
        grants: Capabilities::default(),
        start: UnixMillis(1_000),
        deadline_ms: 10_000,
        streams: false,
    }
}
