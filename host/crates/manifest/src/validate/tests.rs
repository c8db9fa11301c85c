//! One full manifest that passes, and a row for each way to spoil it, in `tests/data/refused.txt`.

use crate::{ManifestError, parse_manifest};
use serde_json::{Value, json};

pub(crate) const EXAMPLE: &str = include_str!("../../tests/data/example.json");

/// One row per way to spoil it; the file says how to read it.
const REFUSED: &str = include_str!("../../tests/data/refused.txt");

fn example() -> Value {
    serde_json::from_str(EXAMPLE).unwrap()
}

/// The example with another value at `pointer`; null removes an object's member, and a pointer
/// ending in `/-` appends to a list.
fn spoiled(pointer: &str, value: &Value) -> Value {
    let mut document = example();
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/");
    match document.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
        Value::Array(items) if last == "-" => items.push(value.clone()),
        Value::Array(items) => items[last.parse::<usize>().unwrap()] = value.clone(),
        Value::Object(members) if value.is_null() => {
            members.shift_remove(&last).unwrap_or_else(|| panic!("no {pointer}"));
        }
        Value::Object(members) => {
            members.insert(last, value.clone());
        }
        other => panic!("{parent} is {other}"),
    }
    document
}

fn check(pointer: &str, value: &Value, expect: &str) {
    let bytes = spoiled(pointer, value).to_string();
    let error = parse_manifest(bytes.as_bytes()).map(|_| ()).expect_err(pointer).to_string();
    assert!(error.contains(expect), "{pointer} = {value}\n  {error}\n  expected: {expect}");
}

#[test]
fn the_example_passes_and_survives_a_round_trip() {
    let manifest = parse_manifest(EXAMPLE.as_bytes()).unwrap();
    let text = serde_json::to_string_pretty(&manifest).unwrap();
    assert_eq!(parse_manifest(text.as_bytes()).unwrap(), manifest);
}

#[test]
fn each_way_to_spoil_it_is_refused_with_its_place() {
    let mut rows = 0;
    for line in REFUSED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut parts = line.splitn(3, " | ");
        let mut part = || parts.next().unwrap_or_else(|| panic!("not a row: {line}"));
        let (pointer, value, expect) = (part(), part(), part());
        check(pointer, &serde_json::from_str(value).unwrap(), expect);
        rows += 1;
    }
    assert!(rows > 150, "the file was read");
}

#[test]
fn more_than_anybody_needs_is_refused() {
    let command = |n| json!({"path": format!("c{n}"), "summary": "s", "effect": "read"});
    let endpoint = |n: u8| {
        let port = format!("{}", n + 1);
        json!({"name": format!("e{n}"), "protocols": ["tcp"], "host": "a", "port": port})
    };
    let file = |n| json!({"name": format!("data/{n}"), "digest": {"sha256": "ab".repeat(32)}});
    let rules = vec![json!({"effect": "read"}); 201];
    let mut files = vec![example()["subject"][0].clone()];
    files.extend((0..128).map(file));
    let step = "/predicate/secrets/0/recipes/0/step";
    let deep = (0..21).fold(json!({"secret": "password"}), |of, _| json!({"hex": of}));
    let wide = vec![json!({"secret": "password"}); 128];
    for (pointer, value, expect) in [
        ("/subject", json!(files), "subject: has more than 128"),
        ("/predicate/commands", (0..501).map(command).collect(), "has more than 500"),
        ("/predicate/endpoints", (0..33).map(endpoint).collect(), "endpoints: has more than 32"),
        ("/predicate/endpoints/0/rules", json!(rules), "has more than 200"),
        (step, deep, "is deeper than 20"),
        (step, json!({"concat": wide}), "has over 128 nodes"),
    ] {
        check(pointer, &value, expect);
    }
    let padded = format!("{EXAMPLE}{}", " ".repeat(crate::MANIFEST_BYTES_MAX));
    assert!(parse_manifest(padded.as_bytes()).unwrap_err().to_string().contains("more than"));
}

#[test]
fn a_doubled_field_is_refused() {
    let twice = EXAMPLE.replacen("\"release\": 7,", "\"release\": 7, \"release\": 8,", 1);
    let error = parse_manifest(twice.as_bytes()).unwrap_err();
    assert!(matches!(error, ManifestError::Strict(_)));
    assert!(error.to_string().contains("stands twice"), "{error}");
}

#[test]
fn a_policy_has_nobody_to_talk_to() {
    let mut policy = spoiled("/predicate/kind", &json!("policy"));
    policy["predicate"]["world"] = json!(crate::model::WORLD_POLICY);
    let refused =
        |policy: &Value| parse_manifest(policy.to_string().as_bytes()).unwrap_err().to_string();
    let error = refused(&policy);
    assert!(error.contains("predicate.rules: a policy has them"), "{error}");
    policy["predicate"]["rules"] = json!({"reasons": {"late": "it is late"}, "needs": ["recent"]});
    let error = refused(&policy);
    assert!(error.contains("predicate.kind: a policy has no"), "{error}");
    for part in ["imports", "endpoints", "secrets", "captures", "commands", "scopes"] {
        policy["predicate"][part] = json!([]);
    }
    for part in ["settings", "prices"] {
        policy["predicate"].as_object_mut().unwrap().shift_remove(part).unwrap();
    }
    parse_manifest(policy.to_string().as_bytes()).unwrap();
    policy["predicate"]["rules"]["needs"] = json!(["recent", "budgets", "recent"]);
    assert!(refused(&policy).contains("predicate.rules.needs: names one twice"));
    policy["predicate"]["rules"]["needs"] = json!(["secrets"]);
    assert!(refused(&policy).contains("unknown variant"));
    let provider = spoiled("/predicate/rules", &json!({"reasons": {}}));
    assert!(refused(&provider).contains("predicate.rules: a policy has them"));
}

#[test]
fn what_only_looks_wrong_passes() {
    let parameter =
        json!({"name": "x", "summary": "s", "kind": "bool", "required": true, "positional": true});
    for (pointer, value) in [
        // A word that only begins like another is another word.
        ("/predicate/commands/-", json!({"path": "watchdog", "summary": "s", "effect": "read"})),
        ("/predicate/commands/0/parameters/-", parameter),
        ("/predicate/limits/connections_max", json!(0)),
        ("/predicate/endpoints/1/rules/0/path", json!("/")),
        ("/predicate/endpoints/1/rules/0/path", json!("/**")),
        ("/predicate/endpoints/2/host", json!("xn--bcher-kva.example")),
    ] {
        let document = spoiled(pointer, &value).to_string();
        assert!(parse_manifest(document.as_bytes()).is_ok(), "{pointer} = {value}");
    }
}
