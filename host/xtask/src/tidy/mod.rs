//! `cargo xtask tidy`: the invariants of docs/ARCHITECTURE.md that no compiler checks.
//!
//! Each rule is a pure function from texts to findings, with a test that trips it; this module
//! reads the files and runs the rules. A rule knows no exception but the list that may only shrink.

mod files;
pub mod floors;
mod frozen;
mod functions;
mod fuzzing;
mod layout;
mod ratchet;
mod registered;
mod secretive;
mod skeleton;
mod text;

use crate::shell;
use anyhow::{Result, bail};
use files::Tree;
use std::fmt;

/// One violation: where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path from the root; for a crate, its manifest.
    pub path: String,
    /// From 1; 0 when the whole file is meant.
    pub line: usize,
    pub message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Runs the command.
pub fn run() -> Result<()> {
    let tree = Tree::read(&shell::root())?;
    let mut findings = ratchet::check(&tree, &ratchet::Exceptions::load(&tree)?);
    findings.extend(ratchet::grown(&tree)?);
    findings.extend(text::check(&tree));
    findings.extend(layout::check(&tree));
    findings.extend(registered::check(&tree));
    findings.extend(secretive::check(&tree));
    findings.extend(frozen::check(&tree)?);
    findings.extend(floors::check(&floors::metadata()?));
    findings.extend(fuzzing::check(&tree)?);
    if findings.is_empty() {
        println!("{} files are tidy", tree.files.len());
        return Ok(());
    }
    findings.sort();
    findings.iter().for_each(|finding| println!("{finding}"));
    bail!("{} findings", findings.len())
}
