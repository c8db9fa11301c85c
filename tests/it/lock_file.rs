//! The signed lock file: the same plugins give the same bytes, every change is a refusal, and what
//! differs from it is shown line by line.

use crate::lab::Lab;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use if_manifest::SigningKey;
use if_manifest::dsse::Envelope;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

fn path(lab: &Lab) -> PathBuf {
    lab.home().join("trust/lock.json")
}

fn envelope(bytes: &[u8]) -> (Value, Value) {
    let envelope: Value = serde_json::from_slice(bytes).unwrap();
    let payload = STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    let payload = serde_json::from_slice(&payload).unwrap();
    (envelope, payload)
}

/// A package of `noop` that says another thing of itself, signed.
fn other_noop(lab: &Lab) -> String {
    let source = lab.path().join("other");
    crate::lab::copy_tree(&crate::lab::root().join("tests/guests/noop"), &source);
    let declaration = source.join("plugin.toml");
    let text = fs::read_to_string(&declaration).unwrap();
    let changed = text.replace("version = \"0.1.0\"", "version = \"0.1.1\"");
    let changed = changed.replace("release = 1", "release = 2");
    assert_ne!(text, changed);
    fs::write(&declaration, changed).unwrap();
    let built = crate::lab::root().join("plugins/target/wasm32-wasip2/release/if_guest_noop.wasm");
    let built = built.display().to_string();
    let package = lab.path().join("other-package").display().to_string();
    let source = source.display().to_string();
    lab.run(["plugin", "pack", &source, "--component", &built, "--out", &package]).ok();
    lab.run(["plugin", "sign", &package]).ok();
    package
}

#[test]
fn the_same_plugins_give_the_same_file_and_it_verifies() {
    let lab = Lab::with(&["noop", "vmix"]);
    lab.run(["plugin", "verify", "--locked"]).fails("IF_ERR_LOCK_DRIFT", 4);
    assert_eq!(lab.run(["plugin", "verify", "--json"]).json()["locked"], false);
    let written = lab.run(["plugin", "lock", "--json"]).json();
    let first = fs::read(path(&lab)).unwrap();
    let (_, payload) = envelope(&first);
    assert_eq!(payload["plugins"], written["plugins"]);
    let own = lab.run(["trust", "show", "--json"]).json()["own_key"].clone();
    let verified = lab.run(["plugin", "verify", "noop", "--json"]).json();
    let line = &payload["plugins"][0];
    assert_eq!(
        (&line["provider"], &line["version"], &line["manifest_sha256"], &line["component_sha256"]),
        (&json!("noop"), &verified["version"], &verified["manifest"], &verified["component"])
    );
    assert_eq!(line["publishers"], json!([own]));
    lab.run(["plugin", "lock"]).ok();
    assert_eq!(fs::read(path(&lab)).unwrap(), first, "not the same bytes");
    assert_eq!(lab.run(["plugin", "verify", "--json"]).json()["locked"], true);
    assert_eq!(lab.run(["plugin", "verify", "noop", "--json"]).json()["locked"], true);
    // It travels with a backup.
    let saved = lab.path().join("saved").display().to_string();
    lab.run(["backup", &saved, "--no-passphrase"]).ok();
    let other = Lab::bare();
    other.run(["restore", &saved]).ok();
    other.run(["plugin", "verify", "--locked"]).ok();
}

#[test]
fn every_field_is_signed_and_every_byte_of_the_payload() {
    let lab = Lab::with(&["noop"]);
    let package = lab.package("noop");
    lab.run(["plugin", "sign", &package]).ok();
    lab.run(["plugin", "lock"]).ok();
    let good = fs::read(path(&lab)).unwrap();
    let (envelope, payload) = envelope(&good);
    let refused = |what: &str, bytes: &[u8]| {
        fs::write(path(&lab), bytes).unwrap();
        for words in [
            &["plugin", "verify"][..],
            &["plugin", "install", &package],
            &["plugin", "allow", &package],
        ] {
            let run = lab.run(words);
            assert_eq!(run.exit, 4, "{what}, {words:?}: {}", run.stdout);
            assert!(run.stderr.contains("lock.json"), "{what}, {words:?}: {}", run.stderr);
        }
    };
    let fields = payload["plugins"][0].as_object().unwrap().keys().cloned();
    for field in fields {
        let mut changed = payload.clone();
        let value = &mut changed["plugins"][0][&field];
        *value = match value.take() {
            Value::Number(number) => json!(number.as_u64().unwrap() + 1),
            Value::Array(_) => json!([]),
            Value::String(text) => {
                let (head, last) = text.split_at(text.len() - 1);
                json!(format!("{head}{}", if last == "0" { "1" } else { "0" }))
            }
            other => panic!("{other}"),
        };
        let mut forged = envelope.clone();
        forged["payload"] = STANDARD.encode(serde_json::to_vec(&changed).unwrap()).into();
        refused(&field, &serde_json::to_vec(&forged).unwrap());
    }
    let mut gone = envelope.clone();
    gone["payload"] = STANDARD.encode(br#"{"plugins":[]}"#).into();
    refused("no plugins", &serde_json::to_vec(&gone).unwrap());
    for (member, value) in [
        ("payloadType", json!("application/vnd.infrafabric.deny-list.v1+json")),
        ("signatures", json!([])),
    ] {
        let mut forged = envelope.clone();
        forged[member] = value;
        refused(member, &serde_json::to_vec(&forged).unwrap());
    }
    // Signed well, by a key that nobody here gave a role.
    let stranger = SigningKey::from_seed(&[7; 32].into());
    let kind = envelope["payloadType"].as_str().unwrap();
    let sealed = Envelope::seal(kind, serde_json::to_vec(&payload).unwrap(), &[&stranger]);
    refused("a stranger's", &sealed.to_bytes());
    refused("cut short", &good[..good.len() / 2]);
    fs::write(path(&lab), &good).unwrap();
    lab.run(["plugin", "verify", "--locked"]).ok();
}

#[test]
fn what_differs_is_shown_line_by_line_and_refused_when_locked() {
    let lab = Lab::with(&["noop"]);
    lab.run(["plugin", "lock"]).ok();
    let package = other_noop(&lab);
    let before = fs::read(lab.home().join("trust/allow.json")).unwrap();
    let error = lab.run(["plugin", "allow", &package, "--locked"]).fails("IF_ERR_LOCK_DRIFT", 4);
    for line in [
        "`noop` has version 0.1.1, the lock file 0.1.0",
        "`noop` has release 2, the lock file 1",
        "`noop` has manifest sha256:",
    ] {
        assert!(error.contains(line), "{line}\n{error}");
    }
    assert!(!error.contains("has component") && !error.contains("has publishers"), "{error}");
    assert_eq!(fs::read(lab.home().join("trust/allow.json")).unwrap(), before, "it was allowed");

    let warned = lab.run(["plugin", "allow", &package]);
    assert!(warned.stderr.contains("has version 0.1.1"), "{}", warned.stderr);
    warned.ok();
    lab.run(["plugin", "verify", &package]).ok();
    lab.run(["plugin", "verify", &package, "--locked"]).fails("IF_ERR_LOCK_DRIFT", 4);
    lab.run(["plugin", "install", &package, "--locked"]).fails("IF_ERR_LOCK_DRIFT", 4);
    lab.run(["plugin", "verify", "--locked"]).ok();
    let warned = lab.run(["plugin", "install", &package]);
    assert!(warned.stderr.contains("has release 2, the lock file 1"), "{}", warned.stderr);
    warned.ok();
    lab.run(["plugin", "verify"]).fails("IF_ERR_LOCK_DRIFT", 4);
    lab.run(["plugin", "verify", "noop"]).fails("IF_ERR_LOCK_DRIFT", 4);
    lab.run(["plugin", "lock"]).ok();
    lab.run(["plugin", "install", &package, "--locked"]).ok();

    // One more, and one fewer.
    lab.install("vmix");
    let error = lab.run(["plugin", "verify"]).fails("IF_ERR_LOCK_DRIFT", 4);
    assert!(error.contains("`vmix`") && error.contains("is not in the lock file"), "{error}");
    lab.run(["plugin", "lock"]).ok();
    fs::remove_dir_all(lab.home().join("plugins/vmix")).unwrap();
    let error = lab.run(["plugin", "verify"]).fails("IF_ERR_LOCK_DRIFT", 4);
    assert!(error.contains("is not installed"), "{error}");
}

#[test]
fn a_rotation_signs_it_anew_and_a_bundle_is_held_against_it() {
    let lab = Lab::with(&["noop"]);
    lab.run(["plugin", "lock"]).ok();
    let station = Lab::bare();
    crate::lab::copy_tree(lab.path(), station.path());
    lab.run(["trust", "rotate", "--no-passphrase"]).ok();
    lab.run(["plugin", "verify", "--locked"]).ok();

    let package = other_noop(&lab);
    lab.run(["plugin", "allow", &package]).ok();
    lab.run(["plugin", "install", &package]).ok();
    let file = lab.path().join("b.ifbundle").display().to_string();
    lab.run(["bundle", "create", &file]).ok();
    let root = fs::read(station.home().join("trust/root.json")).unwrap();
    let error = station.run(["bundle", "install", &file, "--locked"]);
    let error = error.fails("IF_ERR_LOCK_DRIFT", 4);
    assert!(error.contains("`noop` has version 0.1.1"), "{error}");
    assert_eq!(fs::read(station.home().join("trust/root.json")).unwrap(), root, "trust came in");
    let warned = station.run(["bundle", "install", &file]);
    assert!(warned.stderr.contains("`noop` has version 0.1.1"), "{}", warned.stderr);
    warned.ok();
}
