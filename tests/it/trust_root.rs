//! Who may sign what: the root changes only by the keys that it names, and everything it vouches
//! for goes on.

use crate::lab::Lab;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// A key pair made by openssl, as a reviewer makes one: private and public file.
pub fn pair(lab: &Lab, name: &str) -> (String, String) {
    let at = |end: &str| lab.path().join(format!("{name}.{end}")).display().to_string();
    let (private, public) = (at("key"), at("pub"));
    for words in [
        &["genpkey", "-algorithm", "ed25519", "-out", &private][..],
        &["pkey", "-in", &private, "-pubout", "-out", &public],
    ] {
        assert!(Command::new("openssl").args(words).status().unwrap().success());
    }
    fs::set_permissions(&private, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    (private, public)
}

fn show(lab: &Lab) -> Value {
    lab.run(["trust", "show", "--json"]).json()
}

fn keys(root: &Value, role: &str) -> Vec<String> {
    let keys = root["root"]["roles"][role]["keys"].as_array().unwrap();
    keys.iter().map(|key| key.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_rotated_key_takes_the_old_ones_place_and_nothing_stops() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let before = show(&lab);
    let old = before["own_key"].as_str().unwrap().to_owned();
    let rotated = lab.run(["trust", "rotate", "--no-passphrase", "--json"]).json();
    let after = show(&lab);
    assert_eq!((&rotated["root_version"], &after["root"]["version"]), (&json!(2), &json!(2)));
    assert_ne!(after["root"]["sha256"], before["root"]["sha256"]);
    let new = after["own_key"].as_str().unwrap().to_owned();
    assert_eq!(rotated["key"], json!(new));
    for role in ["root", "publisher", "reviewer", "allowlist"] {
        assert_eq!(keys(&after, role), [new.as_str()], "{role}");
    }
    assert!(
        !after.to_string().contains(&old) && lab.home().join("keys/root.key.of-root-1").exists()
    );
    lab.run(["noop", "ping", "here"]).ok();
    lab.run(["plugin", "verify", "noop"]).ok();
    lab.install("vmix");
    lab.run(["trust", "rotate", "--no-passphrase"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    assert!(lab.run(["witness", "log"]).ok().contains("trust root is version 3 now"));
    // The root before the last one is a rollback, however well it is signed.
    let lists =
        ["root.json", "allow.json", "deny.json"].map(|name| lab.home().join("trust").join(name));
    let newest = lists.clone().map(|path| fs::read(path).unwrap());
    lab.run(["trust", "rotate", "--no-passphrase"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    for (path, bytes) in lists.iter().zip(newest) {
        fs::write(path, bytes).unwrap();
    }
    lab.run(["noop", "ping", "here"]).fails("IF_ERR_ROLLED_BACK", 4);
}

#[test]
fn an_interrupted_rotation_is_completed_by_the_next() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let rotate = ["trust", "rotate", "--no-passphrase"];
    lab.run(rotate).ok();
    let new = show(&lab)["own_key"].clone();
    let named = |from: &str, to: &str| {
        let keys = lab.home().join("keys");
        for end in ["", ".pub"] {
            let (from, to) = (format!("{from}{end}"), format!("{to}{end}"));
            fs::rename(keys.join(from), keys.join(to)).unwrap();
        }
    };
    // Interrupted when the old key had left and the new one had not yet come.
    named("root.key", "root.key.next");
    lab.run(["plugin", "allow", "noop"]).fails("IF_ERR_KEY_MISSING", 4);
    lab.run(rotate).ok();
    let after = show(&lab);
    assert_eq!((&after["own_key"], &after["root"]["version"]), (&new, &json!(2)));
    // Interrupted before that, behind the new root.
    named("root.key", "root.key.next");
    named("root.key.of-root-1", "root.key");
    lab.run(rotate).ok();
    let after = show(&lab);
    assert_eq!((&after["own_key"], &after["root"]["version"]), (&new, &json!(2)));
    lab.run(["plugin", "allow", "noop"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
}

#[test]
fn a_threshold_of_two_needs_two() {
    let lab = Lab::with(&["noop"]);
    let (ada, ada_public) = pair(&lab, "ada");
    let (_, ben_public) = pair(&lab, "ben");
    // A root that two must sign is signed by both when it is made.
    let add = ["trust", "add-key", "root", &ada_public, "--threshold", "2"];
    let error = lab.run(add).fails("IF_ERR_KEY_MISSING", 4);
    assert!(error.contains("and of 2 of its own") && error.contains("--key <file>"), "{error}");
    lab.run(add.iter().chain(&["--key", ada.as_str()])).ok();
    let root = show(&lab);
    assert_eq!(root["root"]["roles"]["root"]["threshold"], 2);
    // From now on, one alone changes nothing.
    let reviewer = ["trust", "add-key", "reviewer", &ben_public];
    lab.run(reviewer).fails("IF_ERR_KEY_MISSING", 4);
    lab.run(["trust", "rotate", "--no-passphrase"]).fails("IF_ERR_KEY_MISSING", 4);
    // One key twice is one.
    let own = lab.home().join("keys/root.key").display().to_string();
    lab.run(reviewer.iter().chain(&["--key", own.as_str()])).fails("IF_ERR_KEY_MISSING", 4);
    assert_eq!(show(&lab), root);
    lab.run(reviewer.iter().chain(&["--key", ada.as_str()])).ok();
    assert_eq!(keys(&show(&lab), "reviewer").len(), 2);
}

#[test]
fn keys_come_and_go_and_what_makes_no_sense_is_refused() {
    let lab = Lab::with(&["noop"]);
    let (private, public) = pair(&lab, "ada");
    let trust = |words: &[&str]| lab.run(["trust"].iter().chain(words));
    trust(&["init"]).fails("there are trust files", 2);
    trust(&["add-key", "reviewer", &private]).fails("holds no public key", 2);
    trust(&["add-key", "reviewer", "/nowhere.pub"]).fails("holds no public key", 2);
    trust(&["add-key", "boss", &public]).fails("one of root, publisher, reviewer", 2);
    trust(&["add-key", "publisher", &public]).fails("--scope if://capability/acme.", 2);
    trust(&["add-key", "publisher", &public, "--scope", "if://capability/ac"])
        .fails("end in a dot", 2);
    trust(&["add-key", "reviewer", &public, "--scope", "if://capability/a."])
        .fails("only a publisher", 2);
    trust(&["add-key", "reviewer", &public, "--threshold", "3"])
        .fails("never reach its threshold", 2);
    assert_eq!(show(&lab)["root"]["version"], 1, "nothing changed");

    trust(&["add-key", "reviewer", &public]).ok();
    trust(&["add-key", "reviewer", &public]).fails("speaks for reviewer already", 2);
    trust(&["add-key", "publisher", &public, "--scope", "if://capability/acme."]).ok();
    let root = show(&lab);
    let own = root["own_key"].as_str().unwrap().to_owned();
    let ada = keys(&root, "reviewer").into_iter().find(|key| *key != own).unwrap();
    let shown = trust(&["show"]).ok();
    assert!(shown.contains("if://capability/acme.") && shown.contains(&ada[..12]), "{shown}");
    // The longest prefix decides: what begins with test. is not Ada's.
    let package = lab.package("noop");
    fs::remove_dir_all(format!("{package}/approvals")).unwrap();
    lab.run(["plugin", "sign", &package, "--key", &private]).ok();
    let error = lab.run(["plugin", "verify", &package]).fails("IF_ERR_SIGNATURE_MISSING", 4);
    assert!(error.contains("may not publish if://capability/test.noop"), "{error}");

    trust(&["remove-key", &ada[..8]]).fails("names no key", 2);
    trust(&["remove-key", &own[..12]]).fails("is the last that speaks for root", 2);
    trust(&["remove-key", &ada[..12], "--role", "allowlist"]).fails("not for allowlist", 2);
    trust(&["remove-key", &ada[..12], "--role", "reviewer"]).ok();
    assert_eq!(keys(&show(&lab), "reviewer"), [own.as_str()]);
    trust(&["remove-key", &ada]).ok();
    assert!(!show(&lab).to_string().contains(&ada));
    assert_eq!(show(&lab)["root"]["version"], 5);
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
}

#[test]
fn the_successor_travels_in_a_bundle() {
    let (signer, station) = (Lab::with(&["noop"]), Lab::with(&["noop"]));
    station.run(["noop", "add", "here"]).ok();
    signer.run(["trust", "rotate", "--no-passphrase"]).ok();
    let file = signer.path().join("b.ifbundle").display().to_string();
    signer.run(["bundle", "create", &file]).ok();
    let installed = station.run(["bundle", "install", &file, "--json"]).json();
    assert_eq!(installed["trust_changed"], true);
    assert_eq!(show(&station)["root"]["sha256"], show(&signer)["root"]["sha256"]);
    station.run(["noop", "ping", "here"]).ok();
    // Two steps at once were never signed by what this home believes.
    signer.run(["trust", "rotate", "--no-passphrase"]).ok();
    signer.run(["trust", "rotate", "--no-passphrase"]).ok();
    signer.run(["bundle", "create", &file, "--yes"]).ok();
    station.run(["bundle", "install", &file]).fails("IF_ERR_ROOT_UNKNOWN", 4);
}
