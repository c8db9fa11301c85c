//! The command lines from PyPI that people use for the same devices, each in an environment of its
//! own, installed once.

use super::table::Row;
use crate::shell;
use anyhow::Result;
use if_servers::ha;
use std::path::PathBuf;

/// How many times a rival's time ours may take: it is twenty times faster.
pub const RATIO_MAX: f64 = 1.0 / 20.0;

/// For OBS.
pub const OBS_CLI: Rival = Rival { program: "obs-cli", version: "0.9.5", package: "obs-cli" };
/// For Home Assistant.
pub const HASS_CLI: Rival =
    Rival { program: "hass-cli", version: "0.9.6", package: "homeassistant-cli" };

/// A program, and the package that has it.
pub struct Rival {
    program: &'static str,
    version: &'static str,
    package: &'static str,
}

impl Rival {
    /// The program, installed if need be; none where no Python is. The Python is the one that the
    /// tests' Home Assistant has.
    pub fn installed(&self) -> Result<Option<PathBuf>> {
        let folder = ha::installed().join("rivals").join(self.package);
        let program = folder.join("bin").join(self.program);
        if program.exists() {
            return Ok(Some(program));
        }
        let python = ha::installed().join("venv/bin/python");
        if !python.exists() {
            return Ok(None);
        }
        shell::run(shell::command(python).args(["-m", "venv"]).arg(&folder))?;
        let mut pip = shell::command(folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--no-input", "--disable-pip-version-check"]);
        pip.arg(format!("{}=={}", self.package, self.version));
        shell::run(&mut pip)?;
        Ok(Some(program))
    }

    /// What the line of the table is called.
    pub fn beside(&self, what: &str) -> String {
        format!("{what}, {} {}", self.program, self.version)
    }

    /// The line that says why there is no figure.
    pub fn not_measured(&self, what: &str) -> Row {
        Row::information(&self.beside(what), "not measured: no Python of the tests".to_owned())
    }
}
