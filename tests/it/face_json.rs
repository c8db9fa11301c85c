//! What a program reads: the JSON of every built-in command, as snapshots. A change here breaks
//! somebody's script; `INSTA_UPDATE=always` accepts one that is meant.
//!
//! Times, digests, ids and paths differ on every machine and are masked; every name and type stays.

use crate::lab::{Lab, root};
use if_fakes::http::{Canned, HttpFake};
use if_fakes::sigstore::TestAuthority;
use serde_json::{Map, Value, json};
use std::fs;

/// Members whose value is another number each time.
const VOLATILE: &[&str] = &[
    "at",
    "at_ms",
    "expires",
    "expires_ms",
    "port",
    "tcp-port",
    "public",
    "replaced",
    "ms",
    "millis",
    "wall_ms",
    "started",
    "ended",
    "fuel",
    "reached",
    "host_bytes",
    "host_calls",
    "bytes",
    "memory_peak_bytes",
    "output_bytes",
    "leaves",
    "bodies",
    "files",
    "seq",
    "note",
    "checkpoint",
    "receipt",
    "script",
    "cosignature",
    "imports",
    "predicate",
    "commands",
];

fn snapshot(lab: &Lab, name: &str, value: Value) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(root().join("tests/golden/json"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let value = masked(value, "", &lab.path().display().to_string());
    settings.bind(|| insta::assert_json_snapshot!(name, value));
}

fn masked(value: Value, name: &str, folder: &str) -> Value {
    match value {
        Value::Array(items) if !VOLATILE.contains(&name) => {
            items.into_iter().map(|item| masked(item, "", folder)).collect()
        }
        Value::Object(members) if !VOLATILE.contains(&name) => {
            let one = |(name, value): (String, Value)| {
                let value = masked(value, &name, folder);
                (name, value)
            };
            Value::Object(members.into_iter().map(one).collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) => value,
        Value::String(text) if !VOLATILE.contains(&name) => masked_text(&text, folder).into(),
        Value::Number(number) if !VOLATILE.contains(&name) => number.into(),
        other => json!(format!("<{}>", kind(&other))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// How the name of every log begins; a key of it begins with the same words.
const ORIGIN: &str = "infrafabric/log/";

/// Words that are digests, ids or times are replaced by what they are.
fn masked_text(text: &str, folder: &str) -> String {
    let text = text.replace(folder, "<lab>").replace(&root().display().to_string(), "<root>");
    let is_hex = |word: &str| word.len() >= 12 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let is_time = |word: &str| word.starts_with("20") && word.ends_with('Z') && word.contains('T');
    let word = |word: &str| {
        let (before, core) = word.rsplit_once(':').map_or(("", word), |(a, b)| (a, b));
        match core.trim_matches([',', '(', ')', '"', '}', '{']) {
            _ if is_time(word) => "<time>".to_owned(),
            log if log.starts_with(ORIGIN) => format!("{ORIGIN}<log>"),
            hex if is_hex(hex) => word.replace(hex, "<hex>"),
            number if before.ends_with("made") || (number.len() > 11 && is_hex(number)) => {
                word.replace(number, "<number>")
            }
            base if base.len() > 40 && !base.contains(['/', ' ']) => word.replace(base, "<key>"),
            _ => word.to_owned(),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Runs each line with `--json` and keeps its result under the line's first words.
fn check(lab: &Lab, lines: &[(&str, &[&str])]) {
    for (name, words) in lines {
        let value = lab.run(words.iter().copied().chain(["--json"])).json();
        snapshot(lab, name, value);
    }
}

#[test]
fn plugins() {
    let lab = Lab::fresh();
    let source = root().join("tests/guests/noop").display().to_string();
    let package = lab.path().join("package").display().to_string();
    let mine = lab.path().join("mine").display().to_string();
    check(
        &lab,
        &[
            ("plugin-new", &["plugin", "new", "mine", "--into", &mine]),
            ("plugin-pack", &["plugin", "pack", &source, "--out", &package]),
            ("plugin-sign", &["plugin", "sign", &package]),
            ("plugin-allow", &["plugin", "allow", &package]),
            ("plugin-install", &["plugin", "install", &package]),
            ("plugin-list", &["plugin", "list"]),
            ("plugin-diff", &["plugin", "diff", "noop", "noop"]),
            ("plugin-show", &["plugin", "show", "noop"]),
            ("plugin-lock", &["plugin", "lock"]),
            ("plugin-verify", &["plugin", "verify", "noop"]),
            ("plugin-disallow", &["plugin", "disallow", "noop"]),
            ("plugin-revoke", &["plugin", "revoke", "noop", "--reason", "a test"]),
        ],
    );
    let tested = root().join("plugins/vmix");
    if tested.join("tests/cassettes").is_dir() {
        let tested = tested.display().to_string();
        lab.run(["plugin", "pack", &tested]).ok();
        let value = lab.run(["plugin", "test", &tested, "--json"]).json();
        let row = value["cases"][0].as_object().unwrap();
        assert_eq!(row.keys().collect::<Vec<_>>(), ["name", "difference"]);
    }
}

#[test]
fn operations() {
    let lab = Lab::with(&["noop"]);
    let other = Lab::fresh();
    let key = other.run(["witness", "checkpoint", "--key"]).ok().trim().to_owned();
    let origin = key.split('+').next().unwrap().to_owned();
    let file = lab.path().join("submitted").display().to_string();
    fs::write(&file, other.run(["witness", "checkpoint", "--since", "0"]).ok()).unwrap();
    let stick = lab.path().join("stick").display().to_string();
    fs::create_dir(&stick).unwrap();
    check(
        &lab,
        &[
            ("provider-add", &["noop", "add", "here"]),
            ("provider-list", &["noop", "list"]),
            ("provider-show", &["noop", "show", "here"]),
            ("provider-test", &["noop", "test", "here"]),
            ("provider-discover", &["noop", "discover"]),
            ("provider-command", &["noop", "ping", "here", "colour=blue"]),
            ("dry-run", &["noop", "ping", "here", "colour=blue", "--dry-run"]),
            ("witness-log", &["witness", "log", "-n", "1"]),
            ("witness-log-message", &["witness", "log", "--message", "a remark"]),
            ("witness-query", &["witness", "query", "--provider", "noop", "-n", "1"]),
            ("witness-verify", &["witness", "verify"]),
            ("witness-checkpoint", &["witness", "checkpoint"]),
            ("witness-export", &["witness", "export", "--provider", "obs"]),
            (
                "witness-cosign",
                &["witness", "cosign", "--origin", &origin, "--log-key", &key, &file],
            ),
            ("witness-anchor-add", &["witness", "anchor", "add", "stick", "--directory", &stick]),
            ("witness-anchor-run", &["witness", "anchor", "run"]),
            ("witness-anchor-list", &["witness", "anchor", "list"]),
            ("witness-anchor-remove", &["witness", "anchor", "remove", "stick"]),
            ("witness-anchor-reset", &["witness", "anchor", "reset", "--yes"]),
            ("doctor", &["doctor"]),
            ("provider-remove", &["noop", "remove", "here", "--yes"]),
        ],
    );
    let refused = lab.run(["noop", "ping", "her", "--json"]);
    snapshot(&lab, "error", serde_json::from_str(refused.stderr.trim()).unwrap());
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    let latest = lab.run(["witness", "query", "--provider", "noop", "--json", "-n", "1"]).json();
    let latest = latest["entries"][0]["opened"]["leaf"]["operation"].as_str().unwrap().to_owned();
    check(
        &lab,
        &[
            ("witness-prove", &["witness", "prove", &latest]),
            ("witness-replay", &["witness", "replay", &latest]),
            ("witness-explain", &["witness", "explain", &latest]),
            ("witness-trace", &["witness", "trace", &latest]),
            ("witness-chain", &["witness", "chain", "--trace-from", &latest]),
            ("witness-cost", &["witness", "cost", "--provider", "noop", "--group-by", "command"]),
            ("witness-erase", &["witness", "erase", &latest, "--yes"]),
        ],
    );
    let traced = lab.run(["noop", "ping", "here", "--trace", "--json"]);
    snapshot(&lab, "trace", serde_json::from_str(traced.stderr.trim()).unwrap());
}

#[test]
fn a_used_secret() {
    let device = HttpFake::start(|_| Canned::ok("{}")).unwrap();
    let lab = Lab::with(&["hostile"]);
    let port = device.port.to_string();
    lab.run(["hostile", "add", "target", "--host", "127.0.0.1", "--port", &port]).ok();
    lab.feed(["secret", "set", "hostile", "target", "password"], "long-enough-a-value").ok();
    lab.run(["hostile", "use-header", "target", "--reversed", "x"]).ok();
    check(&lab, &[("secret-audit", &["secret", "audit"])]);
}

#[test]
fn money() {
    let lab = Lab::with(&["meter"]);
    lab.run(["meter", "add", "here"]).ok();
    let budget =
        ["optimise", "budget", "set", "provider:meter", "0.02", "USD", "--period", "total"];
    check(&lab, &[("optimise-budget-set", &budget)]);
    lab.run(["meter", "buy", "here"]).ok();
    check(
        &lab,
        &[
            ("optimise-budget-status", &["optimise", "budget", "status"]),
            ("optimise-budget-history", &["optimise", "budget", "history"]),
            ("optimise-budget-alerts", &["optimise", "budget", "alerts"]),
            ("optimise-report", &["optimise", "report"]),
            ("optimise-forecast", &["optimise", "forecast"]),
            ("optimise-recommendations", &["optimise", "recommendations"]),
            ("optimise-prices", &["optimise", "prices", "meter"]),
            ("optimise-verify", &["optimise", "verify"]),
        ],
    );
    let remove = ["optimise", "budget", "remove", "provider:meter", "USD", "--period", "total"];
    check(&lab, &[("optimise-budget-remove", &remove)]);
}

#[test]
fn circuits() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    check(
        &lab,
        &[
            ("governor-circuit-status", &["governor", "circuit", "status"]),
            ("governor-circuit-config", &["governor", "circuit", "config"]),
            ("governor-circuit-reset", &["governor", "circuit", "reset", "instance:noop/here"]),
        ],
    );
}

#[test]
fn policies() {
    let (lab, _vmix) = crate::policies::governed(&["two-person"]);
    let bob = crate::policies::person(&lab, "bob.key");
    let set = crate::policies::written(&lab, crate::policies::TWO);
    let of = |words: &[&str]| lab.run(words).stderr;
    check(
        &lab,
        &[
            ("governor-policy-validate", &["governor", "policy", "validate", &set]),
            ("governor-policy-apply", &["governor", "policy", "apply", &set]),
            ("governor-policy-list", &["governor", "policy", "list"]),
            ("governor-policy-explain", &["governor", "policy", "explain", "two-person"]),
        ],
    );
    let register =
        ["governor", "register", "blue", "--capability", "video=0.9@0.25", "--reputation", "0.9"];
    check(
        &lab,
        &[
            ("governor-register", &register),
            ("governor-capabilities-list", &["governor", "capabilities", "list"]),
            ("governor-capabilities-match", &["governor", "capabilities", "match", "video.cut"]),
            ("governor-capabilities-swarm", &["governor", "capabilities", "swarm", "blue"]),
            ("governor-find-help", &["governor", "find-help", "--required", "video"]),
        ],
    );
    let line = "vmix cut switcher --why so";
    check(&lab, &[("governor-policy-test", &["governor", "policy", "test", "--command", line])]);
    let held = |said: String| said.rsplit(' ').next().unwrap().trim().to_owned();
    let (one, other) =
        (held(of(&["vmix", "cut", "switcher"])), held(of(&["vmix", "fade", "switcher"])));
    check(
        &lab,
        &[
            ("governor-holds-list", &["governor", "holds", "list"]),
            ("governor-holds-show", &["governor", "holds", "show", &one]),
            ("governor-holds-approve", &["governor", "holds", "approve", &one, "--key", &bob]),
            ("governor-holds-deny", &["governor", "holds", "deny", &other, "--key", &bob]),
        ],
    );
}

#[test]
fn a_tried_sandbox() {
    let lab = Lab::bare();
    let mut report = lab.run(["doctor", "sandbox", "--json"]).json();
    let rows = report["attacks"].as_array_mut().unwrap();
    rows.truncate(1);
    rows[0]["stopped_after_ms"] = json!("<number>");
    report["log"]["entries"] = json!("<number>");
    report["held"] = json!("<number>");
    report["memory_kib"] = json!({"honest": "<number>", "peak": "<number>"});
    snapshot(&lab, "doctor-sandbox", report);
}

#[test]
fn homes() {
    let lab = Lab::bare();
    check(&lab, &[("init", &["init", "--no-passphrase"])]);
    fs::remove_dir_all(lab.home().join("trust")).unwrap();
    check(&lab, &[("trust-init", &["trust", "init", "--no-passphrase"])]);
    let lab = Lab::with(&["obs"]);
    fs::write(lab.home().join("config.yaml"), "contexts:\n  live:\n    timeout_ms: 5\n").unwrap();
    let file = lab.path().join("file").display().to_string();
    let key = lab.path().join("ada.key").display().to_string();
    let authority = lab.path().join("trusted_root.json").display().to_string();
    fs::write(&authority, TestAuthority::new(10).trusted_root().to_string()).unwrap();
    let bundle = lab.path().join("bundle").display().to_string();
    lab.feed(["obs", "add", "studio", "--host", "127.0.0.1", "--port", "9"], "").ok();
    for (name, verb) in [("secret-set", "set"), ("secret-rotate", "rotate")] {
        let value = lab.feed(["secret", verb, "obs", "studio", "password", "--json"], "x\n").json();
        snapshot(&lab, name, value);
    }
    check(
        &lab,
        &[
            ("secret-list", &["secret", "list"]),
            ("secret-remove", &["secret", "remove", "obs", "studio", "password"]),
            ("context-list", &["context", "list"]),
            ("context-use", &["context", "use", "live"]),
            ("context-show", &["context", "show"]),
            ("explain", &["explain", "IF_ERR_TIMEOUT"]),
            ("lint", &["lint"]),
            ("trust-show", &["trust", "show"]),
            ("trust-rotate", &["trust", "rotate", "--no-passphrase"]),
            ("trust-passphrase", &["trust", "passphrase", "--no-passphrase"]),
            ("trust-new-key", &["trust", "new-key", &key, "--no-passphrase"]),
            ("trust-add-key", &["trust", "add-key", "reviewer", PUBLIC]),
            ("trust-remove-key", &["trust", "remove-key", PUBLIC_ID]),
            ("trust-add-authority", &["trust", "add-authority", "own", &authority]),
            ("trust-remove-authority", &["trust", "remove-authority", "own"]),
            ("trust-add-authority-again", &["trust", "add-authority", "own", &authority]),
            (
                "trust-add-identity",
                &[
                    "trust",
                    "add-identity",
                    "reviewer",
                    "ada@a.example",
                    "--issuer",
                    "https://a.example",
                ],
            ),
            ("backup", &["backup", &file, "--no-passphrase"]),
            ("restore", &["restore", &file, "--yes"]),
            ("bundle-create", &["bundle", "create", &bundle]),
            ("bundle-inspect", &["bundle", "inspect", &bundle]),
            ("bundle-install", &["bundle", "install", &bundle]),
            ("shell-init", &["shell-init", "bash"]),
            ("completion", &["completion", "bash"]),
            ("aliases", &["aliases"]),
        ],
    );
    fs::write(lab.home().join("config.yaml"), "contexts:\n  live:\n    timeout: 5\n").unwrap();
    let wrong = lab.run(["lint", "--json"]);
    snapshot(&lab, "lint-findings", serde_json::from_str(&wrong.stdout).unwrap());
}

/// A public key (the first of RFC 8032, 7.1), and the beginning of its id.
const PUBLIC: &str = "ifk1:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const PUBLIC_ID: &str = "06e3fd8fda29";

/// Every command of the reference has its snapshot, so that none is forgotten.
#[test]
fn no_command_is_forgotten() {
    let reference = fs::read_to_string(root().join("docs/reference/cli.md")).unwrap();
    let headings = reference.lines().filter_map(|line| line.strip_prefix("## `ifctl "));
    let commands: Vec<&str> = headings.map(|line| line.trim_end_matches('`')).collect();
    let is_leaf =
        |command: &&&str| !commands.iter().any(|other| other.starts_with(&format!("{command} ")));
    let leaves: Vec<_> = commands.iter().filter(is_leaf).collect();
    assert!(leaves.len() > 20, "{leaves:?}");
    for command in leaves.into_iter().filter(|command| **command != "plugin test") {
        let name = command.replace(' ', "-");
        let path = root().join(format!("tests/golden/json/{name}.snap"));
        assert!(path.exists(), "`ifctl {command}` has no snapshot: add it to {}", file!());
    }
}
