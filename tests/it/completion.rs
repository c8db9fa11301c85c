//! What TAB offers, and what it may do to find out.

use crate::lab::{Lab, switcher};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn lab() -> Lab {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab
}

/// The candidates for the last word, without what they are.
fn offers(lab: &Lab, words: &[&str]) -> Vec<String> {
    let run = lab.run(["__complete", "--"].iter().chain(words));
    assert_eq!(run.stderr, "", "a shell's line is no place for talk");
    run.ok().lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// The same for a whole line, quotes and all.
fn offers_line(lab: &Lab, line: &str) -> Vec<String> {
    let text = lab.run(["__complete", "--quoted", "--line", line]).ok();
    text.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// Operations of this provider in the log, newest last.
fn operations(lab: &Lab, provider: &str) -> Vec<Value> {
    let log = lab.run(["witness", "query", "--provider", provider, "--json"]).json();
    log["entries"].as_array().unwrap().clone()
}

#[test]
fn what_is_on_the_disk_is_offered_and_nothing_is_asked() {
    let lab = lab();
    let before = operations(&lab, "noop").len();
    assert_eq!(offers(&lab, &["noop", "gr"]), ["greet"]);
    assert_eq!(offers(&lab, &["noop", "ping", ""]), ["here"]);
    assert_eq!(offers(&lab, &["noop", "show", ""]), ["here"]);
    assert_eq!(offers(&lab, &["noop", "add", ""]), Vec::<String>::new());
    assert_eq!(
        offers(&lab, &["noop", "greet", "here", "Ann", "--manner", ""]),
        ["kindly", "briefly"]
    );
    assert_eq!(offers(&lab, &["noop", "greet", "--manner=k"]), ["--manner=kindly"]);
    assert_eq!(offers(&lab, &["--format", ""]), ["text", "json"]);
    let exported = ["text", "json", "csv", "tiles", "pdf"];
    assert_eq!(offers(&lab, &["witness", "export", "--format", ""]), exported);
    assert_eq!(offers(&lab, &["plugin", "show", ""]), ["noop"]);
    assert_eq!(offers(&lab, &["plugin", "sign", "--role", "r"]), ["reviewer"]);
    assert_eq!(offers(&lab, &["shell-init", ""]), ["bash", "zsh", "fish"]);
    assert_eq!(offers(&lab, &["noop", "ping", "--dry"]), ["--dry-run"]);
    assert_eq!(offers(&lab, &["noop", "ping", "--", "--dry"]), Vec::<String>::new());
    assert_eq!(operations(&lab, "noop").len(), before);
}

#[test]
fn secrets_and_contexts_complete_from_what_is_declared() {
    let lab = Lab::with(&["obs"]);
    lab.feed(["obs", "add", "studio", "--host", "127.0.0.1", "--port", "9"], "").ok();
    fs::write(lab.home().join("config.yaml"), "contexts:\n  live:\n  lab:\n").unwrap();
    assert_eq!(offers(&lab, &["secret", "set", ""]), ["obs"]);
    assert_eq!(offers(&lab, &["secret", "set", "obs", ""]), ["studio"]);
    assert_eq!(offers(&lab, &["secret", "set", "obs", "studio", ""]), ["password"]);
    assert_eq!(offers(&lab, &["context", "use", "l"]), ["live", "lab"]);
    assert_eq!(offers(&lab, &["--context", "li"]), ["live"]);
}

#[test]
fn live_values_are_an_ordinary_operation_asked_once() {
    let lab = lab();
    let before = operations(&lab, "noop").len();
    // One of the four names would recolour the screen; it is not offered.
    let names = ["Ann", "Anna Maria", "it's $HOME"];
    assert_eq!(offers(&lab, &["noop", "greet", "here", ""]), names);
    assert_eq!(offers(&lab, &["noop", "greet", "here", "Anna"]), ["Anna Maria"]);
    let after = operations(&lab, "noop");
    assert_eq!(after.len(), before + 1, "asked once");
    let asked = &after[after.len() - 1];
    assert_eq!(asked["opened"]["leaf"]["command"], "names");
    assert_eq!(asked["opened"]["leaf"]["effect"], "read");
    assert!(asked.to_string().contains("shell completion"), "{asked}");

    let folder = lab.path().join("cache/complete");
    let kept = folder.join("noop.here.names.json");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&kept)), (0o700, 0o600));
    // An answer that others could have written is none.
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(offers(&lab, &["noop", "greet", "here", ""]), names);
    assert_eq!(operations(&lab, "noop").len(), before + 2);
    fs::remove_file(&kept).unwrap();
    assert_eq!(offers(&lab, &["noop", "greet", "here", ""]), names);
    assert_eq!(operations(&lab, "noop").len(), before + 3);
}

#[test]
fn inputs_of_a_vmix_are_offered_by_their_titles() {
    let (lab, mixer) = switcher();
    assert_eq!(offers(&lab, &["vmix", "preview", "switcher", "ope"]), ["opener.mp4"]);
    assert_eq!(offers(&lab, &["vmix", "ndi", "remove", "switcher", ""]), Vec::<String>::new());
    assert_eq!(mixer.functions_seen(), Vec::<String>::new(), "a look changes nothing");
}

#[test]
fn names_are_quoted_as_the_line_demands() {
    let lab = lab();
    assert_eq!(offers_line(&lab, "ifctl noop greet here it"), ["it\\'s\\ \\$HOME"]);
    assert_eq!(offers_line(&lab, "ifctl noop greet here \"it"), ["it's \\$HOME"]);
    assert_eq!(offers_line(&lab, "ifctl noop greet here 'it"), Vec::<String>::new());
    assert_eq!(offers_line(&lab, "echo x | sudo ifctl noop greet here 'Anna M"), ["Anna Maria"]);
    assert_eq!(offers_line(&lab, "if noop gre"), ["greet"]);
}

#[test]
fn a_device_that_is_away_or_deaf_offers_nothing_and_says_nothing() {
    // Bound, and never answering: a connection is made and nothing comes back.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = deaf.local_addr().unwrap().port().to_string();
    let lab = Lab::with(&["obs"]);
    lab.run(["obs", "add", "away", "--host", "127.0.0.1", "--port", "9"]).ok();
    lab.run(["obs", "add", "deaf", "--host", "127.0.0.1", "--port", &port]).ok();
    for instance in ["away", "deaf"] {
        let before = operations(&lab, "obs").len();
        for _ in 0..2 {
            let words = ["obs", "scene", "switch", instance, ""];
            assert_eq!(offers(&lab, &words), Vec::<String>::new());
        }
        let after = operations(&lab, "obs");
        assert_eq!(after.len(), before + 1, "{instance}: the lack of an answer counts as well");
        let outcome = &after[after.len() - 1]["closed"]["leaf"]["outcome"]["status"];
        assert_eq!(outcome, "failed", "{instance}: ended in order");
    }
}

#[test]
fn a_contexts_instance_is_asked_where_the_line_names_none() {
    let lab = lab();
    let text = "context: live\ncontexts:\n  live:\n    instances:\n      noop: here\n";
    fs::write(lab.home().join("config.yaml"), text).unwrap();
    assert_eq!(offers(&lab, &["noop", "greet", ""]), ["here", "Ann", "Anna Maria", "it's $HOME"]);
    assert_eq!(offers(&lab, &["noop", "greet", "An"]), ["Ann", "Anna Maria"]);
    assert_eq!(offers(&lab, &["noop", "greet", "here", "An"]), ["Ann", "Anna Maria"]);
    assert_eq!(offers(&lab, &["noop", "remove", ""]), ["here"]);
}
