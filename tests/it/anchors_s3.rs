//! Anchors in a bucket. The server here is a fake, which checks each signature by arithmetic of its
//! own, and misbehaves on demand.

use crate::lab::{Lab, Run, copy_tree};
use if_fakes::S3Fake;
use if_fakes::s3::{ACCESS_KEY, Fault, REGION, SECRET_KEY};
use std::fs;

/// A home whose anchor `cloud` is in this bucket, with its keys in the vault.
fn anchored(s3: &S3Fake) -> Lab {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let url = s3.url("studio");
    let add = ["witness", "anchor", "add", "cloud", "--s3", &url, "--region", REGION];
    let added = lab.run(add);
    assert!(added.stderr.contains("ifctl secret set witness cloud access-key"), "{added:?}");
    added.ok();
    set(&lab, ACCESS_KEY, SECRET_KEY);
    lab
}

fn set(lab: &Lab, access: &str, secret: &str) {
    lab.feed(["secret", "set", "witness", "cloud", "access-key"], access).ok();
    lab.feed(["secret", "set", "witness", "cloud", "secret-key"], secret).ok();
}

/// The secret is in nothing that is said.
fn run(lab: &Lab) -> Run {
    let run = lab.run(["witness", "anchor", "run", "cloud"]);
    assert!(!run.stderr.contains(SECRET_KEY) && !run.stdout.contains(SECRET_KEY), "{run:?}");
    run
}

fn fails(lab: &Lab, words: &str) {
    let error = run(lab).fails("IF_ERR_ANCHOR", 74);
    assert!(error.contains(words), "{error}");
}

#[test]
fn a_bucket_keeps_each_checkpoint_and_names_a_disk_that_was_put_back() {
    let s3 = S3Fake::start().unwrap();
    let lab = anchored(&s3);
    // Further than a page of its list.
    for _ in 0..4 {
        run(&lab).ok();
        lab.run(["noop", "ping", "here"]).ok();
    }
    let image = lab.path().join("image");
    copy_tree(&lab.home(), &image);
    lab.run(["noop", "ping", "here"]).ok();
    let told = lab.run(["witness", "anchor", "run", "--json"]).json();
    assert_eq!(told["anchors"][0]["checked"], 4, "{told}");
    let before = s3.objects();
    assert_eq!(before.len(), 5, "{:?}", before.keys());
    assert!(before.keys().all(|key| key.starts_with("studio/checkpoint/")));
    fs::remove_dir_all(lab.home()).unwrap();
    copy_tree(&image, &lab.home());
    lab.run(["witness", "verify"]).ok();
    run(&lab).fails("IF_ERR_LOG_ROLLED_BACK", 4);
    (0..3).for_each(|_| drop(lab.run(["noop", "ping", "here"]).ok()));
    run(&lab).fails("IF_ERR_LOG_FORKED", 4);
    assert_eq!(s3.objects(), before, "nothing was written there");
    for (path, bytes) in lab.files() {
        let found = bytes.windows(SECRET_KEY.len()).any(|some| some == SECRET_KEY.as_bytes());
        assert!(!found, "the secret stands in {}", path.display());
    }
}

#[test]
fn what_a_server_refuses_is_told_with_the_line_that_mends_it() {
    let s3 = S3Fake::start().unwrap();
    let lab = anchored(&s3);
    set(&lab, ACCESS_KEY, "another-secret");
    let error = run(&lab).fails("IF_ERR_ANCHOR", 74);
    assert!(error.contains("(SignatureDoesNotMatch)"), "{error}");
    assert!(error.contains("hint: ifctl secret set witness cloud secret-key"), "{error}");
    set(&lab, "another-key", SECRET_KEY);
    fails(&lab, "(InvalidAccessKeyId)");
    set(&lab, ACCESS_KEY, SECRET_KEY);
    s3.misbehave(Some(Fault::Skewed));
    fails(&lab, "hint: set the clock of this machine");
    s3.misbehave(None);
    run(&lab).ok();
    // What was kept there is missed, and not put there again as if nothing had been.
    s3.misbehave(Some(Fault::Forgets));
    lab.run(["noop", "ping", "here"]).ok();
    fails(&lab, "has lost the checkpoint");
    drop(s3);
    fails(&lab, "cannot reach");
}

#[test]
fn a_server_that_writes_over_what_is_there_is_no_anchor() {
    let s3 = S3Fake::start().unwrap();
    let lab = anchored(&s3);
    s3.misbehave(Some(Fault::Overwrites));
    fails(&lab, "it writes over what is there");
}

#[test]
fn a_foreign_checkpoint_in_the_bucket_counts_for_nothing() {
    let s3 = S3Fake::start().unwrap();
    let lab = anchored(&s3);
    let foreign = Lab::fresh().run(["witness", "checkpoint"]).ok();
    s3.put("studio/checkpoint/2", foreign.as_bytes());
    s3.put("studio/checkpoint/readme", b"no number");
    run(&lab).fails("IF_ERR_LOG_UNSIGNED", 4);
    assert_eq!(s3.objects().len(), 2, "nothing was written there");
}

#[test]
fn an_anchor_has_two_secrets_and_none_without_them() {
    let s3 = S3Fake::start().unwrap();
    let lab = anchored(&s3);
    let set = |anchor: &str, name: &str| lab.feed(["secret", "set", "witness", anchor, name], "x");
    set("cloud", "password").fails("IF_ERR_USAGE", 2);
    set("stick", "access-key").fails("there is no anchor `stick`", 2);
    lab.run(["secret", "remove", "witness", "cloud", "secret-key"]).ok();
    let error = run(&lab).fails("IF_ERR_SECRET_MISSING", 2);
    assert!(error.contains("hint: ifctl secret set witness cloud secret-key"), "{error}");
    assert!(s3.server.requests().is_empty(), "nobody was asked without a key");
}
