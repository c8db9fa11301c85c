//! Who used which secret, when, towards which endpoint; and what a process leaves behind of them.

use crate::lab::Lab;
use if_fakes::http::{Canned, HttpFake};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

const CANARY: &str = "canary-5d81c0-never-to-be-seen";

/// A home whose hostile plugin knows `target` and `other`, both at this device.
fn hostile(port: u16) -> Lab {
    let lab = Lab::with(&["hostile"]);
    for instance in ["target", "other"] {
        let port = port.to_string();
        lab.run(["hostile", "add", instance, "--host", "127.0.0.1", "--port", &port]).ok();
        lab.feed(["secret", "set", "hostile", instance, "password"], CANARY).ok();
    }
    lab
}

fn use_header(lab: &Lab, instance: &str) -> crate::lab::Run {
    let reversed: String = CANARY.chars().rev().collect();
    lab.run(["hostile", "use-header", instance, "--reversed", &reversed])
}

fn audit(lab: &Lab, more: &[&str]) -> Vec<Value> {
    let words = ["secret", "audit", "--json"].iter().chain(more).copied();
    lab.run(words).json()["used"].as_array().unwrap().clone()
}

#[test]
fn the_audit_tells_which_plugin_used_which_secret_when_towards_which_endpoint() {
    let device = HttpFake::start(|_| Canned::ok("{}")).unwrap();
    let lab = hostile(device.port);
    assert_eq!(lab.run(["secret", "audit"]).ok().trim(), "no secret was used");
    use_header(&lab, "target").ok();
    use_header(&lab, "other").ok();
    // Asked for and put where it does not belong: no use.
    let misplaced = r#"[{"token":"plain","path":"/look/{token}"}]"#;
    lab.run(["hostile", "send", "target", misplaced]).ok();
    let used = audit(&lab, &[]);
    assert_eq!(used.len(), 2, "{used:?}");
    for (row, instance) in used.iter().zip(["target", "other"]) {
        assert_eq!(row["provider"], "hostile");
        assert_eq!(row["instance"], instance);
        assert_eq!(row["secret"], "password");
        assert_eq!(row["endpoint"], "control");
        assert_eq!(row["command"], "use-header");
        assert_eq!(row["outcome"], "ok");
        assert_eq!(row["plugin"], "if://capability/test.hostile@0.1.0");
    }
    let operation = used[0]["operation"].as_str().unwrap();
    let query = ["witness", "query", "--operation", operation, "--json"];
    let logged = lab.run(query).json();
    let leaf = &logged["opened"]["leaf"];
    assert_eq!(used[0]["component"], leaf["plugin"]["component"]);
    assert_eq!((&used[0]["at"], &used[0]["actor"]), (&leaf["at"], &leaf["actor"]));
    let table = lab.run(["secret", "audit"]).ok();
    assert!(table.contains("hostile/target/password\tvault\tcontrol\tuse-header\tok"), "{table}");
    assert!(!table.contains(CANARY) && !logged.to_string().contains(CANARY));
}

#[test]
fn a_secret_that_a_device_sent_back_was_used() {
    let device = HttpFake::start(|_| Canned::ok(CANARY)).unwrap();
    let lab = hostile(device.port);
    use_header(&lab, "target").fails("IF_ERR_SECRET_ECHO", 4);
    assert_eq!(audit(&lab, &[])[0]["outcome"], "denied");
}

#[test]
fn the_audit_is_narrowed_by_provider_instance_name_and_time() {
    let device = HttpFake::start(|_| Canned::ok("{}")).unwrap();
    let lab = hostile(device.port);
    use_header(&lab, "target").ok();
    use_header(&lab, "other").ok();
    for (words, found) in [
        (["--provider", "hostile"], 2),
        (["--provider", "obs"], 0),
        (["--instance", "other"], 1),
        (["--name", "password"], 2),
        (["--name", "token"], 0),
        (["--since", "2020-01-01T00:00Z"], 2),
        (["--since", "2999-01-01T00:00Z"], 0),
        (["--until", "2020-01-01T00:00Z"], 0),
    ] {
        assert_eq!(audit(&lab, &words).len(), found, "{words:?}");
    }
    lab.run(["secret", "audit", "--since", "yesterday"]).fails("no time with its zone", 2);
    lab.run(["secret", "audit", "--provider", "No Word"]).fails("IF_ERR_USAGE", 2);
}

#[test]
fn an_operation_that_was_killed_is_named_as_one_nobody_can_tell_of() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let mut child = lab.command(["noop", "stream", "here"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let untold = lab.run(["secret", "audit", "--json"]).json()["untold"].clone();
    assert_eq!(untold.as_array().unwrap().len(), 1, "{untold}");
    lab.run(["noop", "ping", "here"]).ok();
    assert_eq!(lab.run(["secret", "audit", "--json"]).json()["untold"], untold);
    let told = lab.run(["secret", "audit"]);
    assert!(told.stderr.contains(untold[0].as_str().unwrap()), "{told:?}");
}

#[test]
fn a_running_command_can_write_no_core_dump_whatever_its_shell_allows() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let plain = lab.command(["noop", "stream", "here"]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -c unlimited 2>/dev/null; exec \"$@\"", "sh"]);
    command.arg(plain.get_program()).args(plain.get_args());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
    // Unreadable is as good: the process belongs to nobody but the administrator then.
    let Ok(limits) = limits else { return };
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
}
