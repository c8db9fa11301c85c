//! The lists and their people: what is said before a list expires, what still runs afterwards, and
//! who counts how often.

use crate::errors::date_allow_list;
use crate::lab::Lab;
use crate::trust_root::pair;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// The allow-list's time, in days before and after this moment.
fn dated(lab: &Lab, issued_ago: u64, expires_in: i64) {
    const DAY_MS: u64 = 24 * 3_600_000;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let expires = now.saturating_add_signed(expires_in * DAY_MS as i64);
    // A minute more, so that a day is whole however long the test takes.
    date_allow_list(&lab.home(), now - issued_ago * DAY_MS, expires + 60_000);
}

#[test]
fn an_old_allow_list_is_said_in_time_and_grants_what_already_ran_a_marked_week() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let stranger = lab.package("hostile");
    lab.run(["plugin", "sign", &stranger]).ok();
    lab.run(["plugin", "allow", &stranger]).ok();
    let ping = || lab.run(["noop", "ping", "here"]);
    let reasons = || {
        let log = lab.run(["witness", "query", "--provider", "noop", "--json", "-n", "1"]).json();
        log["entries"][0]["opened"]["leaf"]["decision"]["reasons"].to_string()
    };
    dated(&lab, 70, 20);
    assert_eq!(ping().stderr, "");
    dated(&lab, 80, 10);
    let warned = ping().stderr;
    assert!(warned.contains("warning: the allow-list expires in 10 days"), "{warned}");
    assert!(warned.contains("`ifctl plugin allow` renews it"), "{warned}");
    assert!(!reasons().contains("expire"), "only what ran in grace is marked");
    let doctor = lab.run(["doctor"]).ok();
    assert_eq!(doctor.matches("the allow-list expires in 10 days").count(), 1, "{doctor}");

    dated(&lab, 92, -2);
    let grace = ping();
    assert!(grace.stderr.contains("keeps running for 5 days"), "{grace:?}");
    grace.ok();
    assert!(reasons().contains("the allow-list has expired"), "{}", reasons());
    lab.run(["plugin", "install", &stranger]).fails("error[IF_ERR_ALLOW_EXPIRED]", 4);
    lab.run(["doctor"]).fails("error[IF_ERR_ALLOW_EXPIRED]", 4);
    lab.run(["witness", "verify"]).ok();

    dated(&lab, 98, -8);
    ping().fails("error[IF_ERR_ALLOW_EXPIRED]", 4);
    lab.run(["plugin", "allow", "noop"]).ok();
    assert_eq!(ping().stderr, "");
}

#[test]
fn one_reviewer_with_two_voices_counts_once_and_two_count_twice() {
    let lab = Lab::with(&["noop"]);
    let (ada, ada_public) = pair(&lab, "ada");
    let (ben, ben_public) = pair(&lab, "ben");
    for public in [&ada_public, &ben_public] {
        lab.run(["trust", "add-key", "reviewer", public]).ok();
    }
    let package = lab.package("noop");
    fs::remove_dir_all(format!("{package}/approvals")).unwrap();
    let review =
        |key: &str| lab.run(["plugin", "sign", &package, "--role", "reviewer", "--key", key]);
    lab.run(["plugin", "sign", &package]).ok();
    lab.run(["plugin", "allow", &package, "--reviewers", "2"]).ok();
    review(&ada).ok();
    let file = |number: u32| format!("{package}/approvals/{number:012x}.json");
    let approvals = || fs::read_dir(format!("{package}/approvals")).unwrap().count();
    // Her voice under another name is still hers.
    let hers: Vec<_> = fs::read_dir(format!("{package}/approvals"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for (number, path) in (90..).zip(hers) {
        let _ = fs::copy(path, file(number));
    }
    assert!(approvals() >= 3);
    let refused = lab.run(["plugin", "verify", &package]).fails("IF_ERR_SIGNATURE_MISSING", 4);
    assert!(refused.contains("1 of 2"), "{refused}");
    review(&ben).ok();
    let verified = lab.run(["plugin", "verify", &package]).ok();
    assert!(verified.contains("reviewer"), "{verified}");
}

#[test]
fn what_is_taken_off_the_allow_list_does_not_come_back_with_an_older_one() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let list = lab.home().join("trust/allow.json");
    let older = fs::read(&list).unwrap();
    let gone = lab.run(["plugin", "disallow", "noop"]).ok();
    assert!(gone.contains("disallowed: if://capability/") && gone.contains("version 3"), "{gone}");
    let refused = lab.run(["noop", "ping", "here"]).fails("error[IF_ERR_NOT_ALLOWED]", 4);
    assert!(refused.contains("ifctl plugin allow"), "{refused}");
    let log = lab.run(["witness", "query", "-n", "5"]).ok();
    assert!(log.contains("allowed no more"), "{log}");
    // Nothing ran under the new list; it is remembered all the same.
    let newer = fs::read(&list).unwrap();
    fs::write(&list, older).unwrap();
    lab.run(["noop", "ping", "here"]).fails("error[IF_ERR_ROLLED_BACK]", 4);
    fs::write(&list, newer).unwrap();
    lab.run(["plugin", "disallow", "noop"]).fails("error[IF_ERR_USAGE]", 2);
    lab.run(["plugin", "allow", "noop"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
}

#[test]
fn a_revocation_does_not_go_with_an_older_list_before_anything_ran() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let list = lab.home().join("trust/deny.json");
    let older = fs::read(&list).unwrap();
    lab.run(["plugin", "revoke", "noop", "--reason", "found wanting"]).ok();
    fs::write(&list, older).unwrap();
    lab.run(["noop", "ping", "here"]).fails("error[IF_ERR_ROLLED_BACK]", 4);
}
