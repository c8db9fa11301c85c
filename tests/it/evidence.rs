//! The log: durable before anything happens, whole after a crash, and it notices every change.

use crate::lab::{Lab, Run, sql};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn noop() -> Lab {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab
}

/// The outcomes in the log, oldest first.
fn outcomes(lab: &Lab, command: &str) -> Vec<String> {
    let logged = lab.run(["witness", "query", "--provider", "noop", "--json", "-n", "1000"]).json();
    let entries = logged["entries"].as_array().unwrap().clone();
    let of_command = entries.iter().filter(|entry| entry["opened"]["leaf"]["command"] == command);
    of_command
        .map(|entry| {
            entry["closed"]["leaf"]["outcome"]["status"].as_str().unwrap_or("open").to_owned()
        })
        .collect()
}

#[test]
fn an_edited_entry_is_found_and_named() {
    let lab = noop();
    lab.run(["noop", "ping", "here"]).ok();
    lab.run(["witness", "verify"]).ok();
    let leaf = "cast(replace(cast(leaf as text), '\"ping\"', '\"pong\"') as blob)";
    sql(&lab, &format!("update leaf set leaf = {leaf} where cast(leaf as text) like '%ping%'"));
    let error = lab.run(["witness", "verify"]).fails("IF_ERR_WITNESS_BROKEN", 4);
    assert!(error.contains("entry "), "{error}");
    lab.run(["doctor"]).fails("IF_ERR_WITNESS_BROKEN", 4);
}

#[test]
fn a_command_that_was_killed_is_closed_as_unknown_by_the_next() {
    let lab = noop();
    let mut child = lab.command(["noop", "stream", "here"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("tick"));
    child.kill().unwrap();
    child.wait().unwrap();
    lab.run(["noop", "ping", "here"]).ok();
    assert_eq!(outcomes(&lab, "stream"), ["unknown"]);
    lab.run(["witness", "verify"]).ok();
}

#[test]
fn ctrl_c_ends_a_stream_with_its_outcome_in_the_log() {
    let lab = noop();
    let mut child = lab
        .command(["noop", "stream", "here"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.contains("tick"), "{line}");
    let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(outcomes(&lab, "stream"), ["interrupted"]);
}

#[test]
fn ctrl_c_ends_a_stream_that_nobody_reads() {
    let lab = Lab::with(&["hostile"]);
    lab.run(["hostile", "add", "target", "--host", "127.0.0.1", "--port", "9"]).ok();
    let mut command = lab.command(["hostile", "stream-flood", "target"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The pipe is full when the program waits in `poll` or `ppoll` for room in it.
    let at = format!("/proc/{}/syscall", child.id());
    let waits =
        || fs::read_to_string(&at).is_ok_and(|at| at.starts_with("7 ") || at.starts_with("271 "));
    while !waits() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");
        std::thread::yield_now();
    }
    let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let log = lab.run(["witness", "query", "--provider", "hostile", "--json", "-n", "1"]).json();
    assert_eq!(log["entries"][0]["closed"]["leaf"]["outcome"]["status"], "interrupted");
}

#[test]
fn a_closed_pipe_ends_a_stream() {
    let lab = noop();
    let mut child = lab
        .command(["noop", "stream", "here"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    drop(out);
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert_eq!(outcomes(&lab, "stream"), ["failed"]);
}

#[test]
fn two_commands_at_once_on_one_home_both_stand_in_one_whole_log() {
    let lab = noop();
    let children: Vec<_> = (0..8)
        .map(|_| {
            lab.command(["noop", "ping", "here"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        Run::from(child.wait_with_output().unwrap()).ok();
    }
    assert_eq!(outcomes(&lab, "ping"), ["ok"; 8]);
    lab.run(["witness", "verify"]).ok();
}

#[test]
fn a_cold_command_flushes_the_disk_at_most_four_times() {
    let lab = noop();
    lab.run(["noop", "ping", "here"]).ok();
    let trace = lab.path().join("trace");
    let command = lab.command(["noop", "ping", "here"]);
    let mut traced = Command::new("strace");
    traced.args(["-f", "-e", "trace=fsync,fdatasync,sync_file_range", "-o"]).arg(&trace);
    traced.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        traced.env(name, value.unwrap_or_default());
    }
    let Ok(done) = traced.output() else {
        if_servers::skip!("strace is not installed");
        return;
    };
    assert!(done.status.success(), "{done:?}");
    let text = std::fs::read_to_string(trace).unwrap();
    let flushes = text.lines().filter(|line| line.contains("sync(")).count();
    assert!((1..=4).contains(&flushes), "{flushes} flushes:\n{text}");
}

#[test]
fn a_database_of_a_newer_version_is_refused_untouched() {
    let lab = noop();
    sql(&lab, "update schema_version set version = 999 where owner = 'witness'");
    let before = std::fs::read(lab.home().join("if.db")).unwrap();
    lab.run(["noop", "ping", "here"]).fails("IF_ERR_STORE_NEWER", 74);
    assert_eq!(std::fs::read(lab.home().join("if.db")).unwrap(), before);
}

#[test]
fn an_entry_of_ones_own_and_a_trace_can_be_found_again() {
    let lab = noop();
    lab.run(["witness", "log", "--message", "doors open"]).ok();
    assert!(lab.run(["witness", "log"]).ok().contains("doors open"));
    lab.run(["noop", "ping", "here", "--trace=show-42", "--why", "rehearsal"]).ok();
    let found = lab.run(["witness", "query", "--trace-id", "show-42", "--json"]).json();
    assert_eq!(found["entries"].as_array().unwrap().len(), 1);
    assert_eq!(found["entries"][0]["parts"]["why"], "rehearsal");
    let id = found["entries"][0]["opened"]["leaf"]["operation"].as_str().unwrap().to_owned();
    assert!(lab.run(["witness", "query", "--operation", &id]).ok().contains("decision"));
}

#[test]
fn a_component_and_an_outcome_can_be_asked_for_in_either_way() {
    let lab = noop();
    lab.run(["noop", "ping", "here"]).ok();
    let entries = |words: &[&str]| {
        let line = ["witness"].iter().chain(words).chain(&["--json"]);
        lab.run(line).json()["entries"].as_array().unwrap().clone()
    };
    let pings = entries(&["query", "--outcome", "ok", "--instance", "here", "-n", "1"]);
    let id = pings[0]["opened"]["leaf"]["plugin"]["id"].as_str().unwrap();
    assert_eq!(entries(&["query", "--component", id, "-n", "1"]), pings);
    assert_eq!(entries(&["log", "--component", id, "--outcome", "ok", "-n", "1"]), pings);
    let other = "if://capability/acme.other";
    assert_eq!(entries(&["log", "--component", other]), Vec::<serde_json::Value>::new());
    lab.run(["witness", "log", "--component", "other"]).fails("IF_ERR_USAGE", 2);
    let both = ["witness", "log", "--message", "x", "--outcome", "ok"];
    lab.run(both).fails("an entry is written, or entries are looked for", 2);
}

#[test]
fn operations_are_found_by_when_they_began() {
    let lab = noop();
    lab.run(["noop", "ping", "here"]).ok();
    let count = |flag: &str, time: &str| {
        let found = lab.run(["witness", "query", "--provider", "noop", flag, time, "--json"]);
        found.json()["entries"].as_array().unwrap().len()
    };
    let all = count("--since", "2001-01-01T00:00Z");
    assert!(all > 0 && count("--until", "2999-01-01T00:00Z") == all);
    assert_eq!(count("--until", "2001-01-01T01:00+01:00"), 0);
    assert_eq!(count("--since", "2999-01-01T00:00Z"), 0);
    assert_eq!(count("--since", "1 hour ago"), all);
    assert_eq!(count("--until", "1 hour ago"), 0);
    let error = lab.run(["witness", "query", "--since", "21:04"]).fails("IF_ERR_USAGE", 2);
    assert!(error.contains("--since 2026-"), "{error}");
}
