//! The cache of compiled plugins in the hands of somebody else: what he puts there is compiled
//! again and never run, and the next command finds a good entry.

use crate::lab::Lab;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The entries of a lab's cache, sorted.
fn entries(lab: &Lab) -> Vec<PathBuf> {
    let cache = fs::read_dir(lab.path().join("cache")).unwrap();
    let paths = cache.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "aot")).collect();
    paths.sort();
    paths
}

fn with(plugins: &[&str]) -> Lab {
    let lab = Lab::with(plugins);
    lab.run(["noop", "add", "here"]).ok();
    lab
}

fn ping(lab: &Lab) -> String {
    lab.run(["noop", "ping", "here"]).ok()
}

/// A lab whose one entry works.
fn warm() -> (Lab, PathBuf) {
    let lab = with(&["noop"]);
    ping(&lab);
    let [entry] = &entries(&lab)[..] else { panic!("one plugin, one entry") };
    let entry = entry.clone();
    (lab, entry)
}

/// Spoils the one entry; the command answers as before, and leaves a good entry behind.
fn survives(what: &str, spoil: impl FnOnce(&Path)) {
    let (lab, entry) = warm();
    let (good, said) = (fs::read(&entry).unwrap(), ping(&lab));
    spoil(&entry);
    assert_eq!(ping(&lab), said, "{what}");
    let facts = fs::symlink_metadata(&entry).unwrap();
    assert!(facts.is_file() && facts.permissions().mode() & 0o777 == 0o600, "{what}");
    assert!(fs::read(&entry).unwrap() == good, "{what}: the entry was not made anew");
}

#[test]
fn poisoned_entries_are_compiled_again() {
    // Magic, MAC, the header of the code, and code.
    for at in [0, 8, 39, 40, 5_000, 100_000] {
        survives(&format!("byte {at}"), |entry| {
            let mut bytes = fs::read(entry).unwrap();
            bytes[at] ^= 0x40;
            fs::write(entry, bytes).unwrap();
        });
    }
}

#[test]
fn truncated_and_grown_entries_are_compiled_again() {
    for keep in [0, 1, 8, 40, 41, 4_096] {
        survives(&format!("cut at {keep}"), |entry| {
            let file = fs::OpenOptions::new().write(true).open(entry).unwrap();
            file.set_len(keep).unwrap();
        });
    }
    survives("grown", |entry| {
        let mut bytes = fs::read(entry).unwrap();
        bytes.extend_from_slice(&[0; 4_096]);
        fs::write(entry, bytes).unwrap();
    });
}

#[test]
fn links_and_pipes_are_no_entries() {
    survives("a link to a good entry", |entry| {
        let aside = entry.with_extension("aside");
        fs::rename(entry, &aside).unwrap();
        symlink(&aside, entry).unwrap();
    });
    survives("a link to a foreign file", |entry| {
        fs::remove_file(entry).unwrap();
        symlink("/etc/passwd", entry).unwrap();
    });
    survives("a pipe", |entry| {
        fs::remove_file(entry).unwrap();
        assert!(Command::new("mkfifo").args(["-m", "600"]).arg(entry).status().unwrap().success());
    });
}

/// Each has a genuine MAC, of the other plugin.
#[test]
fn entries_that_changed_places_are_compiled_again() {
    let lab = with(&["noop", "hostile"]);
    let said = ping(&lab);
    let [one, other] = &entries(&lab)[..] else { panic!("two plugins, two entries") };
    let (first, second) = (fs::read(one).unwrap(), fs::read(other).unwrap());
    fs::write(one, &second).unwrap();
    fs::write(other, &first).unwrap();
    assert_eq!(ping(&lab), said);
    let now = (fs::read(one).unwrap(), fs::read(other).unwrap());
    // One of them is the no-op's and good again; the other was not asked for.
    assert!(now == (first.clone(), first) || now == (second.clone(), second));
}

/// Who may write the file through another name changes what was verified: the MAC tells.
#[test]
fn a_second_name_of_an_entry_gives_no_hold_on_it() {
    survives("a hard link that is written through", |entry| {
        let second = entry.with_extension("second");
        fs::hard_link(entry, &second).unwrap();
        let mut bytes = fs::read(&second).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&second, bytes).unwrap();
    });
}

/// A cache that others may enter is refused, and the line to write is said.
#[test]
fn an_open_cache_is_refused() {
    let (lab, _) = warm();
    let cache = lab.path().join("cache");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o770)).unwrap();
    let run = lab.run(["noop", "ping", "here"]);
    assert_ne!(run.exit, 0, "{run:?}");
    assert!(run.stderr.contains(&format!("chmod 700 {}", cache.display())), "{run:?}");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).unwrap();
    ping(&lab);
}
