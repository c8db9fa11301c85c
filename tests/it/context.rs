//! Contexts: whose defaults hold, and that a word of the line always goes before them.

use crate::lab::{Lab, Run};
use serde_json::{Value, json};
use std::fs;

const CONFIG: &str = "\
# ours
contexts:
  live:
    instances:
      noop: here
    timeout_ms: 5000
    yes: never
  lab:
    instances:
      noop: there
    json: true
  hasty:
    timeout_ms: 120
";

fn lab() -> Lab {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "add", "there"]).ok();
    fs::write(lab.home().join("config.yaml"), CONFIG).unwrap();
    lab
}

/// The instance of the newest operation in the log.
fn newest(lab: &Lab) -> Value {
    let log = lab.run(["witness", "query", "-n", "1", "--provider", "noop", "--json"]).json();
    log["entries"][0]["opened"]["leaf"]["instance"].clone()
}

fn with_variable(lab: &Lab, name: &str, words: &[&str]) -> Run {
    Run::from(lab.command(words).env("IF_CONTEXT", name).output().unwrap())
}

#[test]
fn a_contexts_instance_stands_where_the_line_names_none() {
    let lab = lab();
    lab.run(["noop", "ping", "a=1"]).fails("IF_ERR_USAGE", 2);
    lab.run(["noop", "ping", "a=1", "--context", "live"]).ok();
    assert_eq!(newest(&lab), "here");
    // A word that names an instance is the instance, wherever options stand.
    lab.run(["--context=live", "noop", "--quiet", "ping", "there", "a=1"]).ok();
    assert_eq!(newest(&lab), "there");
    lab.run(["noop", "test", "--context", "lab"]).ok();
    assert_eq!(newest(&lab), "there");
    lab.run(["noop", "greet", "Ann", "--manner", "kindly", "--context", "live"]).ok();
    assert_eq!(newest(&lab), "here");
}

#[test]
fn flag_goes_before_variable_before_file() {
    let lab = lab();
    lab.run(["context", "use", "live"]).ok();
    assert!(fs::read_to_string(lab.home().join("config.yaml")).unwrap().contains("# ours"));
    lab.run(["noop", "ping"]).ok();
    assert_eq!(newest(&lab), "here");
    // `lab` makes results JSON, too.
    let result = with_variable(&lab, "lab", &["noop", "ping", "a=1"]).json();
    assert_eq!((result, newest(&lab)), (json!({"a": "1"}), json!("there")));
    let text = with_variable(&lab, "lab", &["noop", "ping", "a=1", "--format", "text"]).ok();
    assert_eq!(text, "a:  1\n");
    with_variable(&lab, "lab", &["noop", "ping", "--context", "live"]).ok();
    assert_eq!(newest(&lab), "here");
    lab.run(["context", "use", "--none"]).ok();
    assert_eq!(fs::read_to_string(lab.home().join("config.yaml")).unwrap(), CONFIG);
}

#[test]
fn a_contexts_time_holds_unless_a_flag_or_the_environment_has_another() {
    let lab = lab();
    let time = |run: Run| {
        let shown = run.json();
        let rows = shown["values"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["key"] == "timeout_ms").unwrap();
        (row["value"].clone(), row["from"].as_str().unwrap().to_owned())
    };
    let show = ["context", "show", "hasty", "--json"];
    assert_eq!(time(lab.run(show)), (json!(120), "context".to_owned()));
    let flag = time(lab.run(show.iter().chain(&["--timeout", "2s"])));
    assert_eq!(flag, (json!(2000), "flag".to_owned()));
    let mut command = lab.command(show);
    let variable = time(Run::from(command.env("IF_TIMEOUT", "3s").output().unwrap()));
    assert_eq!(variable, (json!(3000), "environment".to_owned()));
    // It is a default: it stops no stream, as --timeout does.
    let stream = ["noop", "stream", "here", "--count", "20", "--json", "--context", "hasty"];
    let ticks = lab.run(stream).ok();
    assert_eq!(ticks.lines().filter(|line| line.contains("\"tick\"")).count(), 20);
}

#[test]
fn a_contexts_time_ends_a_command() {
    let lab = Lab::with(&["hostile"]);
    let text = "context: hasty\ncontexts:\n  hasty:\n    instances:\n      hostile: here\n    \
                timeout_ms: 120\n";
    lab.run(["hostile", "add", "here", "--host", "127.0.0.1", "--port", "9"]).ok();
    fs::write(lab.home().join("config.yaml"), text).unwrap();
    lab.run(["hostile", "sleep-forever"]).fails("IF_ERR_LIMIT_DEADLINE", 5);
    // The manifest alone would let it sleep for two seconds.
    let logged = lab.run(["witness", "query", "-n", "1", "--json"]).json();
    let took = logged["entries"][0]["closed"]["leaf"]["timing"]["wall_ms"].as_u64().unwrap();
    assert!(took < 1_500, "{logged}");
}

#[test]
fn a_context_can_forbid_a_yes_and_never_say_it() {
    let lab = lab();
    let error = lab.run(["noop", "ping", "--yes", "--context", "live"]).fails("IF_ERR_USAGE", 2);
    assert!(error.contains("context `live` never takes --yes"), "{error}");
    fs::write(lab.home().join("config.yaml"), "contexts:\n  bold:\n    yes: true\n").unwrap();
    let error = lab.run(["noop", "list"]).fails("IF_ERR_CONFIG", 2);
    assert!(error.contains("config.yaml:3:10") && error.contains("hint: yes: never"), "{error}");
}

#[test]
fn removing_wants_the_instance_spelled_out() {
    let lab = lab();
    lab.run(["noop", "remove", "--yes", "--context", "lab"]).fails("IF_ERR_USAGE", 2);
    assert_eq!(
        lab.run(["noop", "list", "--json"]).json()["instances"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn a_context_that_is_not_there_is_named_with_its_neighbour() {
    let lab = lab();
    let error = lab.run(["noop", "ping", "--context", "life"]).fails("IF_ERR_USAGE", 2);
    assert!(error.contains("no context `life`") && error.contains("`live`"), "{error}");
    with_variable(&lab, "life", &["noop", "ping"]).fails("IF_ERR_USAGE", 2);
    // Looking at the contexts works all the same.
    let listed = with_variable(&lab, "life", &["context", "list", "--json"]).json();
    assert_eq!(listed["contexts"].as_array().unwrap().len(), 3);
    lab.run(["context", "use", "life"]).fails("IF_ERR_USAGE", 2);
}
