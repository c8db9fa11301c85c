//! Every committed seed of the host's targets.

#[path = "../../replay.rs"]
mod replay;

use if_fuzz::TARGETS;
use replay::{failures, names, seeds};

/// Folders of the plugins' targets, which `tests/fuzz/plugins` replays.
const PLUGINS: [&str; 2] = ["plugin-", "sdk-"];

#[test]
fn every_seed_is_survived() {
    let failures = failures(TARGETS, &seeds());
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_folders_of_seeds_are_the_targets() {
    let ours = |name: &String| !PLUGINS.iter().any(|prefix| name.starts_with(prefix));
    let folders: Vec<String> = names(&seeds()).into_iter().filter(ours).collect();
    let targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(folders, targets, "in the order of their names");
}
