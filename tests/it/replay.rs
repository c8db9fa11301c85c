//! Replay: recorded operations once more, from nothing but their records.
//!
//! Beside what stands here, every laboratory replays all that it recorded when it is left
//! (`lab::Lab`): every operation of the whole suite.

use crate::lab::{Lab, copy_tree, root, sql, switcher};
use serde_json::Value;
use std::fs;

/// The newest operation of a provider.
fn newest(lab: &Lab, provider: &str) -> String {
    let words = ["witness", "query", "--provider", provider, "--json", "-n", "1"];
    let found = lab.run(words).json();
    found["entries"][0]["opened"]["leaf"]["operation"].as_str().unwrap().to_owned()
}

fn replayed(lab: &Lab, operation: &str) -> Value {
    lab.run(["witness", "replay", operation, "--json"]).json()
}

#[test]
fn a_command_replays_identically_without_its_device_and_without_its_secrets() {
    let (lab, vmix) = switcher();
    lab.run(["vmix", "cut", "switcher", "--input", "3"]).ok();
    let cut = newest(&lab, "vmix");
    lab.run(["vmix", "status", "switcher"]).ok();
    let list = newest(&lab, "vmix");
    drop(vmix);
    for operation in [&cut, &list] {
        let replayed = replayed(&lab, operation);
        assert_eq!(replayed["verdict"], "identical", "{replayed}");
        assert!(replayed["messages"].as_u64().unwrap() >= 1, "{replayed}");
    }
    let said = lab.run(["witness", "replay", &cut]).ok();
    assert!(said.starts_with("identical  vmix cut switcher\n"), "{said}");
    fs::remove_dir_all(lab.home().join("vault")).ok();
    fs::remove_file(lab.home().join("providers/vmix.yaml")).unwrap();
    assert_eq!(replayed(&lab, &cut)["verdict"], "identical");
}

#[test]
fn failures_dry_runs_and_refusals_replay_as_what_they_were() {
    let (lab, vmix) = switcher();
    lab.run(["vmix", "cut", "switcher", "--input", "3", "--dry-run"]).ok();
    let planned = newest(&lab, "vmix");
    lab.run(["vmix", "cut", "switcher", "--input", "99"]);
    let failed = newest(&lab, "vmix");
    drop(vmix);
    lab.run(["vmix", "cut", "switcher", "--input", "3"]).fails("IF_ERR_UNREACHABLE", 1);
    let unreachable = newest(&lab, "vmix");
    for operation in [planned, failed, unreachable] {
        assert_eq!(replayed(&lab, &operation)["verdict"], "identical");
    }
    lab.run(["vmix", "fade-to-black", "switcher"]).fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    let refused = newest(&lab, "vmix");
    let said = lab.run(["witness", "replay", &refused]).fails("IF_ERR_USAGE", 2);
    assert!(said.contains("it was refused before the plugin was called"), "{said}");
}

#[test]
fn a_stream_that_was_stopped_is_the_same_until_then() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "stream", "here", "--timeout", "300ms"]).ok();
    let stopped = replayed(&lab, &newest(&lab, "noop"));
    assert_eq!(stopped["verdict"], "identical-until", "{stopped}");
    assert_eq!(stopped["code"], "IF_ERR_INTERRUPTED", "{stopped}");
    lab.run(["noop", "stream", "here", "--count", "3"]).ok();
    assert_eq!(replayed(&lab, &newest(&lab, "noop"))["verdict"], "identical");
}

#[test]
fn a_record_that_was_edited_or_erased_is_not_replayed() {
    let (lab, _vmix) = switcher();
    lab.run(["vmix", "cut", "switcher", "--input", "3"]).ok();
    let cut = newest(&lab, "vmix");
    let edit = |from: &str, to: &str| {
        format!(
            "update body set bytes = cast(replace(cast(bytes as text), '{from}', '{to}') as blob) \
             where part = 'transcript'"
        )
    };
    sql(&lab, &edit("Cut", "Cat"));
    lab.run(["witness", "replay", &cut]).fails("IF_ERR_WITNESS_BROKEN", 4);
    sql(&lab, &edit("Cat", "Cut"));
    assert_eq!(replayed(&lab, &cut)["verdict"], "identical");
    sql(&lab, "delete from body where part = 'transcript'");
    let said = lab.run(["witness", "replay", &cut]).fails("IF_ERR_USAGE", 2);
    assert!(said.contains("the transcript was not recorded, or was erased"), "{said}");
}

/// The no-op guest's next release, whose component has a section more: it does the same, and is
/// another.
fn next_noop(lab: &Lab) {
    let source = lab.path().join("next");
    copy_tree(&root().join("tests/guests/noop"), &source);
    let declaration = source.join("plugin.toml");
    let text = fs::read_to_string(&declaration).unwrap();
    let next = text.replace("release = 1", "release = 2").replace("0.1.0", "0.1.1");
    assert_ne!(text, next);
    fs::write(&declaration, next).unwrap();
    let mut component =
        fs::read(root().join("plugins/target/wasm32-wasip2/release/if_guest_noop.wasm")).unwrap();
    component.extend(b"\x00\x05\x04more");
    let file = lab.path().join("next.wasm").display().to_string();
    fs::write(&file, component).unwrap();
    let package = lab.path().join("next-package").display().to_string();
    let source = source.display().to_string();
    lab.run(["plugin", "pack", &source, "--component", &file, "--out", &package]).ok();
    for step in ["sign", "allow", "install"] {
        lab.run(["plugin", step, &package]).ok();
    }
}

#[test]
fn another_component_is_not_taken_for_the_one_that_ran() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    let before = newest(&lab, "noop");
    next_noop(&lab);
    let said = lab.run(["witness", "replay", &before]).fails("IF_ERR_USAGE", 2);
    assert!(said.contains("it ran in sha256:") && said.contains("is installed"), "{said}");
    lab.run(["noop", "ping", "here"]).ok();
    assert_eq!(replayed(&lab, &newest(&lab, "noop"))["verdict"], "identical");
    fs::remove_dir_all(lab.home().join("plugins/noop")).unwrap();
    let said = lab.run(["witness", "replay", &before]).fails("IF_ERR_USAGE", 2);
    assert!(said.contains("noop"), "{said}");
}

#[test]
fn all_that_fit_are_replayed_and_listed() {
    let (lab, _vmix) = switcher();
    let none = lab.run(["witness", "replay", "--all", "--outcome", "unknown"]).ok();
    assert_eq!(none, "no operations\n");
    lab.run(["vmix", "cut", "switcher", "--input", "3"]).ok();
    lab.run(["vmix", "fade-to-black", "switcher"]).fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    let all = lab.run(["witness", "replay", "--all", "--provider", "vmix", "--json"]).json();
    let verdicts: Vec<_> =
        all["replayed"].as_array().unwrap().iter().map(|one| one["verdict"].clone()).collect();
    // `add` looked whether the switcher answers.
    assert_eq!(verdicts, ["identical", "identical", "not-replayable"]);
    lab.run(["witness", "replay"]).fails("IF_ERR_USAGE", 2);
    let both = ["witness", "replay", &newest(&lab, "vmix"), "--provider", "vmix"];
    lab.run(both).fails("IF_ERR_USAGE", 2);
}
