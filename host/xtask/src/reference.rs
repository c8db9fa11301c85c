//! `cargo xtask gen [--check]`: the reference pages, from the program itself.
//!
//! The program knows its commands, codes and variables; a page written by hand would only be
//! another copy. `--check` names every page that differs, is missing, or is nobody's any more.

use crate::scenario::Scene;
use crate::shell;
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Where the pages are committed.
const FOLDER: &str = "docs/reference";

/// Writes the pages, and removes those that no longer exist.
pub fn write() -> Result<()> {
    let (folder, fresh) = (shell::root().join(FOLDER), tempfile::tempdir()?);
    generate(fresh.path())?;
    let pages_now = pages(fresh.path())?;
    for name in pages(&folder)?.keys().filter(|name| !pages_now.contains_key(*name)) {
        fs_err::remove_file(folder.join(name))?;
    }
    for (name, text) in &pages_now {
        let path = folder.join(name);
        fs_err::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs_err::write(path, text)?;
    }
    println!("{FOLDER} written");
    Ok(())
}

/// Compares the pages with those committed.
pub fn check() -> Result<()> {
    let fresh = tempfile::tempdir()?;
    generate(fresh.path())?;
    let stale = differences(&pages(&shell::root().join(FOLDER))?, &pages(fresh.path())?);
    if stale.is_empty() {
        println!("{FOLDER} is what the program says");
        return Ok(());
    }
    bail!("{FOLDER} is not what the program says; run cargo xtask gen:\n  {}", stale.join("\n  "))
}

fn generate(folder: &Path) -> Result<()> {
    shell::run(&mut shell::build())?;
    shell::run(std::process::Command::new(Scene::debug_binary()).arg("__reference").arg(folder))
}

/// Pages by their path below the folder.
fn pages(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    if folder.exists() {
        collect(folder, "", &mut pages)?;
    }
    Ok(pages)
}

fn collect(folder: &Path, prefix: &str, pages: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), pages)?;
        } else {
            pages.insert(name, fs_err::read_to_string(entry.path())?);
        }
    }
    Ok(())
}

fn differences(
    committed: &BTreeMap<String, String>,
    fresh: &BTreeMap<String, String>,
) -> Vec<String> {
    let names: BTreeSet<_> = committed.keys().chain(fresh.keys()).collect();
    let verdict = |name: &String| match (committed.get(name), fresh.get(name)) {
        (Some(old), Some(new)) if old == new => None,
        (Some(_), Some(_)) => Some(format!("{name} differs")),
        (None, _) => Some(format!("{name} is missing")),
        (_, None) => Some(format!("{name} is not generated any more")),
    };
    names.into_iter().filter_map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_difference_is_named() {
        let pages = |list: &[(&str, &str)]| {
            list.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
        };
        let committed = pages(&[("cli.md", "a"), ("errors.md", "b"), ("old.md", "c")]);
        let fresh = pages(&[("cli.md", "a"), ("errors.md", "B"), ("new.md", "d")]);
        let expected =
            ["errors.md differs", "new.md is missing", "old.md is not generated any more"];
        assert_eq!(differences(&committed, &fresh), expected);
        assert!(differences(&fresh, &fresh).is_empty());
    }

    #[test]
    fn pages_in_folders_are_found() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("errors")).unwrap();
        fs_err::write(folder.path().join("errors/a.md"), "a").unwrap();
        fs_err::write(folder.path().join("cli.md"), "c").unwrap();
        let found = pages(folder.path()).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["cli.md", "errors/a.md"]);
    }
}
