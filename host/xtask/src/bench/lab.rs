//! A home for measuring: the release binary, plugins packed, signed, allowed and installed, in a
//! temporary folder that goes with it.

use crate::shell;
use anyhow::{Context as _, Result, ensure};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The no-op guest, as built.
pub const NOOP: &str = "plugins/target/wasm32-wasip2/release/if_guest_noop.wasm";

/// The guest that works hard, and a provider that ships.
pub const BUSY: &str = "plugins/target/wasm32-wasip2/release/if_guest_busy.wasm";
pub const OBS: &str = "plugins/target/wasm32-wasip2/release/if_plugin_obs.wasm";

/// A home and the binary.
pub struct Lab {
    folder: TempDir,
    ifctl: PathBuf,
}

impl Lab {
    /// A fresh home, in the system's temporary folder or in the one given.
    pub fn new(parent: Option<&Path>) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("infrafabric-bench-");
        let folder =
            parent.map_or_else(|| builder.tempdir(), |parent| builder.tempdir_in(parent))?;
        let lab = Self { folder, ifctl: release("ifctl") };
        lab.ok(&["init", "--no-passphrase"])?;
        Ok(lab)
    }

    /// The same home under other programs.
    pub fn with(mut self, programs: &Path) -> Self {
        self.ifctl = programs.join("ifctl");
        self
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A line of the binary, not started yet.
    pub fn line(&self, words: &[&str]) -> Command {
        self.under(&[], words)
    }

    /// The same, started by another program.
    pub fn under(&self, before: &[&str], words: &[&str]) -> Command {
        let binary = self.ifctl.display().to_string();
        let mut all = before.iter().copied().chain([binary.as_str()]).chain(words.iter().copied());
        let mut command = shell::command(all.next().unwrap_or_default());
        command.args(all);
        let home = self.path().join("home");
        command.env("HOME", self.path()).env("IF_HOME", home).env("USER", "bench");
        command.env("IF_CACHE", self.path().join("cache"));
        command
    }

    /// A line that must end well; what it printed.
    pub fn ok(&self, words: &[&str]) -> Result<String> {
        shell::output(&mut self.line(words))
    }

    /// A line that must end well with this on its standard input.
    pub fn fed(&self, words: &[&str], input: &str) -> Result<()> {
        let mut child = self.line(words).stdin(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
        let status = child.wait()?;
        ensure!(status.success(), "`ifctl {}` ended with {status}", words.join(" "));
        Ok(())
    }

    /// Packs a plugin from its source folder; the package's.
    pub fn pack(&self, source: &Path) -> Result<String> {
        let name = source.file_name().context("a plugin's folder has a name")?;
        let package = self.path().join("packages").join(name);
        fs_err::create_dir_all(self.path().join("packages"))?;
        let package = package.display().to_string();
        self.ok(&["plugin", "pack", &source.display().to_string(), "--out", &package])?;
        Ok(package)
    }

    /// A reviewer's keys: the private file and the public one.
    pub fn pair(&self, name: &str) -> Result<(String, String)> {
        let at = |end: &str| self.path().join(format!("{name}.{end}")).display().to_string();
        let (private, public) = (at("key"), at("pub"));
        let lines = [
            &["genpkey", "-algorithm", "ed25519", "-out", &private][..],
            &["pkey", "-in", &private, "-pubout", "-out", &public],
        ];
        for line in lines {
            shell::output(shell::command("openssl").args(line))?;
        }
        Ok((private, public))
    }

    /// Packs, signs, allows and installs a plugin from its source folder.
    pub fn bring(&self, source: &Path) -> Result<()> {
        let package = self.pack(source)?;
        for step in ["sign", "allow", "install"] {
            self.ok(&["plugin", step, &package])?;
        }
        Ok(())
    }

    /// The no-op guest with the instance `here`, called once so that nothing is left to compile.
    pub fn with_noop(parent: Option<&Path>) -> Result<Self> {
        let lab = Self::new(parent)?;
        lab.bring(&shell::root().join("tests/guests/noop"))?;
        lab.ok(&["noop", "add", "here"])?;
        lab.ok(&["noop", "ping", "here"])?;
        Ok(lab)
    }

    /// A home with the plugins that ship, the no-op guest, and copies of it until there are this
    /// many.
    pub fn with_many(plugins: usize) -> Result<Self> {
        let lab = Self::new(None)?;
        for shipped in ["plugins/obs", "plugins/vmix", "tests/guests/noop"] {
            lab.bring(&shell::root().join(shipped))?;
        }
        for number in 4..=plugins {
            lab.bring(&lab.copy_of_noop(number)?)?;
        }
        let installed = fs_err::read_dir(lab.path().join("home/plugins"))?.count();
        ensure!(installed >= plugins, "{installed} plugins are installed instead of {plugins}");
        Ok(lab)
    }

    /// The no-op guest under another word. Its examples name the word, so it is replaced in the
    /// component too, by one of the same length: nothing else of the component moves.
    fn copy_of_noop(&self, number: usize) -> Result<PathBuf> {
        let word = format!("n{number:03}");
        let source = self.path().join("sources").join(&word);
        fs_err::create_dir_all(&source)?;
        let mut component = fs_err::read(shell::root().join(NOOP))?;
        replace(&mut component, b"noop ", format!("{word} ").as_bytes());
        fs_err::write(source.join("component.wasm"), component)?;
        let declaration = format!(
            "id = \"if://capability/test.{word}\"\nprovider = \"{word}\"\n\
             version = \"0.1.0\"\nrelease = 1\ncomponent = \"component.wasm\"\n"
        );
        fs_err::write(source.join("plugin.toml"), declaration)?;
        Ok(source)
    }
}

/// Replaces each occurrence by bytes of the same length.
fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    let found: Vec<usize> = bytes
        .windows(old.len())
        .enumerate()
        .filter_map(|(place, window)| (window == old).then_some(place))
        .collect();
    for place in found {
        bytes.iter_mut().skip(place).zip(new).for_each(|(byte, new)| *byte = *new);
    }
}

/// A program as `cargo build --release` leaves it.
pub fn release(name: &str) -> PathBuf {
    shell::root().join("target/release").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_replaced_and_nothing_moves() {
        let mut bytes = b"..noop ping..noop ping".to_vec();
        replace(&mut bytes, b"noop ping", b"n004 ping");
        assert_eq!(bytes, b"..n004 ping..n004 ping");
    }
}
