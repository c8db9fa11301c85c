//! A released interface never changes: its folder must have the digest it was released with.
//!
//! `released.toml` names the frozen folders of `wit/`. Until 1.0 is released the list is empty, and
//! 0.1.0 may still move.

use super::{Finding, files::Tree};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Where the digests stand.
const LIST: &str = "host/xtask/released.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Released {
    /// Folder from the root → SHA-256 over its files' paths and texts.
    folders: BTreeMap<String, String>,
}

/// Frozen folders that changed, or are gone.
pub fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let text = tree.files.get(LIST).with_context(|| format!("{LIST} is missing"))?;
    let released: Released =
        toml::from_str(text).with_context(|| format!("{LIST} cannot be read"))?;
    let changed = released.folders.iter().filter(|(folder, was)| digest(tree, folder) != **was);
    let findings = changed.map(|(folder, _)| {
        let now = digest(tree, folder);
        let message = format!("released and frozen: make a new version beside it (now {now})");
        Finding::new(folder, 0, message)
    });
    Ok(findings.collect())
}

/// Over `path NUL length NUL text` of each file in order, so that no two trees look alike.
fn digest(tree: &Tree, folder: &str) -> String {
    let mut hash = Sha256::new();
    let prefix = format!("{folder}/");
    for (path, text) in tree.files.iter().filter(|(path, _)| path.starts_with(&prefix)) {
        hash.update(format!("{path}\0{}\0{text}", text.len()));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str, list: &str) -> usize {
        let tree = Tree::of(&[("wit/a-1.0.0/world.wit", text), (LIST, list)]);
        check(&tree).unwrap().len()
    }

    #[test]
    fn a_frozen_folder_that_moves_is_found() {
        let tree = Tree::of(&[("wit/a-1.0.0/world.wit", "world a {}")]);
        let list = format!("[folders]\n\"wit/a-1.0.0\" = \"{}\"", digest(&tree, "wit/a-1.0.0"));
        assert_eq!(findings("world a {}", &list), 0);
        assert_eq!(findings("world a { }", &list), 1);
        assert_eq!(findings("world a { }", "[folders]"), 0);
        assert_eq!(findings("", "[folders]\n\"wit/gone\" = \"00\""), 1);
        assert!(check(&Tree::of(&[])).is_err(), "a list that is not there freezes nothing");
    }
}
