//! Words that make no sense: a clear error, the nearest match, exit 2, and nothing lost.

use crate::lab::{Lab, Run};
use std::fs;

fn hint(run: Run, exit: i32, expect: &[&str]) {
    let error = run.fails("IF_ERR_", exit);
    for text in expect {
        assert!(error.contains(text), "expected `{text}` in\n{error}");
    }
}

#[test]
fn the_nearest_provider_command_flag_and_instance_are_named() {
    let lab = Lab::with(&["vmix"]);
    lab.run(["vmix", "add", "switcher", "--host", "127.0.0.1", "--port", "9"]).ok();
    hint(lab.run(["vmx", "cut", "switcher"]), 2, &["vmx", "vmix"]);
    hint(lab.run(["zoom", "start", "room"]), 2, &["zoom", "ifctl plugin list"]);
    hint(lab.run(["vmix", "cutt", "switcher"]), 2, &["cutt", "cut"]);
    hint(lab.run(["vmix", "cut", "switcher", "--inptu", "1"]), 2, &["--inptu", "--input"]);
    hint(
        lab.run(["vmix", "state", "swicher"]),
        2,
        &["IF_ERR_INSTANCE_UNKNOWN", "swicher", "switcher"],
    );
}

#[test]
fn a_missing_or_mistyped_argument_is_named_with_the_line_to_write() {
    let lab = Lab::with(&["vmix"]);
    lab.run(["vmix", "add", "switcher", "--host", "127.0.0.1", "--port", "9"]).ok();
    hint(
        lab.run(["vmix", "fade", "switcher", "--input", "1", "--duration", "soon"]),
        2,
        &["duration", "soon"],
    );
    hint(lab.run(["vmix", "cut"]), 2, &["INSTANCE"]);
    hint(lab.run(["vmix", "function", "switcher", "Fadee"]), 4, &["Fadee", "did you mean `Fade`?"]);
    hint(lab.run(["vmix", "function", "switcher", "Fadee", "--yes"]), 2, &["Fadee", "Fade"]);
    hint(
        lab.run(["vmix", "function", "switcher"]),
        2,
        &["needs name", "hint: ifctl vmix function switcher <name>"],
    );
    hint(lab.run(["vmix", "function", "switcher", "Fade", "Inptu=1"]), 2, &["Inptu"]);
    hint(lab.run(["vmix", "state", "switcher", "--timeout", "soon"]), 2, &["soon", "--timeout 5s"]);
}

#[test]
fn errors_are_one_json_object_for_programs() {
    let lab = Lab::with(&["vmix"]);
    let run = lab.run(["vmix", "state", "nobody", "--json"]);
    assert_eq!((run.exit, run.stdout.as_str()), (2, ""));
    let error: serde_json::Value = serde_json::from_str(run.stderr.trim()).unwrap();
    assert_eq!(error["error"]["code"], "IF_ERR_INSTANCE_UNKNOWN");
    assert_eq!(error["error"]["exit"], 2);
}

#[test]
fn broken_yaml_is_named_by_file_line_and_column_and_left_alone() {
    let lab = Lab::with(&["vmix"]);
    let file = lab.home().join("providers/vmix.yaml");
    let text = "instances:\n  switcher:\n    host: 127.0.0.1\n   port: [\n";
    fs::write(&file, text).unwrap();
    let error = lab.run(["vmix", "state", "switcher"]).fails("IF_ERR_CONFIG", 2);
    assert!(error.contains("vmix.yaml") && error.contains(":4"), "{error}");
    lab.run(["vmix", "add", "other", "--host", "127.0.0.1"]).fails("IF_ERR_CONFIG", 2);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_secret_in_plain_text_is_refused_with_the_line_that_stores_it() {
    let lab = Lab::with(&["obs"]);
    let file = lab.home().join("providers/obs.yaml");
    fs::write(
        file,
        "instances:\n  studio:\n    host: 127.0.0.1\n    port: 4455\n    password: \
         hunter2hunter2\n",
    )
    .unwrap();
    let error = lab.run(["obs", "version", "studio"]).fails("IF_ERR_CONFIG_LITERAL_SECRET", 2);
    assert!(error.contains("ifctl secret set obs studio password"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn switching_the_log_off_is_refused() {
    let lab = Lab::with(&["noop"]);
    fs::write(lab.home().join("config.yaml"), "witness:\n  enabled: false\n").unwrap();
    lab.run(["noop", "list"]).fails("IF_ERR_CONFIG", 2);
}

#[test]
fn unreachable_hosts_and_refused_ports_are_told_apart_from_bugs() {
    let lab = Lab::with(&["vmix"]);
    lab.run(["vmix", "add", "nobody", "--host", "127.0.0.1", "--port", "9"]).ok();
    let error = lab.run(["vmix", "state", "nobody"]).fails("IF_ERR_UNREACHABLE", 1);
    assert!(error.contains("127.0.0.1:9"), "{error}");
    lab.run(["vmix", "add", "unknown", "--host", "no-such-host.invalid"]).ok();
    lab.run(["vmix", "state", "unknown"]).fails("IF_ERR_UNREACHABLE", 1);
}

#[test]
fn instances_are_added_shown_listed_and_removed() {
    let lab = Lab::with(&["vmix"]);
    lab.run(["vmix", "add", "myvmix", "--host", "192.0.2.1"]).ok();
    let shown = lab.run(["vmix", "show", "myvmix", "--json"]).json();
    assert_eq!(shown["settings"]["port"], 8088);
    assert_eq!(shown["private_network"], false);
    lab.run(["vmix", "add", "myvmix", "--host", "192.0.2.2"]).fails("IF_ERR_", 2);
    lab.run(["vmix", "remove", "myvmix"]).fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    lab.run(["vmix", "remove", "myvmix", "--yes"]).ok();
    assert_eq!(lab.run(["vmix", "list", "--json"]).json()["instances"], serde_json::json!([]));
}
