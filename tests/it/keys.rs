//! Signing keys lie under a passphrase unless their owner wanted none: asked for on a terminal,
//! read from a file otherwise, and never guessed around.

use crate::lab::Lab;
use crate::terminal::Terminal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const PASSPHRASE: &str = "correct horse battery";
const SEALED: &[u8] = b"age-encryption.org/v1\n";

/// A file with these words, closed to others.
fn file(lab: &Lab, name: &str, words: &str) -> String {
    let path = lab.path().join(name);
    fs::write(&path, format!("{words}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

fn own_key(lab: &Lab) -> String {
    let shown = lab.run(["trust", "show", "--json"]).json();
    shown["own_key"].as_str().unwrap_or_default().to_owned()
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_home_has_its_key_under_a_passphrase() {
    let lab = Lab::bare();
    let refused = lab.run(["init"]).fails("IF_ERR_PASSPHRASE", 4);
    assert!(refused.contains("hint: ifctl init --passphrase-file <file>"), "{refused}");
    assert!(refused.contains("ifctl init --no-passphrase"), "{refused}");
    assert!(!lab.home().exists(), "nothing was made");
    let short = file(&lab, "short", "seven c");
    lab.run(["init", "--passphrase-file", &short]).fails("fewer than 8", 2);
    let right = file(&lab, "right", PASSPHRASE);
    let made = lab.run(["init", "--passphrase-file", &right, "--json"]).json();

    let key = lab.home().join("keys/root.key");
    let bytes = fs::read(&key).unwrap();
    assert!(bytes.starts_with(SEALED) && mode(&key) == 0o600);
    // Whose key it is can be told without the passphrase, by us and by openssl.
    assert_eq!(own_key(&lab), made["root_key"].as_str().unwrap());
    let public = lab.home().join("keys/root.key.pub");
    let mut openssl = Command::new("openssl");
    openssl.args(["pkey", "-pubin", "-noout", "-in"]).arg(public);
    assert!(openssl.status().unwrap().success());

    let package = lab.package("noop");
    let sign = ["plugin", "sign", &package];
    let error = lab.run(sign).fails("IF_ERR_PASSPHRASE", 4);
    assert!(error.contains(&format!("plugin sign {package} --passphrase-file <file>")), "{error}");
    let wrong = file(&lab, "wrong", "battery staple horse");
    let with = |words: &[&str], file: &str| {
        lab.run(words.iter().copied().chain(["--passphrase-file", file]))
    };
    let error = with(&sign, &wrong).fails("IF_ERR_PASSPHRASE", 4);
    assert!(error.contains("root.key is not opened by this passphrase"), "{error}");
    assert_eq!(fs::read(&key).unwrap(), bytes, "nothing was lost");
    assert!(!lab.path().join("noop-package/approvals").exists(), "and nothing was signed");

    with(&sign, &right).ok();
    with(&["plugin", "allow", &package], &right).ok();
    // What does not sign does not ask: installing, running, the log.
    lab.run(["plugin", "install", &package]).ok();
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    lab.run(["witness", "verify"]).ok();
    // For all lines of a script, the environment names the file.
    let revoke = ["plugin", "revoke", "noop", "--reason", "a test"];
    lab.run(revoke).fails("IF_ERR_PASSPHRASE", 4);
    let mut command = lab.command(revoke);
    assert!(command.env("IF_KEY_PASSPHRASE_FILE", &right).status().unwrap().success());
    lab.run(["noop", "ping", "here"]).fails("IF_ERR_REVOKED", 4);
    // A sealed key that others may read is refused like any other.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    with(&sign, &right).fails("can be read by others", 4);
}

#[test]
fn a_passphrase_is_set_changed_rotated_and_removed() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let (key, id) = (lab.home().join("keys/root.key"), own_key(&lab));
    let (one, two) = (file(&lab, "one", PASSPHRASE), file(&lab, "two", "another long passphrase"));
    let passphrase = |words: &[&str]| lab.run(["trust", "passphrase"].iter().chain(words));
    passphrase(&[]).fails("IF_ERR_PASSPHRASE", 4);
    passphrase(&["--new-passphrase-file", &one]).ok();
    assert!(fs::read(&key).unwrap().starts_with(SEALED) && mode(&key) == 0o600);
    assert_eq!(own_key(&lab), id, "the key is the same");

    let before = fs::read(&key).unwrap();
    passphrase(&["--passphrase-file", &two, "--new-passphrase-file", &two])
        .fails("IF_ERR_PASSPHRASE", 4);
    assert_eq!(fs::read(&key).unwrap(), before, "nothing was lost");

    // A rotation opens the old key and seals the new one.
    lab.run(["trust", "rotate"]).fails("IF_ERR_PASSPHRASE", 4);
    assert_eq!(own_key(&lab), id, "nothing was rotated");
    let rotate = ["trust", "rotate", "--passphrase-file", &one, "--new-passphrase-file", &two];
    lab.run(rotate).ok();
    assert_ne!(own_key(&lab), id);
    assert!(lab.home().join("keys/root.key.of-root-1.pub").exists());
    lab.run(["noop", "ping", "here"]).ok();
    let allow = ["plugin", "allow", "noop", "--host", "localhost:9", "--passphrase-file"];
    lab.run(allow.iter().chain(&[one.as_str()])).fails("IF_ERR_PASSPHRASE", 4);
    lab.run(allow.iter().chain(&[two.as_str()])).ok();

    passphrase(&["--passphrase-file", &two, "--no-passphrase"]).ok();
    assert!(fs::read_to_string(&key).unwrap().contains("PRIVATE KEY"));
    assert_eq!(mode(&key), 0o600);
    lab.run(["plugin", "allow", "noop", "--host", "localhost:10"]).ok();
    let log = lab.run(["witness", "log"]).ok();
    assert!(log.contains("is under a new passphrase now") && log.contains("in the clear"), "{log}");
}

#[test]
fn a_reviewers_key_is_made_here_and_signs_only_when_opened() {
    let lab = Lab::with(&["noop"]);
    let (ada, words) = (lab.path().join("ada.key"), file(&lab, "words", PASSPHRASE));
    let ada = ada.display().to_string();
    lab.run(["trust", "new-key", &ada]).fails("IF_ERR_PASSPHRASE", 4);
    lab.run(["trust", "new-key", &ada, "--passphrase-file", &words]).ok();
    lab.run(["trust", "new-key", &ada, "--no-passphrase"]).fails("never written over", 2);
    lab.run(["trust", "add-key", "reviewer", &format!("{ada}.pub")]).ok();
    lab.run(["plugin", "allow", "noop", "--reviewers", "1"]).ok();
    let package = lab.package("noop");
    let sign = ["plugin", "sign", &package, "--role", "reviewer", "--key", &ada];
    lab.run(sign).fails("IF_ERR_PASSPHRASE", 4);
    lab.run(sign.iter().chain(&["--passphrase-file", words.as_str()])).ok();
    lab.run(["plugin", "sign", &package]).ok();
    lab.run(["plugin", "install", &package]).ok();
}

#[test]
fn a_person_is_asked_twice_for_a_new_passphrase_and_once_for_a_known_one() {
    let lab = Lab::bare();
    let mut terminal = Terminal::start(&lab.command(["init"]));
    terminal.shows("passphrase for the new key:");
    terminal.hides();
    terminal.send("correct horse battery\n");
    terminal.shows("once more:");
    terminal.hides();
    terminal.send("correct horse batteri\n");
    terminal.shows("the two passphrases differ");
    terminal.end();
    assert!(!lab.home().exists());

    let mut terminal = Terminal::start(&lab.command(["init"]));
    terminal.shows("passphrase for the new key:");
    terminal.hides();
    terminal.send("correct horse battery\n");
    terminal.shows("once more:");
    terminal.hides();
    terminal.send("correct horse battery\n");
    terminal.shows("root key:");
    assert!(!terminal.end().contains("correct horse"));
    assert!(fs::read(lab.home().join("keys/root.key")).unwrap().starts_with(SEALED));

    let package = lab.package("noop");
    let mut terminal = Terminal::start(&lab.command(["plugin", "sign", &package]));
    terminal.shows("passphrase of");
    terminal.hides();
    terminal.send("correct horse battery\n");
    terminal.shows("signed by:");
    assert!(!terminal.end().contains("correct horse"));

    let mut terminal = Terminal::start(&lab.command(["plugin", "allow", &package]));
    terminal.hides();
    terminal.send("something else entirely\n");
    terminal.shows("IF_ERR_PASSPHRASE");
    terminal.end();
    // A program that reads JSON has nobody to ask, terminal or not.
    let mut terminal = Terminal::start(&lab.command(["plugin", "allow", &package, "--json"]));
    terminal.shows("there is nobody to ask");
    terminal.send("\n");
    terminal.end();
}

#[test]
fn a_backup_carries_the_key_as_it_is() {
    let lab = Lab::with(&["noop"]);
    let words = file(&lab, "words", PASSPHRASE);
    lab.run(["trust", "passphrase", "--new-passphrase-file", &words]).ok();
    let saved = lab.path().join("saved").display().to_string();
    lab.run(["backup", &saved, "--no-passphrase"]).ok();
    let other = Lab::bare();
    other.run(["restore", &saved]).ok();
    assert_eq!(own_key(&other), own_key(&lab));
    let key = other.home().join("keys/root.key");
    assert!(fs::read(&key).unwrap().starts_with(SEALED) && mode(&key) == 0o600);
    let allow = ["plugin", "allow", "noop", "--host", "localhost:9"];
    other.run(allow).fails("IF_ERR_PASSPHRASE", 4);
    other.run(allow.iter().chain(&["--passphrase-file", words.as_str()])).ok();
}
