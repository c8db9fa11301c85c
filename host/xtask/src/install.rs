//! `cargo xtask install`: a release build as `ifctl`, with `if`, `ifctl-compile` and
//! `ifctl-worker` beside it.
//!
//! `if` is the same program under the name that scripts and other shells can use; a POSIX shell
//! takes that word for itself, so nobody's scripts change their meaning.

use crate::compiler::{self, As};
use crate::shell;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn run(folder: Option<&str>) -> Result<()> {
    let folder = folder.map(PathBuf::from).map_or_else(usual_folder, Ok)?;
    build(None)?;
    copy(&folder)?;
    let ifctl = folder.join("ifctl");
    println!("installed {}, with if, ifctl-compile and ifctl-worker", ifctl.display());
    Ok(())
}

/// The release: three builds, for in one build the compiler's features would reach the others.
pub fn build(how: Option<As>) -> Result<()> {
    ["if-compiler", "if-worker", "infrafabric"].iter().try_for_each(|package| {
        let mut cargo = shell::cargo(&["build", "--release", "--package", package]);
        if let Some(how) = how {
            compiler::set(&mut cargo, how)?;
        }
        shell::run(&mut cargo)
    })
}

/// What was built, into a folder.
pub fn copy(folder: &Path) -> Result<()> {
    let built = |name| shell::root().join("target/release").join(name);
    place(&built("ifctl"), folder, &["ifctl", "if"])?;
    let helpers = ["ifctl-compile", "ifctl-worker"];
    helpers.iter().try_for_each(|helper| place(&built(helper), folder, &[helper]))
}

/// Where cargo puts programs.
fn usual_folder() -> Result<PathBuf> {
    Ok(cargo_home()?.join("bin"))
}

/// Cargo's own folder, with the sources of the dependencies.
#[allow(clippy::disallowed_methods)] // where cargo and the user live; no configuration is read
pub fn cargo_home() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    cargo.or_else(home).context("neither CARGO_HOME nor HOME is set")
}

/// Copies under a temporary name first: the program may be running.
fn place(binary: &Path, folder: &Path, names: &[&str]) -> Result<()> {
    fs_err::create_dir_all(folder)?;
    for name in names {
        let fresh = folder.join(format!(".{name}.new"));
        fs_err::copy(binary, &fresh)?;
        fs_err::rename(&fresh, folder.join(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_are_placed_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("built");
        for content in ["one", "two"] {
            fs_err::write(&binary, content).unwrap();
            place(&binary, &folder.path().join("bin"), &["ifctl", "if"]).unwrap();
            for name in ["ifctl", "if"] {
                let placed = fs_err::read_to_string(folder.path().join("bin").join(name));
                assert_eq!(placed.unwrap(), content);
            }
        }
        assert_eq!(fs_err::read_dir(folder.path().join("bin")).unwrap().count(), 2);
    }
}
