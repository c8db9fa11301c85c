//! vMix's tally and activators as they change, across a vMix that goes away and comes back.

use crate::lab::{Lab, switcher};
use if_fakes::VmixSimulator;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

/// A command that streams, line by line.
struct Stream {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Stream {
    fn start(lab: &Lab, words: &[&str]) -> Stream {
        let mut command = lab.command(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Stream { child, lines }
    }

    /// The next event; blocks until it comes.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Ends it as Ctrl-C does, and gives what it said on stderr.
    fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        std::process::Command::new("kill").args(["-INT", &id]).status().unwrap();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

#[test]
fn a_tally_is_read_once_or_followed() {
    let (lab, vmix) = switcher();
    let once = lab.run(["vmix", "tally", "switcher", "--json"]).json();
    assert_eq!(once, json!({"program": [1], "preview": [2], "tally": "12000"}));
    let mut stream = Stream::start(&lab, &["vmix", "tally", "switcher", "--follow", "--json"]);
    assert_eq!(stream.next()["tally"], "12000");
    lab.run(["vmix", "cut", "switcher", "3"]).ok();
    assert_eq!(stream.next()["tally"], "20100");
    vmix.change(|mixer| drop(mixer.add("Colour", "New")));
    assert_eq!(stream.next()["tally"], "201000");
    let (exit, _) = stream.stop();
    assert_eq!(exit, Some(130));
    let logged = lab.run(["witness", "query", "--outcome", "interrupted", "--json"]).json();
    assert_eq!(logged["entries"].as_array().unwrap().len(), 1, "{logged}");
}

#[test]
fn activators_come_as_they_change_and_by_name() {
    let (lab, vmix) = switcher();
    let words = ["vmix", "activators", "switcher", "InputVolume", "recording", "--json"];
    let mut stream = Stream::start(&lab, &words);
    // The subscription is answered before the first change is made.
    wait_for(&vmix, "SUBSCRIBE ACTS");
    lab.run(["vmix", "audio", "volume", "switcher", "2", "50"]).ok();
    assert_eq!(stream.next(), json!({"activator": "InputVolume", "input": 2, "value": 0.5}));
    lab.run(["vmix", "cut", "switcher", "3"]).ok();
    lab.run(["vmix", "record", "start", "switcher"]).ok();
    assert_eq!(stream.next(), json!({"activator": "Recording", "input": null, "value": 1.0}));
    stream.stop();
    let one = lab.run(["vmix", "activator", "switcher", "InputVolume", "2", "--json"]).json();
    assert_eq!(one["value"], 0.5);
    let run = lab.run(["vmix", "activator", "switcher", "Moon"]);
    assert!(run.exit == 1 && run.stderr.contains("Unknown activator"), "{run:?}");
}

#[test]
fn a_stream_survives_a_vmix_that_restarts_and_says_nothing_twice() {
    let (lab, vmix) = switcher();
    let (http, tcp) = (vmix.http_port, vmix.tcp_port);
    let mut stream = Stream::start(&lab, &["vmix", "tally", "switcher", "--follow", "--json"]);
    assert_eq!(stream.next()["tally"], "12000");
    drop(vmix);
    let vmix = VmixSimulator::start_on(http, tcp).unwrap();
    wait_for(&vmix, "SUBSCRIBE TALLY");
    wait_for(&vmix, "TALLY");
    vmix.change(|mixer| drop(mixer.add("Colour", "New")));
    // The same tally as before the restart is not said again.
    assert_eq!(stream.next()["tally"], "120000");
    let (_, said) = stream.stop();
    assert!(said.contains("vMix is gone") && said.contains("vMix is back"), "{said}");
}

/// Until the simulator heard this line.
fn wait_for(vmix: &VmixSimulator, line: &str) {
    let patience = std::time::Duration::from_secs(20);
    let begin = std::time::Instant::now();
    while !vmix.requests_seen().iter().any(|seen| seen.line == line) {
        assert!(begin.elapsed() < patience, "`{line}` never came: {:?}", vmix.requests_seen());
        std::thread::yield_now();
    }
}
