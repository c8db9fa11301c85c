//! `ha watch` over a restart of Home Assistant.

use super::{home, run, words};
use crate::lab::Lab;
use if_servers::HomeAssistant;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

#[test]
fn real_ha_restarts_under_watch_and_nothing_is_told_twice() {
    if !if_servers::require!(HomeAssistant) {
        return;
    }
    let mut ha = HomeAssistant::start().unwrap();
    let lab = home(&ha.url(), &ha.tokens.administrator);
    let line = "ha watch myhome light.studio input_select.mode --initial --json";
    let mut watch = Watch::start(&lab, line);
    let first = [watch.next(), watch.next()];
    assert!(first.iter().any(|event| event["state"] == "rehearsal"), "{first:?}");
    run(&lab, "ha set myhome light.studio on --brightness 50").ok();
    let on = watch.until(|event| event["state"] == "on" && event["entity"] == "light.studio");
    assert_eq!(on["before"], "off", "{on}");
    run(&lab, "ha set myhome light.studio off").ok();
    watch.until(|event| event["state"] == "off");
    ha.stop();
    watch.says("Home Assistant is gone");
    ha.start_again().unwrap();
    watch.says("Home Assistant is back");
    run(&lab, "ha set myhome input_select.mode show").ok();
    let show = watch.until(|event| event["state"] == "show");
    assert_eq!(show["entity"], "input_select.mode");
    // Each line differs from what was said of its entity before.
    let mut known = std::collections::BTreeMap::new();
    for event in &watch.heard {
        let attributes = &event["attributes"];
        let same = known.insert(event["entity"].to_string(), event["state"].clone())
            == Some(event["state"].clone());
        let silent = attributes.as_object().is_none_or(|attributes| attributes.is_empty());
        assert!(!(same && silent), "{event} was told twice: {:?}", watch.heard);
    }
    watch.interrupt();
    run(&lab, "witness verify").ok();
}

/// A running stream: its events, and what it says beside them.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    words: Lines<BufReader<ChildStderr>>,
    heard: Vec<Value>,
}

impl Watch {
    fn start(lab: &Lab, line: &str) -> Watch {
        let mut command = lab.command(words(line));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let words = BufReader::new(child.stderr.take().unwrap()).lines();
        Watch { child, lines, words, heard: Vec::new() }
    }

    fn next(&mut self) -> Value {
        let Some(line) = self.lines.next() else {
            let words: Vec<_> = self.words.by_ref().map(Result::unwrap).collect();
            panic!("the stream ended: {words:?}; heard {:?}", self.heard)
        };
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        self.heard.push(event.clone());
        event
    }

    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.next();
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Reads what it says until it says this.
    fn says(&mut self, words: &str) {
        let found = self.words.by_ref().map(Result::unwrap).any(|line| line.contains(words));
        assert!(found, "it ended without saying `{words}`; heard {:?}", self.heard);
    }

    /// Ctrl-C: it ends as a stream that was stopped.
    fn interrupt(mut self) {
        let line = format!("kill -INT {}", self.child.id());
        std::process::Command::new("sh").args(["-c", &line]).status().unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(130));
    }
}
