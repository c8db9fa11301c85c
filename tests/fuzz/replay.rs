//! The seeds on stable, without a fuzzer: each goes through its target, a panic is a failure that
//! names it. Shared by the tests of `targets` and `plugins`.

// A test may fail loudly, and its helpers are not inside `#[test]` functions.
#![allow(clippy::unwrap_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// A parser under fire, as both crates list them.
type Target = (&'static str, fn(&[u8]));

/// Where the seeds lie: a folder for each target.
pub fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../seeds")
}

/// The names in a folder, in order.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs_err::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries.map(|it| name(it).into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every seed that its target does not survive; a target without one is named too.
pub fn failures(targets: &[Target], seeds: &Path) -> Vec<String> {
    let mut failures = Vec::new();
    for (name, target) in targets {
        let folder = seeds.join(name);
        let files = if folder.is_dir() { names(&folder) } else { Vec::new() };
        if files.is_empty() {
            failures.push(format!("{name} has no seed"));
        }
        for file in files {
            let bytes = fs_err::read(folder.join(&file)).unwrap();
            if catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err() {
                failures.push(format!("{name}/{file}"));
            }
        }
    }
    failures
}

#[test]
fn a_seed_that_a_target_does_not_survive_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::create_dir(folder.path().join("explodes")).unwrap();
    for (file, bytes) in [("boom", "boom"), ("calm", "calm")] {
        fs_err::write(folder.path().join("explodes").join(file), bytes).unwrap();
    }
    let targets: [Target; 2] =
        [("explodes", |data| assert_ne!(data, b"boom")), ("starves", |_| {})];
    let found = failures(&targets, folder.path());
    assert_eq!(found, ["explodes/boom", "starves has no seed"]);
}
