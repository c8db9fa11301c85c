//! `cargo xtask deny`: licences, duplicates, sources and floors of all dependencies, as
//! `.deny.toml` says.
//!
//! Advisories are left out: their database lives on the network, and a check that depends on the
//! day is no check of this tree. `cargo deny check advisories` is one line for whoever wants it.

use crate::{setup, shell};
use anyhow::Result;

/// Runs the command.
pub fn run() -> Result<()> {
    setup::deny()?;
    let check = "deny --locked check --hide-inclusion-graph bans licenses sources";
    let mut deny = shell::cargo(&check.split(' ').collect::<Vec<_>>());
    // An exception nobody needs any more is an error as well: the lists only hold what is true.
    deny.args(["--deny", "unmatched-skip", "--deny", "unused-wrapper"]);
    shell::run(&mut deny)
}
