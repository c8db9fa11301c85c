//! Every committed seed of the plugins' targets.

#[path = "../../replay.rs"]
mod replay;

use if_fuzz_plugins::TARGETS;
use replay::{failures, names, seeds};

#[test]
fn every_seed_is_survived() {
    let failures = failures(TARGETS, &seeds());
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_folders_of_seeds_are_the_targets() {
    let ours = |name: &String| name.starts_with("plugin-") || name.starts_with("sdk-");
    let folders: Vec<String> = names(&seeds()).into_iter().filter(ours).collect();
    let targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(folders, targets, "in the order of their names");
}
