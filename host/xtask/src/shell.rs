//! Running programs: at the root of the repository, with our own tools first on the path.
//!
//! A program that fails is an error that names its whole line; nothing is retried.

use anyhow::{Context as _, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Where `setup --tools` puts what it installs: with the user, for every checkout, where there is
/// such a place. To build them takes minutes, and their versions are pinned.
#[allow(clippy::disallowed_methods)] // where the user lives; no configuration is read
pub fn tools() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = cache.filter(|path| path.is_absolute()).or_else(home);
    cache.map_or_else(|| root().join("target/tools"), |cache| cache.join("infrafabric/tools"))
}

/// A program, started at the root.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).env("PATH", path());
    command
}

/// `cargo` with these arguments.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = command("cargo");
    cargo.args(arguments);
    cargo
}

/// The build that tour, tests and reference share: all targets at once, so that one set of features
/// is compiled once, and the binary that the tests run is there.
pub fn build() -> Command {
    cargo(&["build", "--quiet", "--workspace", "--all-targets"])
}

/// Runs it with our own standard streams; its failure is ours.
pub fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    let status = command.status().with_context(|| format!("cannot run `{line}`"))?;
    if status.success() { Ok(()) } else { bail!("`{line}` ended with {status}") }
}

/// Runs it and returns what it printed, whatever it ended with.
pub fn capture(command: &mut Command) -> Result<Output> {
    let line = line(command);
    command.output().with_context(|| format!("cannot run `{line}`"))
}

/// Runs it and returns its standard output; its failure is ours, with its own words.
pub fn output(command: &mut Command) -> Result<String> {
    let output = capture(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    bail!("`{}` ended with {}\n{}", line(command), output.status, said.trim_end())
}

/// Whether a program is on the path or among our tools.
pub fn has(program: &str) -> bool {
    std::env::split_paths(&path()).any(|folder| folder.join(program).is_file())
}

/// Whether we may install packages.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs_err::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The line as one would type it.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

/// A word as a shell needs it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,%".contains(c);
    let bare = !word.is_empty() && word.chars().all(plain);
    if bare { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[allow(clippy::disallowed_methods)] // PATH says where programs are; no configuration is read
fn path() -> OsString {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools().join("bin")).chain(std::env::split_paths(&inherited));
    std::env::join_paths(folders).unwrap_or(inherited.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_needs_them() {
        assert_eq!(quoted("plugins/vmix"), "plugins/vmix");
        assert_eq!(quoted("Main Scene"), "'Main Scene'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_failing_program_is_an_error_with_its_line() {
        let error = run(&mut command("false")).unwrap_err().to_string();
        assert!(error.contains("`false` ended with"), "{error}");
        let error = output(command("ls").arg("/does not exist")).unwrap_err().to_string();
        assert!(error.contains("`ls '/does not exist'`"), "{error}");
    }

    #[test]
    fn the_root_is_the_root() {
        assert!(root().join("wit").is_dir() && root().join("Cargo.toml").is_file());
    }
}
