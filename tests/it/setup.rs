//! Making a home, and refusing one that is not safe.

use crate::lab::Lab;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn init_makes_a_home_closed_to_others_and_refuses_to_make_it_twice() {
    let lab = Lab::fresh();
    for path in [
        "home",
        "home/keys",
        "home/keys/root.key",
        "home/keys/witness.key",
        "home/keys/host.key",
        "home/if.db",
    ] {
        let mode = fs::metadata(lab.path().join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path} is open to others");
    }
    let before = fs::read(lab.home().join("keys/root.key")).unwrap();
    assert_ne!(lab.run(["init", "--no-passphrase"]).exit, 0);
    assert_eq!(fs::read(lab.home().join("keys/root.key")).unwrap(), before);
}

#[test]
fn commands_without_a_home_say_how_to_make_one() {
    let error = Lab::bare().run(["plugin", "list"]).fails("IF_ERR_HOME_MISSING", 2);
    assert!(error.contains("hint: ifctl init"), "{error}");
}

#[test]
fn a_home_that_others_can_enter_is_refused_with_the_line_to_write() {
    let lab = Lab::fresh();
    fs::set_permissions(lab.home(), fs::Permissions::from_mode(0o755)).unwrap();
    let error = lab.run(["plugin", "list"]).fails("IF_ERR_HOME_UNSAFE", 2);
    assert!(error.contains("chmod 700"), "{error}");
}

#[test]
fn doctor_finds_a_fresh_home_sound_and_a_damaged_one_not() {
    let lab = Lab::with(&["noop"]);
    let report = lab.run(["doctor", "--json"]).json();
    let bad = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["health"] == "bad")
        .count();
    assert_eq!(bad, 0, "{report}");
    let component = lab.home().join("plugins/noop/component.wasm");
    let mut bytes = fs::read(&component).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&component, bytes).unwrap();
    lab.run(["doctor"]).fails("IF_ERR_TAMPERED", 4);
}

#[test]
fn help_and_version_work_without_a_home() {
    let lab = Lab::bare();
    assert!(lab.run(["--help"]).ok().contains("reserved word"));
    assert!(lab.run(["--version"]).ok().starts_with("ifctl "));
}

#[test]
fn completion_offers_providers_commands_instances_and_flags() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let offers = |words: &[&str]| {
        let line = ["__complete", "--"].iter().chain(words).copied();
        lab.run(line)
            .ok()
            .lines()
            .map(|l| l.split('\t').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(offers(&["no"]).contains(&"noop".to_owned()));
    assert!(offers(&["noop", "pi"]).contains(&"ping".to_owned()));
    assert_eq!(offers(&["noop", "ping", ""]), ["here"]);
    assert!(offers(&["noop", "ping", "here", "--dry"]).contains(&"--dry-run".to_owned()));
    for shell in ["bash", "zsh", "fish"] {
        assert!(lab.run(["completion", shell]).ok().contains("__complete"));
    }
}
