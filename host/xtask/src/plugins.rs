//! `cargo xtask plugins`: every component that ships or tests, for wasm, small.
//!
//! They are a workspace of their own: another target, another profile, nothing of the host. Paths
//! of the machine are taken out of them, so that the same sources make the same component wherever
//! they lie: whoever builds them anew can compare the digest with the signed one.

use crate::compiler::{self, As};
use crate::{install, setup, shell};
use anyhow::{Result, ensure};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The plugins' workspace.
pub const MANIFEST: &str = "plugins/Cargo.toml";

/// Builds them all.
pub fn run() -> Result<()> {
    setup::target(setup::TARGET)?;
    shell::run(&mut build(&shell::root(), As::Placeless)?)
}

/// What clippy says of them.
pub fn judge() -> Result<()> {
    shell::run(&mut build(&shell::root(), As::Judged)?)
}

/// The build of a checkout's plugins.
fn build(checkout: &Path, how: As) -> Result<Command> {
    let words = ["build", "--release", "--target", setup::TARGET, "--manifest-path", MANIFEST];
    let mut cargo = shell::cargo(&words);
    cargo.current_dir(checkout);
    // The compiler itself writes its own sources under a name that is the same everywhere.
    let places = [(checkout.to_owned(), "."), (install::cargo_home()?, "cargo")];
    let flags = places.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    compiler::set(&mut cargo, how)?;
    Ok(cargo)
}

/// `cargo xtask reproduce`: builds the plugins of a second checkout, elsewhere and from nothing,
/// and compares each component with the one that was built here.
pub fn reproduce() -> Result<()> {
    let mut git = shell::command("git");
    git.args(["status", "--porcelain", "--", "plugins", "sdk", "tests/guests", "wit"]);
    ensure!(shell::output(&mut git)?.is_empty(), "commit first: a second checkout has only that");
    run()?;
    let elsewhere = tempfile::tempdir()?;
    let clone = elsewhere.path().join("another place");
    let mut git = shell::command("git");
    git.args(["clone", "--quiet", "--local"]).arg(shell::root()).arg(&clone);
    shell::run(&mut git)?;
    shell::run(&mut build(&clone, As::Placeless)?)?;
    let (here, there) = (digests(&shell::root())?, digests(&clone)?);
    for (name, digest) in &here {
        let other = there.get(name).map_or("nothing", String::as_str);
        ensure!(digest == other, "{name} is sha256:{digest} here and {other} in a second checkout");
        println!("sha256:{digest}  {name}");
    }
    Ok(())
}

/// Each component of a checkout with its digest.
fn digests(checkout: &Path) -> Result<BTreeMap<String, String>> {
    let folder = checkout.join("plugins/target").join(setup::TARGET).join("release");
    let mut found = BTreeMap::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "wasm") {
            let digest = Sha256::digest(fs_err::read(&path)?);
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(name, digest.iter().map(|byte| format!("{byte:02x}")).collect());
        }
    }
    ensure!(!found.is_empty(), "no component was built");
    Ok(found)
}

/// Their own tests, on this machine rather than in wasm.
pub fn test() -> Result<()> {
    shell::run(&mut shell::cargo(&["test", "--quiet", "--manifest-path", MANIFEST, "--workspace"]))
}
