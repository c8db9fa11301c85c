//! Where scripts are played: the packed component, in `ifctl`'s sandbox.

use crate::Script;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A plugin's folder and the program that plays.
#[derive(Debug, Clone)]
pub struct Bench {
    plugin: PathBuf,
    program: PathBuf,
    environment: Vec<(String, PathBuf)>,
}

/// Scripts of one process played so far: each has a folder of its own.
static PLAYED: AtomicU32 = AtomicU32::new(0);

impl Bench {
    /// The plugin in this folder, packed before (`ifctl plugin pack`). Played by `ifctl` on the
    /// path, or by what the variable `IFCTL` names.
    pub fn of(plugin: impl AsRef<Path>) -> Self {
        let program = std::env::var_os("IFCTL").unwrap_or_else(|| "ifctl".into());
        let (plugin, environment) = (plugin.as_ref().to_owned(), Vec::new());
        Self { plugin, program: program.into(), environment }
    }

    /// Plays with this program instead.
    #[must_use]
    pub fn with(self, program: impl AsRef<Path>) -> Self {
        Self { program: program.as_ref().to_owned(), ..self }
    }

    /// Plays with this variable set: `IF_CACHE`, say, to compile somewhere else.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.environment.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Plays a script.
    ///
    /// # Panics
    /// When something else came out than it expects, saying what; or when it cannot be played.
    #[allow(clippy::panic, reason = "a test's way to fail")]
    pub fn play(&self, script: Script) {
        if let Some(difference) = self.difference(&script) {
            panic!("{}: {difference}", script.document()["command"]);
        }
    }

    /// How what came out differs from what the script expects; `None` when it does not.
    ///
    /// # Panics
    /// When it cannot be played.
    #[allow(clippy::expect_used, reason = "a test's way to fail")]
    pub fn difference(&self, script: &Script) -> Option<String> {
        let number = PLAYED.fetch_add(1, Ordering::Relaxed);
        let stage = format!("if-sdk-testing-{}-{number}", std::process::id());
        let stage = std::env::temp_dir().join(stage);
        let cassettes = stage.join("tests/cassettes");
        fs::create_dir_all(&cassettes).expect("a folder for the script can be made");
        copy(&self.plugin.join("package"), &stage.join("package"))
            .expect("the plugin is packed: ifctl plugin pack");
        fs::write(cassettes.join("script.json"), script.document().to_string())
            .expect("the script can be written");
        let mut command = Command::new(&self.program);
        command.args(["plugin", "test"]).arg(&stage);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let run = command.output();
        let run = run.expect("ifctl is on the path, or IFCTL names it");
        // Left behind it would only take room.
        let _ = fs::remove_dir_all(&stage);
        let text = [run.stdout, run.stderr].concat();
        (!run.status.success()).then(|| String::from_utf8_lossy(&text).into_owned())
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copied = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &copied)?,
            false => drop(fs::copy(entry.path(), copied)?),
        }
    }
    Ok(())
}
