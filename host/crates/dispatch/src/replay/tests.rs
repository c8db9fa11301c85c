//! What counts as the same, and what is not replayed at all.

use super::*;
use crate::recorded::Said;
use if_core::{Mode, UnixMillis};
use if_runtime::{Action, Facts, Limits, Usage};
use if_witness::{Hash32, Recorded};
use player::Parting;
use serde_json::json;
use std::collections::BTreeMap;

type Result_ = std::result::Result<String, CallError>;

fn recorded(result: &Result_, said: Said) -> RecordedCall {
    let facts = Facts {
        instance: "here".into(),
        settings: "{}".into(),
        actor: "ada".into(),
        trace_id: "t".into(),
        idempotency_key: None,
        mode: Mode::Live,
        secrets_available: Vec::new(),
    };
    let call = Call {
        action: Action::Check,
        facts,
        limits: Limits::default(),
        start: UnixMillis(0),
        seed: [0; 32],
        deadline_ms: 1,
        stream: None,
        interrupt: None,
        standing: None,
    };
    RecordedCall::of(&call, result, said).unwrap()
}

fn seen() -> Seen {
    let said = Said::default();
    Seen { played: 2, left: Vec::new(), parting: None, beyond: None, said }
}

fn limit(code: Code) -> Result_ {
    Err(CallError::Limit { code, message: "too much".into() })
}

fn compared(then: &Result_, now: Result_, seen: &Seen) -> Comparison {
    let report = Report { result: now, usage: Usage::default() };
    let result = then.as_ref().ok().map(String::as_str);
    compare(&recorded(then, Said::default()), result, &report, seen)
}

fn differs(comparison: &Comparison, then: &str, now: &str) {
    let Comparison::Diverged { recorded, replayed } = comparison else { panic!("{comparison:?}") };
    assert!(recorded.contains(then) && replayed.contains(now), "{comparison:?}");
}

#[test]
fn the_same_messages_and_the_same_end_are_identical() {
    let ok: Result_ = Ok("{}".into());
    assert_eq!(compared(&ok, ok.clone(), &seen()), Comparison::Identical);
    let fuel = limit(Code::LimitFuel);
    assert_eq!(compared(&fuel, fuel.clone(), &seen()), Comparison::Identical);
}

#[test]
fn each_difference_is_named() {
    let ok: Result_ = Ok("{}".into());
    differs(&compared(&ok, Ok("[]".into()), &seen()), "result {}", "result []");
    differs(&compared(&ok, limit(Code::LimitFuel), &seen()), "a result", "IF_ERR_LIMIT_FUEL");
    differs(&compared(&limit(Code::LimitFuel), ok.clone(), &seen()), "FUEL", "a result");
    let other = limit(Code::LimitMemory);
    differs(&compared(&limit(Code::LimitFuel), other, &seen()), "FUEL", "MEMORY");
    let left = Seen { left: vec!["the next wish".into()], ..seen() };
    differs(&compared(&ok, ok.clone(), &left), "message 3: the next wish", "the end: a result");
    let parting = Parting { after: 1, recorded: "this".into(), replayed: "that".into() };
    let parted = Seen { parting: Some(parting), ..seen() };
    differs(&compared(&ok, ok.clone(), &parted), "message 2: this", "message 2: that");
    let mut said = seen();
    said.said.add("{}");
    differs(&compared(&ok, ok.clone(), &said), "0 events", "1 events sha256:");
}

#[test]
fn a_wish_without_an_answer_is_a_difference_only_where_the_guest_waited_for_it() {
    let fuel = limit(Code::LimitFuel);
    let beyond = Seen { beyond: Some("one more".into()), ..seen() };
    assert_eq!(compared(&fuel, fuel.clone(), &beyond), Comparison::Identical);
    let waited = Err(CallError::Interrupted);
    differs(&compared(&fuel, waited, &beyond), "the end: IF_ERR_LIMIT_FUEL", "message 3: one more");
}

#[test]
fn what_was_ended_from_outside_is_the_same_until_then() {
    let beyond = Seen { beyond: Some("one more".into()), ..seen() };
    let lost = "the plugin broke the interface: its process ended (signal: 9 (SIGKILL))";
    let lost: Result_ = Err(CallError::Misbehaved { message: lost.into() });
    for (then, code) in [
        (Err(CallError::Interrupted), Code::Interrupted),
        (Err(CallError::Stopped), Code::Interrupted),
        (limit(Code::LimitDeadline), Code::LimitDeadline),
        (lost, Code::PluginMisbehaved),
    ] {
        for now in [Err(CallError::Interrupted), Ok("{}".into())] {
            let comparison = compared(&then, now, &beyond);
            assert_eq!(comparison, Comparison::IdenticalUntil { code }, "{then:?}");
        }
        let left = Seen { left: vec!["the next wish".into()], ..seen() };
        differs(&compared(&then, Ok("{}".into()), &left), "the next wish", "a result");
    }
    let nonsense: Result_ = Err(CallError::Misbehaved { message: "its process is odd".into() });
    let own = compared(&nonsense, Ok("{}".into()), &seen());
    differs(&own, "IF_ERR_PLUGIN_MISBEHAVED", "a result");
}

/// An operation that ended well, with these bodies.
fn entry(parts: &[(&str, String)]) -> Entry {
    let plugin = json!({
        "id": "if://capability/x.y", "version": "1.0.0", "release": 1,
        "manifest": format!("sha256:{}", "0".repeat(64)),
        "component": format!("sha256:{}", "1".repeat(64)),
    });
    let leaf = |kind: &str| -> Recorded {
        let leaf = json!({
            "v": 1, "seq": 1, "prev": "0".repeat(64), "at": 1, "kind": kind,
            "operation": "0192aa00000070008000000000000001", "provider": "x", "plugin": plugin,
            "commitments": {"transcript": "2".repeat(64)},
        });
        Recorded { hash: Hash32::ZERO, leaf: serde_json::from_value(leaf).unwrap() }
    };
    let parts = parts.iter().map(|(name, text)| ((*name).to_owned(), text.clone()));
    let parts: BTreeMap<_, _> = parts.collect();
    Entry { opened: leaf("intent"), closed: Some(leaf("outcome")), parts }
}

#[test]
fn what_lacks_a_part_of_its_record_is_not_replayed_and_says_which() {
    let call = serde_json::to_string(&recorded(&Ok("{}".into()), Said::default())).unwrap();
    let whole = [
        ("call", call.clone()),
        ("transcript", "[]".to_owned() + " "),
        ("result", "{}".to_owned()),
    ];
    assert!(Recording::of(&entry(&whole)).is_ok());
    let without = |name: &str| -> Vec<(&str, String)> {
        whole.iter().filter(|(part, _)| *part != name).cloned().collect()
    };
    let why = |parts: &[(&str, String)]| Recording::of(&entry(parts)).err().unwrap();
    assert!(why(&without("call")).starts_with("the call was not recorded"));
    assert!(why(&without("transcript")).starts_with("the transcript was not recorded"));
    assert!(why(&without("result")).starts_with("the result was not recorded"));
    let evidence = json!({"name": "transcript-dropped", "evidence": "7"}).to_string();
    let cut = [&whole[..], &[("evidence-0", evidence)]].concat();
    assert_eq!(why(&cut), "the transcript has lost its 7 oldest messages");
    let newer = call.replace("\"v\":1", "\"v\":2");
    let newer = [&without("call")[..], &[("call", newer)]].concat();
    assert_eq!(why(&newer), "its record is of another version");
}
