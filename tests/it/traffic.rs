//! What leaves: a read cannot write, a dry run sends nothing, nobody is reached who was not
//! granted.

use crate::lab::{Lab, switcher};
use if_fakes::http::{Canned, HttpFake};
use if_fakes::{ObsFake, VmixSimulator};

fn device() -> (Lab, HttpFake) {
    let device = HttpFake::start(|_| Canned::ok("{}")).unwrap();
    let lab = Lab::with(&["hostile"]);
    lab.run([
        "hostile",
        "add",
        "target",
        "--host",
        "127.0.0.1",
        "--port",
        &device.port.to_string(),
    ])
    .ok();
    (lab, device)
}

#[test]
fn a_read_command_that_tries_to_write_is_ended_and_nothing_arrives() {
    let (lab, device) = device();
    for command in ["sneak-post", "sneak-get", "sneak-unmatched"] {
        lab.run(["hostile", command, "target"]).fails("IF_ERR_EFFECT_EXCEEDED", 4);
        lab.run(["hostile", command, "target", "--dry-run"]).fails("IF_ERR_EFFECT_EXCEEDED", 4);
    }
    assert_eq!(device.requests().len(), 0, "{:?}", device.requests());
    lab.run(["hostile", "look", "target"]).ok();
    assert_eq!(device.requests().len(), 1);
}

#[test]
fn a_read_command_cannot_write_by_websocket_either() {
    let obs = ObsFake::script().start().unwrap();
    let lab = Lab::with(&["hostile"]);
    lab.run(["hostile", "add", "target", "--host", "127.0.0.1", "--port", &obs.port.to_string()])
        .ok();
    lab.run(["hostile", "sneak-frame", "target"]).fails("IF_ERR_EFFECT_EXCEEDED", 4);
    let frames = obs.frames();
    assert!(frames.iter().all(|frame| frame["do"] != "write"), "{frames:?}");
}

#[test]
fn a_dry_run_holds_in_spite_of_the_plugin() {
    let (lab, device) = device();
    for command in ["write", "ignore-plan"] {
        let run = lab.run(["hostile", command, "target", "--dry-run"]).ok();
        assert!(run.contains("POST /write"), "{run}");
    }
    assert_eq!(device.requests().len(), 0, "{:?}", device.requests());
    let logged = lab.run(["witness", "query", "--outcome", "planned", "--json"]).json();
    assert_eq!(logged["entries"].as_array().unwrap().len(), 2, "{logged}");
}

#[test]
fn a_dangerous_command_needs_a_yes() {
    let (lab, vmix) = switcher();
    let error = lab
        .run(["vmix", "function", "switcher", "StopStreaming"])
        .fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    assert!(error.contains("hint: ifctl vmix function switcher StopStreaming --yes"), "{error}");
    assert!(!vmix.functions_seen().contains(&"StopStreaming".to_owned()));
    lab.run(["vmix", "function", "switcher", "StopStreaming", "--yes"]).ok();
    assert!(vmix.functions_seen().contains(&"StopStreaming".to_owned()));
}

#[test]
fn a_host_that_was_not_granted_is_not_reached() {
    let other = HttpFake::start(|_| Canned::ok("{}")).unwrap();
    let (lab, _device) = device();
    let port = other.port.to_string();
    for command in ["exfiltrate-http", "exfiltrate-socket"] {
        let run = lab.run(["hostile", command, "target", "--to", "127.0.0.1", "--at", &port]);
        assert!(
            run.stderr.contains("IF_ERR_EGRESS_DENIED") || run.stdout.contains("enied"),
            "{run:?}"
        );
    }
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn a_name_that_resolves_to_the_own_network_needs_a_word_of_the_operator() {
    let vmix = VmixSimulator::start().unwrap();
    let lab = Lab::with(&["vmix"]);
    let port = vmix.http_port.to_string();
    let file = lab.home().join("providers/vmix.yaml");
    std::fs::write(
        file,
        format!("instances:\n  switcher:\n    host: localhost\n    port: {port}\n"),
    )
    .unwrap();
    lab.run(["vmix", "state", "switcher"]).fails("IF_ERR_ADDRESS_DENIED", 4);
    assert_eq!(vmix.requests_seen().len(), 0);
}
