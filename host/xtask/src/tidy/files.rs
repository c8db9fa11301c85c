//! The repository's own texts: every file below the root that is ours, read once.
//!
//! Build output, hidden folders but our own dotfiles' and what git ignores by name stay out. A file
//! that is not text is noted by name only.

use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Folders that hold nothing of ours.
const SKIPPED: &[&str] = &["target", ".git", "node_modules"];
/// Largest text read; ours are far smaller, and what is larger is data.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// Texts by path from the root, `/`-separated.
#[derive(Debug, Default)]
pub struct Tree {
    pub files: BTreeMap<String, String>,
    /// Names directly in the root, folders included.
    pub top: BTreeSet<String>,
}

impl Tree {
    /// Reads everything.
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        for entry in fs_err::read_dir(root)? {
            tree.top.insert(entry?.file_name().to_string_lossy().into_owned());
        }
        tree.descend(root, "")?;
        Ok(tree)
    }

    /// A tree of these texts, for the rules' tests.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let top = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
        Self {
            top: files.iter().map(|(path, _)| top(path)).collect(),
            files: files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect(),
        }
    }

    /// Files whose name ends like this.
    pub fn ending(&self, end: &str) -> impl Iterator<Item = (&str, &str)> {
        let all = self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        all.filter(move |(path, _)| path.ends_with(end))
    }

    fn descend(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        for entry in fs_err::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                self.descend(&entry.path(), &format!("{path}/"))?;
            } else if kind.is_file() && entry.metadata()?.len() <= TEXT_BYTES_MAX {
                let text = String::from_utf8(fs_err::read(entry.path())?);
                self.files.insert(path, text.unwrap_or_default());
            }
        }
        Ok(())
    }
}
