//! A home in one file and back: whole, verified, closed, and never further back than the machine
//! remembers.

use crate::lab::{Lab, Run};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

const PASSPHRASE: &str = "correct horse battery\n";

/// A home with a plugin, an instance, a secret and a few entries in the log.
fn lab() -> Lab {
    let lab = Lab::with(&["obs"]);
    lab.run(["obs", "add", "studio", "--host", "127.0.0.1", "--port", "9"]).ok();
    lab.feed(["secret", "set", "obs", "studio", "password"], "hunter2hunter2\n").ok();
    fs::write(lab.home().join("config.yaml"), "# mine\nversion: 1\n").unwrap();
    lab
}

fn file(lab: &Lab) -> String {
    lab.path().join("saved.ifbackup").display().to_string()
}

fn save(lab: &Lab) -> Value {
    let file = file(lab);
    lab.feed(["backup", &file, "--json"], PASSPHRASE).json()
}

/// What a home says of itself.
fn portrait(lab: &Lab) -> Value {
    json!({
        "plugins": lab.run(["plugin", "list", "--json"]).json(),
        "instances": lab.run(["obs", "list", "--json"]).json(),
        "secrets": lab.run(["secret", "list", "--json"]).json(),
        "config": fs::read_to_string(lab.home().join("config.yaml")).unwrap(),
    })
}

#[test]
fn a_home_comes_back_whole_on_another_machine() {
    let lab = lab();
    let before = portrait(&lab);
    let saved = save(&lab);
    let bytes = fs::read(file(&lab)).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
    assert_eq!(fs::metadata(file(&lab)).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!bytes.windows(7).any(|part| part == b"hunter2"));

    let other = Lab::bare();
    let restored = other.feed(["restore", &file(&lab), "--json"], PASSPHRASE).json();
    assert_eq!(restored["head"], saved["head"]);
    assert_eq!(restored["replaced"], Value::Null);
    assert_eq!(portrait(&other), before);
    let verified = other.run(["witness", "verify", "--json"]).json();
    assert_eq!(verified["leaves"], json!(saved["leaves"].as_u64().unwrap() + 1));
    let log = other.run(["witness", "log", "-n", "1"]).ok();
    assert!(log.contains("home restored from"), "{log}");
    let open = other.home().read_dir().unwrap().map(|entry| entry.unwrap().path());
    for path in open.chain([other.home()]) {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is open to others", path.display());
    }
    other.run(["doctor"]).ok();
    // Plugins run, secrets open: the device is merely not there.
    other.run(["obs", "version", "studio"]).fails("IF_ERR_UNREACHABLE", 1);
}

#[test]
fn a_home_is_overwritten_only_with_a_yes_and_is_kept() {
    let lab = lab();
    save(&lab);
    lab.run(["obs", "remove", "studio", "--yes"]).ok();
    let file = file(&lab);
    let error = lab.feed(["restore", &file], PASSPHRASE).fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    assert!(error.contains(&format!("hint: ifctl restore {file} --yes")), "{error}");
    assert_eq!(lab.run(["obs", "list", "--json"]).json()["instances"], json!([]));

    let restored = lab.feed(["restore", &file, "--yes", "--json"], PASSPHRASE).json();
    let replaced = PathBuf::from(restored["replaced"].as_str().unwrap());
    assert!(replaced.join("if.db").is_file());
    let instances = lab.run(["obs", "list", "--json"]).json();
    assert_eq!(instances["instances"].as_array().unwrap().len(), 1);
    let text = fs::read_to_string(replaced.join("providers/obs.yaml")).unwrap();
    assert!(!text.contains("studio:"), "{text}");
}

#[test]
fn what_cannot_be_trusted_is_not_restored_and_changes_nothing() {
    let lab = lab();
    save(&lab);
    let other = Lab::bare();
    let refused = |path: &str, passphrase: &str, code: &str, exit: i32| {
        let error = other.feed(["restore", path], passphrase).fails(code, exit);
        assert!(!other.home().exists(), "{error}");
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0, "something is left over");
        error
    };
    refused(&file(&lab), "wrong horse battery\n", "IF_ERR_USAGE", 2);
    let mut bytes = fs::read(file(&lab)).unwrap();
    let changed = lab.path().join("changed").display().to_string();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&changed, &bytes).unwrap();
    refused(&changed, PASSPHRASE, "IF_ERR_USAGE", 2);
    fs::write(&changed, &bytes[..middle]).unwrap();
    refused(&changed, PASSPHRASE, "IF_ERR_USAGE", 2);
    fs::write(&changed, "something else").unwrap();
    let error = refused(&changed, PASSPHRASE, "IF_ERR_USAGE", 2);
    assert!(error.contains("is not a backup"), "{error}");
    refused("/nonexistent", PASSPHRASE, "IF_ERR_USAGE", 2);
}

/// A plain archive, unpacked, spoilt by `spoil`, packed again in the same order.
fn spoilt(lab: &Lab, spoil: impl Fn(&std::path::Path)) -> String {
    let plain = lab.path().join("plain.tar");
    let folder = lab.path().join("unpacked");
    lab.run(["backup", &plain.display().to_string(), "--no-passphrase", "--yes"]).ok();
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    let tar = |words: &[&str]| {
        let out = Command::new("tar").args(words).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let (plain, inside) = (plain.display().to_string(), folder.display().to_string());
    let names = tar(&["--list", "--file", &plain]);
    tar(&["--extract", "--file", &plain, "--directory", &inside]);
    spoil(&folder);
    let again = lab.path().join("spoilt.tar").display().to_string();
    let mut words = vec!["--create", "--file", &again, "--directory", &inside];
    words.extend(names.lines());
    tar(&words);
    again
}

#[test]
fn a_file_that_is_not_what_was_listed_is_refused() {
    let lab = lab();
    let edit = |folder: &std::path::Path, name: &str, from: &str, to: &str| {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    };
    let restore = |file: &str| Lab::bare().run(["restore", file]);
    // Packed again without a change, it is the same backup: what follows fails for its reason.
    restore(&spoilt(&lab, |_| {})).ok();
    let file = spoilt(&lab, |folder| edit(folder, "config.yaml", "mine", "thine"));
    assert!(restore(&file).fails("IF_ERR_USAGE", 2).contains("`config.yaml` is not what"));
    let file = spoilt(&lab, |folder| {
        edit(folder, "backup.json", "\"config.yaml\"", "\"../config.yaml\"");
    });
    assert!(restore(&file).fails("IF_ERR_USAGE", 2).contains("is not listed"));
    let file = spoilt(&lab, |folder| edit(folder, "backup.json", "\"format\": 1", "\"format\": 2"));
    restore(&file).fails("IF_ERR_STORE_NEWER", 74);
    let file = spoilt(&lab, |folder| {
        fs::remove_file(folder.join("config.yaml")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.join("config.yaml")).unwrap();
    });
    assert!(restore(&file).fails("IF_ERR_USAGE", 2).contains("is no plain file"));
}

#[test]
fn without_a_passphrase_only_when_it_is_said() {
    let lab = lab();
    let file = file(&lab);
    lab.run(["backup", &file]).fails("IF_ERR_USAGE", 2);
    lab.feed(["backup", &file], "short\n").fails("IF_ERR_USAGE", 2);
    let run = lab.run(["backup", &file, "--no-passphrase"]);
    assert!(run.stderr.contains("not encrypted"), "{}", run.stderr);
    run.ok();
    lab.run(["backup", &file, "--no-passphrase"]).fails("IF_ERR_USAGE", 2);
    lab.run(["backup", &file, "--no-passphrase", "--yes"]).ok();
    let inside = lab.home().join("saved").display().to_string();
    lab.run(["backup", &inside, "--no-passphrase"]).fails("IF_ERR_USAGE", 2);
    Lab::bare().run(["restore", &file]).ok();
}

#[test]
fn floors_do_not_fall_by_a_restore() {
    let lab = lab();
    save(&lab);
    // The allow-list grows, and a plugin runs under it: the machine has seen version 3 or later.
    lab.run(["plugin", "allow", "obs", "--host", "example.com:443"]).ok();
    assert_ne!(lab.run(["obs", "version", "studio"]).exit, 4);
    let restored = lab.feed(["restore", &file(&lab), "--yes", "--json"], PASSPHRASE).json();
    let warnings = restored["warnings"].to_string();
    assert!(warnings.contains("allow.json"), "{warnings}");
    assert_eq!(lab.run(["obs", "version", "studio"]).exit, 1, "it runs under the newer list");

    // With the older list put back by hand, the floor that was carried over refuses it.
    let other = Lab::bare();
    other.feed(["restore", &file(&lab)], PASSPHRASE).ok();
    let allow = "trust/allow.json";
    fs::copy(other.home().join(allow), lab.home().join(allow)).unwrap();
    lab.run(["obs", "version", "studio"]).fails("IF_ERR_ROLLED_BACK", 4);
}

/// A run whose stdin is closed cannot be asked.
#[test]
fn a_passphrase_may_stand_in_a_file() {
    let lab = lab();
    let (file, secret) = (file(&lab), lab.path().join("passphrase"));
    fs::write(&secret, PASSPHRASE).unwrap();
    let secret = secret.display().to_string();
    lab.run(["backup", &file, "--passphrase-file", &secret]).ok();
    let run: Run = Lab::bare().run(["restore", &file, "--passphrase-file", &secret]);
    run.ok();
}
