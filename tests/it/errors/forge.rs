//! A record of something that did not happen, written as only the holder of the log's key can.

use crate::lab::Lab;
use if_core::{Clock, Effect, Exit, Mode, OperationId, UnixMillis, Word};
use if_witness::{Charge, Decision, Intent, LogFiles, Outcome, Status, Timing, Witness};
use serde_json::Value;
use std::sync::Arc;

/// The operation that is made up.
pub const FORGED: &str = "0192aa00000070008000000000000001";

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_764_000_000_000)
    }
}

/// Records the newest `noop ping` of this home once more, with another result.
pub fn another_result(lab: &Lab) {
    let found = lab.run(["witness", "query", "--provider", "noop", "--json", "-n", "1"]).json();
    let operation = found["entries"][0]["opened"]["leaf"]["operation"].as_str().unwrap();
    let real = lab.run(["witness", "query", "--operation", operation, "--json"]).json();
    let home = lab.home();
    let (key, run, anchor) =
        (home.join("keys/witness.key"), home.join("run"), home.join("if.anchor"));
    let files = LogFiles { key: &key, run_dir: &run, anchor: &anchor };
    let store = if_store::Store::open(&home.join("if.db"), &[if_witness::SCHEMA]).unwrap();
    let witness = Witness::open(Arc::new(store), files, Arc::new(Stopped)).unwrap();
    let forged = witness.begin(intent(&real["opened"]["leaf"]), |_| Ok(())).unwrap();
    let timing = Timing { started: UnixMillis(0), ended: UnixMillis(0), wall_ms: 0 };
    let part = |name: &str| real["parts"][name].as_str().map(|text| text.as_bytes().to_vec());
    let outcome = Outcome {
        call: part("call"),
        transcript: part("transcript"),
        result: Some(br#"{"forged":true}"#.to_vec()),
        ..Outcome::new(Status::Ok, Exit::Ok, timing)
    };
    forged.finish(outcome).unwrap();
}

fn intent(leaf: &Value) -> Intent {
    Intent {
        operation: OperationId::new(FORGED).unwrap(),
        trace: None,
        provider: Word::new("noop").unwrap(),
        instance: Some(Word::new("here").unwrap()),
        command: "ping".to_owned(),
        effect: Effect::Read,
        actor: "you".to_owned(),
        mode: Mode::Live,
        plugin: Some(serde_json::from_value(leaf["plugin"].clone()).unwrap()),
        decision: Decision { verdict: "allow".to_owned(), reasons: Vec::new(), policies: None },
        charge: Charge::default(),
        params: b"{}".to_vec(),
        why: None,
        decided: None,
    }
}
