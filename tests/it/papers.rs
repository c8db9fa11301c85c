//! What the log tells people: why, in which order, at what cost, and what it forgets when asked.

use crate::lab::{Lab, switcher};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

fn noop() -> Lab {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab
}

/// The newest operation of a provider.
fn newest(lab: &Lab, provider: &str) -> String {
    let words = ["witness", "query", "--provider", provider, "--json", "-n", "1"];
    let found = lab.run(words).json();
    found["entries"][0]["opened"]["leaf"]["operation"].as_str().unwrap().to_owned()
}

fn explained(lab: &Lab, provider: &str) -> Value {
    lab.run(["witness", "explain", &newest(lab, provider), "--json"]).json()
}

#[test]
fn an_operation_is_explained_by_its_decision_its_limits_and_its_end() {
    let (lab, _vmix) = switcher();
    lab.run(["vmix", "cut", "switcher", "--input", "3", "--why", "show start"]).ok();
    let cut = explained(&lab, "vmix");
    assert_eq!(cut["explained"]["verdict"], "allow", "{cut}");
    assert_eq!(cut["facts"]["effect"], "write", "{cut}");
    assert_eq!(cut["facts"]["why"], "show start", "{cut}");
    let limits = cut["explained"]["limits"].as_array().unwrap();
    let fuel = limits.iter().find(|bound| bound["limit"] == "fuel").unwrap();
    let (reached, most) = (fuel["reached"].as_u64().unwrap(), fuel["most"].as_u64().unwrap());
    assert!(reached > 0 && reached < most, "{fuel}");
    assert!(limits.iter().all(|bound| bound["fired"] == false), "{cut}");
    lab.run(["vmix", "fade-to-black", "switcher"]).fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    let refused = explained(&lab, "vmix");
    assert_eq!(refused["explained"]["verdict"], "deny", "{refused}");
    assert_eq!(refused["facts"]["code"], "IF_ERR_CONFIRMATION_NEEDED", "{refused}");
    let text = lab.run(["witness", "explain", &newest(&lab, "vmix")]).ok();
    assert!(text.contains("vmix fade-to-black switcher") && text.contains("deny"), "{text}");
}

#[test]
fn the_limit_that_ended_a_call_is_marked() {
    let lab = Lab::with(&["hostile"]);
    lab.run(["hostile", "add", "target", "--host", "127.0.0.1", "--port", "9"]).ok();
    lab.run(["hostile", "stream-spin", "target"]).fails("IF_ERR_LIMIT_FUEL", 5);
    let spun = explained(&lab, "hostile");
    let fired = spun["explained"]["limits"].as_array().unwrap().iter();
    let fired: Vec<_> = fired.filter(|bound| bound["fired"] == true).collect();
    assert_eq!(fired.len(), 1, "{spun}");
    assert_eq!(fired[0]["limit"], "fuel", "{spun}");
}

#[test]
fn a_trace_is_a_tree_of_what_was_asked_below_it() {
    let lab = noop();
    for trace in ["show-4", "show-42", "show-42/opening", "show-42/opening/lights", "show-42/end"] {
        lab.run(["noop", "ping", "here", &format!("--trace={trace}")]).ok();
    }
    let drawn = lab.run(["witness", "trace", "show-42"]).ok();
    // Without times and ids.
    let shape: Vec<String> = drawn
        .lines()
        .map(|line| match line.split_once("noop ping here: ok") {
            Some((before, _)) => format!("{}ping", before.split("20").next().unwrap()),
            None => line.to_owned(),
        })
        .collect();
    let expected = [
        "show-42",
        "├─ ping",
        "├─ opening",
        "│  ├─ ping",
        "│  └─ lights",
        "│     └─ ping",
        "└─ end",
        "   └─ ping",
    ];
    assert_eq!(shape, expected, "{drawn}");
    let found = lab.run(["witness", "trace", "show-42", "--json"]).json();
    assert_eq!(found["entries"].as_array().unwrap().len(), 4);
    lab.run(["witness", "trace", "show"]).fails("IF_ERR_USAGE", 2);
}

#[test]
fn a_chain_begins_with_a_trace_and_goes_on_with_whatever_came_then() {
    let lab = noop();
    for trace in ["before", "show", "after"] {
        lab.run(["noop", "ping", "here", &format!("--trace={trace}")]).ok();
    }
    lab.run(["witness", "log", "--message", "the end"]).ok();
    let chain = lab.run(["witness", "chain", "--trace-from", "show", "--json"]).json();
    let told: Vec<_> = chain["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["opened"]["leaf"]["trace"].as_str().unwrap_or("note").to_owned())
        .collect();
    assert_eq!(told, ["show", "after", "note"]);
    let text = lab.run(["witness", "chain", "--trace-from", "show", "-n", "1"]).ok();
    assert_eq!(text.matches("noop ping here").count(), 1, "{text}");
}

#[test]
fn costs_are_summed_by_what_is_asked() {
    let lab = noop();
    let none = lab.run(["witness", "cost", "--provider", "vmix"]).ok();
    assert_eq!(none, "no operation has cost anything that was recorded\n");
    for _ in 0..2 {
        lab.run(["noop", "ping", "here"]).ok();
    }
    let costs = lab.run(["witness", "cost", "--group-by", "command", "--json"]).json();
    let ping = costs["costs"].as_array().unwrap().iter().find(|row| row["group"] == "noop ping");
    assert_eq!(ping.unwrap()["operations"], 2, "{costs}");
}

/// Whether these bytes stand in any file of the home.
fn stands(lab: &Lab, needle: &str) -> bool {
    let needle = needle.as_bytes();
    lab.files().iter().any(|(_, bytes)| bytes.windows(needle.len()).any(|window| window == needle))
}

#[test]
fn what_was_said_is_erased_from_every_file_and_the_proof_stays() {
    let lab = noop();
    let secret = "colour=the-customers-private-colour";
    lab.run(["noop", "ping", "here", secret]).ok();
    let operation = newest(&lab, "noop");
    lab.run(["noop", "ping", "here", "colour=blue"]).ok();
    let receipt = lab.run(["witness", "prove", &operation]).ok();
    let file = lab.path().join("kept.tlog-proof");
    fs::write(&file, &receipt).unwrap();
    assert!(stands(&lab, "the-customers-private-colour"));
    let asked = lab.run(["witness", "erase", &operation]);
    asked.fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    assert!(stands(&lab, "the-customers-private-colour"));
    let erased = lab.run(["witness", "erase", &operation, "--yes", "--json"]).json();
    assert!(erased["erased"].as_u64().unwrap() >= 3, "{erased}");
    assert_eq!(erased["lingers"], false, "{erased}");
    assert!(!stands(&lab, "the-customers-private-colour"));
    lab.run(["witness", "verify"]).ok();
    lab.run(["witness", "verify", &operation]).ok();
    lab.run(["witness", "verify", "--receipt", file.to_str().unwrap()]).ok();
    let log = lab.run(["witness", "log"]).ok();
    assert!(log.contains(&format!("stored parts of operation {operation}")), "{log}");
    let again = lab.run(["witness", "erase", &operation, "--yes"]).ok();
    assert_eq!(again, "nothing was left to erase\n");
    let unknown = "0192aa00000070008000000000000001";
    lab.run(["witness", "erase", unknown, "--yes"]).fails("IF_ERR_USAGE", 2);
}

/// A process that is ended when it is let go.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn followers_see_each_operation_as_it_ends() {
    let lab = noop();
    let follow = ["witness", "query", "--follow", "--provider", "noop", "--json"];
    let mut follower = Ended(lab.command(follow).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(follower.0.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["opened"]["leaf"]["command"], "test", "the check of `add`");
    for colour in ["red", "blue"] {
        lab.run(["noop", "ping", "here", "--why", colour]).ok();
        let seen = next();
        assert_eq!(seen["closed"]["leaf"]["outcome"]["status"], "ok", "{seen}");
        assert_eq!(seen["parts"]["why"], colour, "{seen}");
    }
    // While an older one runs, each that ends is shown once.
    let stream = lab.command(["noop", "stream", "here"]).stdout(Stdio::piped()).spawn();
    let mut stream = Ended(stream.unwrap());
    let mut ticks = BufReader::new(stream.0.stdout.take().unwrap()).lines();
    assert!(ticks.next().unwrap().unwrap().contains("tick"));
    for colour in ["green", "black"] {
        lab.run(["noop", "ping", "here", "--why", colour]).ok();
        let seen = next();
        assert_eq!(seen["parts"]["why"], colour, "{seen}");
    }
    drop(stream);
    // Whoever comes next closes it as unknown; then it is shown, and nothing before it again.
    lab.run(["noop", "ping", "here", "colour=white"]).ok();
    let mut last = [next(), next()].map(|it| it["opened"]["leaf"]["command"].clone());
    last.sort_by_key(ToString::to_string);
    assert_eq!(last, ["ping", "stream"]);
}
