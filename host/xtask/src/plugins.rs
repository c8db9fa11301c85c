//! `cargo xtask plugins`: every component that ships or tests, for wasm, small.
//!
//! They are a workspace of their own: another target, another profile, nothing of the host.

use crate::{setup, shell};
use anyhow::Result;

/// The plugins' workspace.
pub const MANIFEST: &str = "plugins/Cargo.toml";

/// Builds them all.
pub fn run() -> Result<()> {
    setup::target(setup::TARGET)?;
    let build = ["build", "--release", "--target", setup::TARGET, "--manifest-path", MANIFEST];
    shell::run(&mut shell::cargo(&build))
}

/// Their own tests, on this machine rather than in wasm.
pub fn test() -> Result<()> {
    shell::run(&mut shell::cargo(&["test", "--quiet", "--manifest-path", MANIFEST, "--workspace"]))
}
