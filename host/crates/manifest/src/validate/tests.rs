//! One full manifest that passes, and one row for each way to spoil it.

mod network;

use crate::model::Manifest;
use crate::{ManifestError, parse_manifest};
use serde_json::{Value, json};

pub(crate) const EXAMPLE: &str = include_str!("../../tests/data/example.json");

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

fn check(rows: &[(&str, Value, &str)]) {
    for (pointer, value, expect) in rows {
        let bytes = spoiled(pointer, value).to_string();
        let error = parse_manifest(bytes.as_bytes()).map(|_| ()).expect_err(pointer).to_string();
        assert!(error.contains(expect), "{pointer} = {value}\n  {error}\n  expected: {expect}");
    }
}

#[test]
fn the_example_passes_and_survives_a_round_trip() {
    let manifest = parse_manifest(EXAMPLE.as_bytes()).unwrap();
    let text = serde_json::to_string_pretty(&manifest).unwrap();
    assert_eq!(parse_manifest(text.as_bytes()).unwrap(), manifest);
    let shapes: Manifest = serde_json::from_str(&text).unwrap();
    assert_eq!(shapes, manifest);
}

#[test]
fn statement_and_subjects() {
    check(&[
        ("/_type", json!("https://in-toto.io/Statement/v0.1"), "_type: must be"),
        ("/predicateType", json!("if://predicate/plugin-manifest/v9"), "predicateType: must be"),
        ("/subject", json!([]), "subject: must begin with component.wasm"),
        ("/subject/0/name", json!("data/x"), "subject: must begin with component.wasm"),
        (
            "/subject/1/name",
            json!("component.wasm"),
            "subject[1].name: `component.wasm` stands twice",
        ),
        (
            "/subject/1/name",
            json!("data/SBOM.json"),
            "subject[2].name: `data/sbom.json` stands twice",
        ),
        ("/subject/1/name", json!("data/../x"), "subject[1].name: `data/../x` must be"),
        ("/subject/1/name", json!("/etc/passwd"), "subject[1].name"),
        ("/subject/1/name", json!("data/"), "subject[1].name"),
        ("/subject/1/name", json!("data/.x"), "subject[1].name"),
        ("/subject/1/name", json!("data/a b"), "subject[1].name"),
        ("/subject/1/digest/sha256", json!("AB".repeat(32)), "subject[1].digest.sha256"),
        (
            "/subject/1/digest/sha256",
            json!(format!("sha256:{}", "ab".repeat(32))),
            "subject[1].digest.sha256",
        ),
    ]);
    let many: Vec<Value> = (0..128)
        .map(|n| json!({"name": format!("data/{n}"), "digest": {"sha256": "ab".repeat(32)}}))
        .collect();
    let mut all = vec![example()["subject"][0].clone()];
    all.extend(many);
    check(&[("/subject", json!(all), "subject: has more than 128")]);
}

#[test]
fn shapes_are_closed() {
    check(&[
        ("/colour", json!(1), "unknown field `colour`"),
        ("/predicate/colour", json!(1), "unknown field `colour`"),
        ("/predicate/endpoints/0/rules/0/colour", json!(1), "unknown field `colour`"),
        (
            "/predicate/commands/0/parameters/0/kind",
            json!({"string": {"max": 1}}),
            "unknown field `max`",
        ),
        (
            "/predicate/commands/0/view",
            json!({"text": {"pointer": "", "x": 1}}),
            "unknown field `x`",
        ),
        (
            "/predicate/commands/0/effect",
            json!({"table": "requests", "key": "scene", "x": 1}),
            "EffectSource",
        ),
        ("/predicate/commands/0/effect", json!("harmless"), "EffectSource"),
        (
            "/predicate/secrets/0/recipes/0/step",
            json!({"rot13": {"secret": "password"}}),
            "unknown variant `rot13`",
        ),
        ("/predicate/id", json!("example"), "must look like if://capability/"),
        ("/predicate/provider", json!("Mixer"), "must match [a-z0-9-]+"),
        ("/predicate/version", json!("1.2"), "unexpected end of input"),
        ("/predicate/release", json!(-1), "invalid value"),
        ("/predicate/release", json!(7.5), "invalid type"),
        ("/predicate/release", json!(9_007_199_254_740_992_u64), "2^53-1"),
    ]);
    let twice = EXAMPLE.replacen("\"release\": 7,", "\"release\": 7, \"release\": 8,", 1);
    let error = parse_manifest(twice.as_bytes()).unwrap_err();
    assert!(
        matches!(&error, ManifestError::Strict(_)) && error.to_string().contains("stands twice")
    );
    let padded = format!("{EXAMPLE}{}", " ".repeat(crate::MANIFEST_BYTES_MAX));
    assert!(parse_manifest(padded.as_bytes()).unwrap_err().to_string().contains("more than"));
}

#[test]
fn the_plugin_itself() {
    check(&[
        ("/predicate/provider", json!("witness"), "predicate.provider: `witness` is a word"),
        ("/predicate/provider", json!("sip"), "predicate.provider: `sip` is a word"),
        ("/predicate/release", json!(0), "predicate.release: must be at least 1"),
        ("/predicate/world", json!("infrafabric:adapter/adapter@9.0.0"), "predicate.world"),
        ("/predicate/kind", json!("policy"), "predicate.world"),
        ("/predicate/summary", json!(" "), "predicate.summary: must not be empty"),
        ("/predicate/summary", json!("a\nb"), "predicate.summary: must be one line"),
        ("/predicate/summary", json!("a\u{202e}b"), "predicate.summary: must be one line"),
        ("/predicate/summary", json!("x".repeat(241)), "predicate.summary: must have at most 240"),
        ("/predicate/imports/0", json!("wasi:http/outgoing-handler"), "predicate.imports[0]"),
        ("/predicate/imports/0", json!("wasi:http/outgoing-handler@0.2.9"), "predicate.imports[0]"),
        ("/predicate/imports/0", json!("wasi:http/outgoing-handler@0.2"), "predicate.imports[1]: "),
        ("/predicate/scopes/0", json!("studio"), "predicate.scopes[0]"),
        ("/predicate/scopes/0", json!("studio:*"), "predicate.scopes[0]"),
        (
            "/predicate/scopes/0",
            json!("studio:read"),
            "predicate.scopes[1]: `studio:read` stands twice",
        ),
        (
            "/predicate/limits/memory_bytes_max",
            json!(1_u64 << 40),
            "predicate.limits.memory_bytes_max: must be at most",
        ),
        (
            "/predicate/limits/deadline_ms",
            json!(600_001),
            "predicate.limits.deadline_ms: must be at most 600000",
        ),
        ("/predicate/limits/fuel_max", json!(0), "predicate.limits.fuel_max: must be at least 1"),
        ("/predicate/limits/handles_max", json!(10_001), "predicate.limits.handles_max"),
        ("/predicate/tables/requests", json!({}), "predicate.tables[\"requests\"]: is empty"),
        ("/predicate/tables/Big", json!({"a": "read"}), "predicate.tables[\"Big\"]: its name"),
        ("/predicate/tables/requests/a\u{7}", json!("read"), "keys are 1 to 128"),
        ("/predicate/prices/cut", json!(5), "predicate.prices[\"cut\"]: there is no command"),
        ("/predicate/currency", Value::Null, "predicate.currency: prices need a currency"),
        ("/predicate/currency", json!("usd"), "predicate.currency: `usd` must be"),
    ]);
    let mut policy = spoiled("/predicate/kind", &json!("policy"));
    policy["predicate"]["world"] = json!("infrafabric:adapter/policy@0.1.0");
    let error = parse_manifest(policy.to_string().as_bytes()).unwrap_err().to_string();
    assert!(error.contains("predicate.kind: a policy has no"), "{error}");
}

#[test]
fn commands() {
    let command = |path: &str| json!({"path": path, "summary": "s", "effect": "read"});
    check(&[
        (
            "/predicate/commands/-",
            command("scene"),
            "predicate.commands[1].path: `scene list` begins with the command `scene`",
        ),
        (
            "/predicate/commands/-",
            command("scene list"),
            "predicate.commands[4].path: `scene list` begins with the command `scene list`",
        ),
        (
            "/predicate/commands/-",
            command("watch all"),
            "predicate.commands[4].path: `watch all` begins",
        ),
        ("/predicate/commands/-", command("list"), "every provider has `list`"),
        ("/predicate/commands/-", command("add scene"), "every provider has `add`"),
        ("/predicate/commands/-", command(""), "must be 1 to 4 words"),
        ("/predicate/commands/-", command("a  b"), "must be 1 to 4 words"),
        ("/predicate/commands/-", command("a b c d e"), "must be 1 to 4 words"),
        ("/predicate/commands/-", command("Scene"), "must be 1 to 4 words"),
        ("/predicate/commands/-", command("-x"), "must be 1 to 4 words"),
        (
            "/predicate/commands",
            json!((0..501).map(|n| command(&format!("c{n}"))).collect::<Vec<_>>()),
            "has more than 500",
        ),
        ("/predicate/commands/0/summary", json!(""), "predicate.commands[0].summary"),
        ("/predicate/commands/0/effect", json!("session"), "`session` is for handshakes"),
        (
            "/predicate/commands/2/effect/table",
            json!("other"),
            "effect.table: there is no table `other`",
        ),
        (
            "/predicate/commands/2/effect/key",
            json!("kind"),
            "effect.key: there is no parameter `kind`",
        ),
        ("/predicate/commands/2/effect/key", json!("data"), "must be a string or an enum"),
        ("/predicate/commands/0/view/text/pointer", json!("scene"), "is not a JSON pointer"),
        ("/predicate/commands/0/view/text/pointer", json!("/a~2"), "is not a JSON pointer"),
        ("/predicate/commands/1/view/table/columns", json!([]), "must name the columns"),
        (
            "/predicate/commands/0/examples/0",
            json!("scene switch studio X"),
            "examples[0]: must be one line beginning with `mixer `",
        ),
    ]);
    // A word that only begins like another is another word.
    let apart = spoiled("/predicate/commands/-", &command("watchdog")).to_string();
    assert!(parse_manifest(apart.as_bytes()).is_ok());
}

#[test]
fn parameters_and_settings() {
    let kind = "/predicate/commands/0/parameters/1/kind";
    let one = |name: &str, more: Value| {
        let mut it = json!({"name": name, "summary": "s", "kind": "bool"});
        it.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        it
    };
    check(
        &[
            ("/predicate/commands/0/parameters/-", one("scene", json!({})), "`scene` stands twice"),
            (
                "/predicate/commands/0/parameters/-",
                one("json", json!({})),
                "`--json` is a flag of every command",
            ),
            (
                "/predicate/commands/0/parameters/-",
                one("x", json!({"required": true, "positional": true})),
                "",
            ),
            (
                "/predicate/commands/2/parameters/-",
                one("x", json!({"required": true, "positional": true})),
                "is required, but stands behind `fields`",
            ),
            (
                "/predicate/commands/2/parameters/-",
                one("x", json!({"positional": true})),
                "stands behind `fields`, which takes all",
            ),
            (
                "/predicate/commands/0/parameters/-",
                one("x", json!({"kind": "secret"})),
                "a secret is never an argument",
            ),
            (
                "/predicate/commands/0/parameters/3/default",
                json!("no"),
                "default: must be true or false",
            ),
            (
                "/predicate/commands/0/parameters/1/default",
                json!(60_001),
                "default: must be at most 60000 ms",
            ),
            (
                "/predicate/commands/0/parameters/3/required",
                json!(true),
                "a required value has no default",
            ),
            (kind, json!({"int": {"min": 2, "max": 1}}), "min 2 is above max 1"),
            (kind, json!({"decimal": {"min": 2.5, "max": 1}}), "min is above max"),
            (kind, json!({"string": {"length_max": 0}}), "kind.length_max: must be 1 to"),
            (kind, json!({"enum": {"values": []}}), "kind.values: must have 1 to"),
            (kind, json!({"enum": {"values": ["a", "a"]}}), "kind.values[1]: `a` stands twice"),
            (kind, json!({"enum": {"values": [""]}}), "kind.values[0]: must be a name"),
            (kind, json!({"duration": {"max_ms": 0}}), "kind.max_ms: must be 1 to"),
            (kind, json!({"list": {"of": {"list": {"of": "bool"}}}}), "kind.of: a list holds"),
            (kind, json!({"list": {"of": "bool", "count_max": 0}}), "kind.count_max: must be 1 to"),
            (kind, json!({"list": {"of": {"int": {"min": 2, "max": 1}}}}), "kind.of: min 2"),
            (kind, json!({"record": {"count_max": 10_001}}), "kind.count_max: must be 1 to"),
            (kind, json!({"json": {"bytes_max": 5 << 20}}), "kind.bytes_max: must be 1 to"),
            (kind, json!({"file-in": {"bytes_max": 0}}), "kind.bytes_max: must be 1 to"),
            (
                "/predicate/settings/-",
                one("hosts", json!({})),
                "`hosts` is a word of the host's own",
            ),
            ("/predicate/settings/-", one("timeout", json!({})), "`--timeout` is a flag"),
            (
                "/predicate/settings/-",
                one("x", json!({"positional": true})),
                "settings have no order",
            ),
            (
                "/predicate/settings/-",
                one("x", json!({"kind": {"file-in": {"bytes_max": 1}}})),
                "a setting cannot be a file",
            ),
            (
                "/predicate/settings/-",
                one("x", json!({"kind": "secret"})),
                "there is no secret `x`",
            ),
        ]
        .into_iter()
        .filter(|row| !row.2.is_empty())
        .collect::<Vec<_>>(),
    );
    let fine = spoiled(
        "/predicate/commands/0/parameters/-",
        &one("x", json!({"required": true, "positional": true})),
    );
    assert!(parse_manifest(fine.to_string().as_bytes()).is_ok());
}
