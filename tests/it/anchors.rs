//! Anchors off this machine: what the image of a whole disk, put back, hides from everything on it.

use crate::lab::{Lab, copy_tree};
use std::fs;
use std::path::{Path, PathBuf};

/// A home with a log, and an anchor `stick` that keeps what there is so far.
fn anchored() -> (Lab, PathBuf) {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let stick = lab.path().join("stick");
    fs::create_dir(&stick).unwrap();
    let path = stick.display().to_string();
    lab.run(["witness", "anchor", "add", "stick", "--directory", &path]).ok();
    lab.run(["witness", "anchor", "run"]).ok();
    (lab, stick.join("checkpoint"))
}

/// The home as it is now, to be put back later: database and local anchor together.
fn image(lab: &Lab) -> PathBuf {
    let image = lab.path().join("image");
    copy_tree(&lab.home(), &image);
    image
}

fn put_back(lab: &Lab, image: &Path) {
    fs::remove_dir_all(lab.home()).unwrap();
    copy_tree(image, &lab.home());
}

fn names(folder: &Path) -> Vec<u64> {
    let name = |entry: fs::DirEntry| entry.file_name().to_str().unwrap().parse().unwrap();
    let mut names: Vec<u64> = fs::read_dir(folder).unwrap().map(|e| name(e.unwrap())).collect();
    names.sort_unstable();
    names
}

fn ping(lab: &Lab) {
    lab.run(["noop", "ping", "here"]).ok();
}

#[test]
fn the_image_of_a_disk_that_was_put_back_is_named_by_the_anchor_alone() {
    let (lab, kept) = anchored();
    let image = image(&lab);
    ping(&lab);
    ping(&lab);
    lab.run(["witness", "anchor", "run", "stick"]).ok();
    let before = names(&kept);
    put_back(&lab, &image);

    // Everything on this disk fits together.
    lab.run(["witness", "verify"]).ok();
    let error = lab.run(["witness", "anchor", "run"]).fails("IF_ERR_LOG_ROLLED_BACK", 4);
    assert!(error.contains("the log was rolled back") && error.contains("`stick`"), "{error}");
    assert_eq!(names(&kept), before, "nothing was written there");

    // It goes on from there, past the length that it had: two pasts, and both are signed.
    (0..4).for_each(|_| ping(&lab));
    lab.run(["witness", "verify"]).ok();
    let error = lab.run(["witness", "anchor", "run"]).fails("IF_ERR_LOG_FORKED", 4);
    assert!(error.contains("the log was forked"), "{error}");
    assert_eq!(names(&kept), before, "nothing was written there");
}

#[test]
fn an_anchor_keeps_a_checkpoint_for_each_length_and_never_another() {
    let (lab, kept) = anchored();
    let first = names(&kept);
    let note = fs::read_to_string(kept.join(first[0].to_string())).unwrap();
    assert!(note.starts_with("infrafabric/log/") && note.contains(&first[0].to_string()));
    let again = lab.run(["witness", "anchor", "run", "--json"]).json();
    assert_eq!(again["anchors"][0]["written"], false, "{again}");
    ping(&lab);
    let listed = lab.run(["witness", "anchor", "list", "--json"]).json();
    assert_eq!(listed["anchors"][0]["behind"], 2, "{listed}");
    let run = lab.run(["witness", "anchor", "run", "--json"]).json();
    assert_eq!(
        (&run["anchors"][0]["checked"], &run["anchors"][0]["written"]),
        (&1.into(), &true.into())
    );
    assert_eq!(names(&kept), [first[0], first[0] + 2]);
    let shown = lab.run(["witness", "anchor", "list"]).ok();
    assert!(shown.contains("stick") && shown.contains(&(first[0] + 2).to_string()), "{shown}");
    let file = kept.join(first[0].to_string()).display().to_string();
    lab.run(["witness", "verify", "--since", &file]).ok();
    assert_eq!(fs::read_to_string(&file).unwrap(), note);
}

#[test]
fn what_an_anchor_holds_counts_only_under_the_logs_own_signature() {
    let (lab, kept) = anchored();
    let first = kept.join(names(&kept)[0].to_string());
    let note = fs::read_to_string(&first).unwrap();
    let stranger = Lab::fresh();
    let foreign = stranger.run(["witness", "checkpoint"]).ok();
    let unsigned = "IF_ERR_LOG_UNSIGNED";
    fs::write(kept.join("1"), foreign).unwrap();
    let error = lab.run(["witness", "anchor", "run"]).fails(unsigned, 4);
    assert!(error.contains("`checkpoint/1`, which this log has not signed"), "{error}");
    // This log's own words, under a number that is not theirs; then cut, and then edited.
    fs::write(kept.join("1"), &note).unwrap();
    lab.run(["witness", "anchor", "run"]).fails(unsigned, 4);
    fs::remove_file(kept.join("1")).unwrap();
    for spoilt in [&note[..note.len() - 9], &note.replacen('\n', "\nx", 1), "\u{1b}[2J"] {
        fs::write(&first, spoilt).unwrap();
        let error = lab.run(["witness", "anchor", "run"]).fails(unsigned, 4);
        assert!(!error.contains('\u{1b}'), "{error}");
    }
    fs::write(&first, note).unwrap();
    lab.run(["witness", "anchor", "run"]).ok();
}

#[test]
fn an_anchor_that_has_lost_something_is_not_made_whole_again() {
    let (lab, kept) = anchored();
    let elsewhere = lab.path().join("elsewhere");
    fs::rename(&kept, &elsewhere).unwrap();
    ping(&lab);
    let error = lab.run(["witness", "anchor", "run"]).fails("IF_ERR_ANCHOR", 74);
    assert!(error.contains("has lost the checkpoint"), "{error}");
    assert!(!kept.exists(), "nothing was written there");
    fs::rename(&elsewhere, &kept).unwrap();
    lab.run(["witness", "anchor", "run"]).ok();
    fs::remove_dir_all(lab.path().join("stick")).unwrap();
    let error = lab.run(["witness", "anchor", "run"]).fails("IF_ERR_ANCHOR", 74);
    assert!(error.contains("is no folder that is there"), "{error}");
}

#[test]
fn one_anchor_that_fails_does_not_keep_the_others_from_their_checkpoint() {
    let (lab, kept) = anchored();
    let other = lab.path().join("other");
    fs::create_dir(&other).unwrap();
    let path = other.display().to_string();
    lab.run(["witness", "anchor", "add", "other", "--directory", &path]).ok();
    lab.run(["witness", "anchor", "run"]).ok();
    fs::remove_dir_all(&other).unwrap();
    ping(&lab);
    let run = lab.run(["witness", "anchor", "run"]);
    assert!(run.stdout.contains("stick now keeps"), "{run:?}");
    run.fails("anchor `other`", 74);
    assert_eq!(names(&kept).len(), 3);
    lab.run(["witness", "anchor", "remove", "other"]).ok();
    lab.run(["witness", "anchor", "run"]).ok();
    lab.run(["witness", "anchor", "remove", "other"]).fails("there is no anchor `other`", 2);
    let log = lab.run(["witness", "log"]).ok();
    assert!(log.contains("anchor other added") && log.contains("anchor other removed"), "{log}");
}

#[test]
fn doctor_says_what_only_an_anchor_off_this_machine_can_notice() {
    let lab = Lab::fresh();
    let warned = lab.run(["doctor"]).ok();
    assert!(warned.contains("the image of a whole disk"), "{warned}");
    let (lab, _) = anchored();
    // It lies on the disk of the home here, which is said instead.
    let told = lab.run(["doctor"]).ok();
    assert!(!told.contains("the image of a whole disk"), "{told}");
    assert!(told.contains("is on the disk of the home"), "{told}");
}

#[test]
fn what_is_no_place_for_an_anchor_is_refused() {
    let lab = Lab::fresh();
    let add = |more: &[&str]| {
        lab.run(["witness", "anchor", "add", "stick"].iter().chain(more)).fails("IF_ERR_USAGE", 2)
    };
    let home = lab.home().join("keys").display().to_string();
    assert!(add(&["--directory", &home]).contains("lies in the home"));
    assert!(add(&["--directory", "/nowhere/at/all"]).contains("no folder that is there"));
    assert!(add(&["--s3", "s3://bucket"]).contains("is no place in a bucket"));
    assert!(add(&["--s3", "https://a.example/b", "--region", "EU"]).contains("region"));
    assert!(add(&[]).contains("--directory"));
    lab.run(["witness", "anchor", "run"]).fails("there is no anchor off this machine", 2);
    assert!(lab.run(["witness", "anchor", "list"]).ok().contains("no anchor off this machine"));
}
