//! A child process that ends with its handle, and a folder that ends with the child.
//!
//! Stopped by its own id, never by name. It stays in the test's process group, so that a test
//! runner that ends the group ends it too.

use anyhow::{Context as _, Result};
use fs_err::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running child.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts it with its output going to this file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        command.stdin(Stdio::null());
        Self::spawn(command, log)
    }

    /// The same, with this on its standard input, which then ends.
    pub(crate) fn start_with(command: &mut Command, input: &str, log: &Path) -> Result<Self> {
        command.stdin(Stdio::piped());
        let mut process = Self::spawn(command, log)?;
        let mut stdin = process.child.stdin.take().context("no standard input")?;
        stdin.write_all(input.as_bytes())?;
        Ok(process)
    }

    fn spawn(command: &mut Command, log: &Path) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let log = File::create(log)?.into_file();
        command.stderr(log.try_clone()?);
        let child = command.spawn().with_context(|| format!("cannot start `{program}`"))?;
        Ok(Self { child })
    }

    /// Its standard output, if that was piped; once.
    pub(crate) fn stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Asks it to end in its own way, and waits until it has.
    pub(crate) fn ask_to_end(self) -> Result<()> {
        self.end_by("TERM")
    }

    /// Ends it by this signal, and waits until it has.
    pub(crate) fn end_by(mut self, signal: &str) -> Result<()> {
        let line = format!("kill -{signal} {}", self.child.id());
        Command::new("sh").args(["-c", &line]).status()?;
        self.child.wait()?;
        Ok(())
    }

    /// What it ended with, if it has.
    pub(crate) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Killed, not asked: its home is temporary, and nothing in it outlives the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
