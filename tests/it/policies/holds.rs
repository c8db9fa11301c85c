//! Commands that wait for people.

use super::{TWO, apply, governed, newest, person};
use crate::lab::{Lab, sql};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// The id of the hold that a refusal names.
fn held(said: &str) -> String {
    let (_, id) = said.split_once("holds approve ").unwrap();
    id.lines().next().unwrap().to_owned()
}

fn cut(lab: &Lab, words: &[&str]) -> String {
    let line = ["vmix", "cut", "switcher"].iter().chain(words);
    held(&lab.run(line).fails("IF_ERR_HELD", 6))
}

fn shown(lab: &Lab, hold: &str) -> Value {
    lab.run(["governor", "holds", "show", hold, "--json"]).json()["hold"].clone()
}

#[test]
fn what_others_approve_runs_once_exactly_as_it_was_asked() {
    let (lab, vmix) = governed(&["two-person"]);
    let bob = person(&lab, "bob.key");
    apply(&lab, TWO);
    lab.run(["vmix", "state", "switcher"]).ok();
    let before = vmix.functions_seen().len();
    let hold = cut(&lab, &["--why", "the show begins"]);
    let denied = newest(&lab);
    assert_eq!(denied["opened"]["leaf"]["decision"]["verdict"], "hold");
    assert_eq!(denied["opened"]["leaf"]["trace"], Value::from(hold.as_str()));
    let open = lab.run(["governor", "holds", "list", "--json"]).json();
    assert_eq!(open["holds"][0]["asked"]["why"], "the show begins");
    let same = cut(&lab, &["--why", "the show begins"]);
    assert_eq!(same, hold, "the same again is the same hold");
    let other = cut(&lab, &["--why", "another reason"]);
    assert_ne!(other, hold);
    assert_eq!(vmix.functions_seen().len(), before, "nothing was sent");

    let said = lab.run(["governor", "holds", "approve", &hold]);
    let said = said.fails("IF_ERR_APPROVAL_REFUSED", 4);
    assert!(said.contains("with this very key"), "{said}");
    let done = lab.run(["governor", "holds", "approve", &hold, "--key", &bob]);
    assert!(done.stderr.contains("approved (1 of 1), and done: vmix cut switcher"), "{done:?}");
    done.ok();
    assert!(vmix.functions_seen().len() > before, "it was sent");
    let ran = newest(&lab);
    let leaf = &ran["opened"]["leaf"];
    assert_eq!((&leaf["kind"], &leaf["command"]), (&"intent".into(), &"cut".into()));
    assert_eq!(leaf["trace"], Value::from(hold.as_str()));
    assert_eq!(ran["parts"]["why"], "the show begins");
    assert!(leaf["decision"]["reasons"].to_string().contains("approved by "), "{leaf}");
    let it = shown(&lab, &hold);
    assert_eq!((&it["now"], &it["operation"]), (&"done".into(), &leaf["operation"]));
    lab.run(["governor", "holds", "approve", &hold, "--key", &bob]).fails("IF_ERR_HOLD_CLOSED", 4);
    // Its approval was for once.
    assert_ne!(cut(&lab, &["--why", "the show begins"]), hold);
}

#[test]
fn each_of_several_people_counts_once() {
    let (lab, _vmix) = governed(&["two-person"]);
    let (bob, carol) = (person(&lab, "bob.key"), person(&lab, "carol.key"));
    apply(&lab, &TWO.replace("effect: write", "effect: write, approvals: 2"));
    let hold = cut(&lab, &[]);
    let approve = |key: &str| lab.run(["governor", "holds", "approve", &hold, "--key", key]);
    assert!(approve(&bob).ok().contains("approved (1 of 2)"));
    let said = approve(&bob).fails("IF_ERR_APPROVAL_REFUSED", 4);
    assert!(said.contains("has spoken already"), "{said}");
    let stranger = lab.path().join("mallory.key").display().to_string();
    lab.run(["trust", "new-key", &stranger, "--no-passphrase"]).ok();
    let said = approve(&stranger).fails("IF_ERR_APPROVAL_REFUSED", 4);
    assert!(said.contains("the trust root does not name it"), "{said}");
    assert_eq!(shown(&lab, &hold)["approvers"].as_array().unwrap().len(), 1);
    assert!(approve(&carol).stderr.contains("and done"));
}

#[test]
fn a_word_that_was_changed_in_the_database_does_not_count() {
    let (lab, _vmix) = governed(&["two-person"]);
    let (bob, carol) = (person(&lab, "bob.key"), person(&lab, "carol.key"));
    apply(&lab, &TWO.replace("effect: write", "effect: write, approvals: 2"));
    let (hold, other) = (cut(&lab, &[]), cut(&lab, &["--why", "another"]));
    lab.run(["governor", "holds", "approve", &other, "--key", &bob]).ok();
    // A word about another command, and a hold that says it is approved.
    sql(&lab, &format!("update hold_voice set hold = '{hold}'"));
    sql(&lab, &format!("update hold set state = 'approved' where id = '{hold}'"));
    assert_eq!(shown(&lab, &hold)["approvers"].as_array().unwrap().len(), 0);
    assert_eq!(cut(&lab, &[]), hold, "it still waits");
    let said = lab.run(["governor", "holds", "approve", &hold, "--key", &carol]);
    said.fails("IF_ERR_HOLD_CLOSED", 4);
}

#[test]
fn one_no_is_enough_and_an_hour_without_a_word_too() {
    let (lab, _vmix) = governed(&["two-person"]);
    let bob = person(&lab, "bob.key");
    apply(&lab, TWO);
    let hold = cut(&lab, &[]);
    lab.run(["governor", "holds", "deny", &hold, "--key", &bob]).ok();
    assert_eq!(shown(&lab, &hold)["now"], "denied");
    lab.run(["governor", "holds", "approve", &hold, "--key", &bob]).fails("IF_ERR_HOLD_CLOSED", 4);

    let hold = cut(&lab, &[]);
    let hour = 3_600_000;
    sql(&lab, &format!("update hold set at = at - {hour}, expires = expires - {hour}"));
    let said = lab.run(["governor", "holds", "approve", &hold, "--key", &bob]);
    let said = said.fails("IF_ERR_HOLD_CLOSED", 4);
    assert!(said.contains("nobody decided in time"), "{said}");
    let list = lab.run(["governor", "holds", "list", "--json"]).json();
    assert_eq!(list["holds"], serde_json::json!([]));
    let log = lab.run(["witness", "query", "--text", "expired: denied", "--json"]).json();
    assert_eq!(log["entries"].as_array().unwrap().len(), 1, "the log says so");

    let hold = cut(&lab, &[]);
    sql(&lab, &format!("update hold set at = at + {hour}, expires = expires + {hour}"));
    let said = lab.run(["governor", "holds", "approve", &hold, "--key", &bob]);
    said.fails("IF_ERR_CLOCK_BACK", 2);
}

#[test]
fn at_most_ten_wait_for_one_user() {
    let (lab, _vmix) = governed(&["two-person"]);
    apply(&lab, TWO);
    for number in 0..10 {
        cut(&lab, &["--why", &number.to_string()]);
    }
    let eleventh = ["vmix", "cut", "switcher", "--why", "one more"];
    let said = lab.run(eleventh).fails("IF_ERR_HOLD_QUOTA", 5);
    assert!(said.contains("ifctl governor holds list"), "{said}");
    cut(&lab, &["--why", "3"]);
    let held = lab.run(["governor", "holds", "list", "--json"]).json();
    assert_eq!(held["holds"].as_array().unwrap().len(), 10);
}

#[test]
fn people_are_told_by_a_program_of_the_operators() {
    let (lab, _vmix) = governed(&["two-person"]);
    apply(&lab, TWO);
    let (hook, told) = (lab.path().join("hook"), lab.path().join("told"));
    fs::write(&hook, format!("#!/bin/sh\ncat > {}\n", told.display())).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o700)).unwrap();
    let rules = |line: &str| {
        fs::write(lab.home().join("governor.yaml"), format!("holds:\n  {line}\n")).unwrap();
    };
    rules(&format!("hook: [{}]", hook.display()));
    let hold = cut(&lab, &[]);
    let message: Value = serde_json::from_str(&fs::read_to_string(&told).unwrap()).unwrap();
    assert_eq!((&message["hold"], &message["verdict"]), (&hold.as_str().into(), &"hold".into()));
    assert_eq!(message["command"], "ifctl vmix cut switcher");
    rules("hook: [/nowhere/at/all]");
    let said = lab.run(["vmix", "fade", "switcher"]).fails("IF_ERR_HELD", 6);
    assert!(said.contains("nobody was told: /nowhere/at/all"), "{said}");
}

#[test]
fn people_are_told_by_a_webhook() {
    use if_fakes::http::{Canned, HttpFake};
    let (lab, _vmix) = governed(&["two-person"]);
    apply(&lab, TWO);
    let fake = HttpFake::start(|_| Canned::ok("{}")).unwrap();
    let url = fake.url("/held");
    fs::write(lab.home().join("governor.yaml"), format!("holds:\n  webhook: {url}\n")).unwrap();
    let hold = cut(&lab, &[]);
    let posted = fake.requests();
    assert_eq!(posted.len(), 1);
    let message: Value = serde_json::from_slice(&posted[0].body).unwrap();
    assert_eq!(message["hold"], Value::from(hold));
}

#[test]
fn a_plugin_that_may_not_run_any_more_does_not_run_because_somebody_approves() {
    let (lab, _vmix) = governed(&["two-person"]);
    let bob = person(&lab, "bob.key");
    apply(&lab, TWO);
    let hold = cut(&lab, &[]);
    // The plugin is disallowed meanwhile: approved or not, it does not run.
    lab.run(["plugin", "disallow", "vmix"]).ok();
    lab.run(["governor", "holds", "approve", &hold, "--key", &bob]).fails("IF_ERR_NOT_ALLOWED", 4);
}
