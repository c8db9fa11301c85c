//! One line of the program under trial, watched: who is late is killed, and only so much of what it
//! says is read.

use if_core::Clock;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Most bytes of each of the two outputs that are read: no attack may print as much.
const SAID_BYTES_MAX: u64 = 1 << 20;
/// Most of a line's last words in a message: a few lines of a terminal.
const TOLD_CHARS_MAX: usize = 400;
/// How often it is looked at: a hundredth of the second that a limit may be late.
const GLANCE: Duration = Duration::from_millis(10);

/// A line that ended, or was ended.
#[derive(Debug)]
pub(crate) struct Said {
    /// `None` when it was killed, by us or otherwise.
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took_ms: u64,
    /// It was killed by us.
    pub late: bool,
}

/// What a line needs besides its words.
pub(crate) struct Setting<'a> {
    pub program: &'a Path,
    /// Home, cache and scratch of the trial.
    pub folder: &'a Path,
    pub clock: &'a dyn Clock,
}

impl Setting<'_> {
    /// Runs a line; it is killed when it takes longer.
    pub(crate) fn run<S: AsRef<OsStr>>(
        &self,
        words: impl IntoIterator<Item = S>,
        input: &str,
        most_ms: u64,
    ) -> std::io::Result<Said> {
        let (mut out, mut err, mut feed) = (self.scratch()?, self.scratch()?, self.scratch()?);
        feed.write_all(input.as_bytes())?;
        feed.seek(SeekFrom::Start(0))?;
        let begun = self.clock.now();
        let mut child = Command::new(self.program)
            .args(words)
            .env_clear()
            .env("HOME", self.folder)
            .env("IF_HOME", self.folder.join("home"))
            .env("IF_CACHE", self.folder.join("cache"))
            .env("USER", "trial")
            .stdin(Stdio::from(feed))
            .stdout(Stdio::from(out.try_clone()?))
            .stderr(Stdio::from(err.try_clone()?))
            .spawn()?;
        let mut late = false;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if self.clock.now().0.saturating_sub(begun.0) > most_ms {
                late = true;
                child.kill()?;
                break child.wait()?;
            }
            std::thread::sleep(GLANCE);
        };
        let took_ms = self.clock.now().0.saturating_sub(begun.0);
        let (stdout, stderr) = (said(&mut out)?, said(&mut err)?);
        Ok(Said { exit: status.code(), stdout, stderr, took_ms, late })
    }

    fn scratch(&self) -> std::io::Result<File> {
        tempfile::tempfile_in(self.folder)
    }
}

fn said(file: &mut File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(SAID_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Said {
    /// The code of the error that it ended with: as JSON on stderr, or as text.
    pub(crate) fn code(&self) -> Option<String> {
        self.error("code").or_else(|| {
            let line = self.stderr.lines().find_map(|line| line.strip_prefix("error["))?;
            Some(line.split_once(']')?.0.to_owned())
        })
    }

    /// A member of the error that it ended with, as JSON.
    fn error(&self, member: &str) -> Option<String> {
        self.stderr.lines().find_map(|line| {
            let value: Value = serde_json::from_str(line).ok()?;
            Some(value.get("error")?.get(member)?.as_str()?.to_owned())
        })
    }

    /// The result as JSON; null where there is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_default()
    }

    /// Its last words, for a message.
    pub(crate) fn told(&self) -> String {
        if let (Some(code), Some(message)) = (self.error("code"), self.error("message")) {
            return format!("{code}: {message}");
        }
        let text = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        text.trim().chars().take(TOLD_CHARS_MAX).collect()
    }

    /// All that it printed.
    pub(crate) fn printed(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}
