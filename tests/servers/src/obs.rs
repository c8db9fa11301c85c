//! A real OBS without a screen: a virtual X display, software rendering, a home of its own.
//!
//! Everything it writes is in a temporary folder that goes with the handle. It refuses to hand
//! out an OBS that has not answered Hello. Start it where it is used: two of them side by side are
//! slow, not wrong.

use crate::probe;
use crate::process::Process;
use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Between two looks at the port.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Looks before giving up, about 60 s in all: a cold disk and a busy machine take half of it.
const LOOKS_MAX: u32 = 1200;
/// Lines of OBS's log shown when it does not start.
const LOG_LINES_SHOWN: usize = 20;
/// The password of every OBS started here; long, so that a search for it finds only leaks.
const PASSWORD: &str = "correct-horse-battery-staple-7f3a";

/// A running OBS; stopped when dropped.
pub struct Obs {
    /// Of the obs-websocket server, on 127.0.0.1.
    pub port: u16,
    pub password: String,
    display: u32,
    // Stopped in this order: OBS, its display, then its home is removed.
    obs: Option<Process>,
    _display: Process,
    home: TempDir,
}

impl Obs {
    /// Starts one on a free port and waits until it answers.
    pub fn start() -> Result<Self> {
        Self::start_with_password(PASSWORD)
    }

    /// As [`Obs::start`], with this password (letters, digits and `-`).
    pub fn start_with_password(password: &str) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("if-obs-").tempdir()?;
        let (display_process, display) = display(home.path())?;
        let port = free_port()?;
        configure(home.path(), port, password)?;
        let password = password.to_owned();
        let mut started =
            Self { port, password, display, obs: None, _display: display_process, home };
        started.run()?;
        Ok(started)
    }

    fn run(&mut self) -> Result<()> {
        let log = self.home.path().join("obs.log");
        let mut obs = Process::start(&mut command(self.home.path(), self.display), &log)?;
        await_hello(&mut obs, self.port).with_context(|| log_tail(&log))?;
        self.obs = Some(obs);
        Ok(())
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.obs = None;
    }

    /// Starts it again on the same port, after [`Obs::kill`].
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        self.run()
    }

    /// The folder that is its HOME: recordings go there too.
    pub fn home(&self) -> &Path {
        self.home.path()
    }
}

/// Starts a virtual display; the X server itself finds a free number and prints it.
fn display(home: &Path) -> Result<(Process, u32)> {
    let mut command = Command::new("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", "1280x720x24", "-nolisten", "tcp"]);
    command.stdout(Stdio::piped());
    let log = home.join("xvfb.log");
    let mut process = Process::start(&mut command, &log)?;
    let stdout = process.stdout().context("Xvfb has no standard output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let number = line.trim().parse();
    Ok((process, number.with_context(|| format!("Xvfb found no display: {}", log_tail(&log)))?))
}

/// A port nobody listens on now. OBS takes a number only, so somebody could be quicker; then it
/// does not answer, and the start fails rather than talking to a stranger.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// What OBS reads before it opens a window: no first-run wizard, the server on with a password.
fn configure(home: &Path, port: u16, password: &str) -> Result<()> {
    let folder = home.join("obs-studio");
    fs_err::create_dir_all(&folder)?;
    let ini = format!(
        "[General]\nFirstRun=true\nEnableAutoUpdates=false\n\n\
         [OBSWebSocket]\nFirstLoad=false\nServerEnabled=true\nServerPort={port}\n\
         AlertsEnabled=false\nAuthRequired=true\nServerPassword={password}\n"
    );
    Ok(fs_err::write(folder.join("global.ini"), ini)?)
}

fn command(home: &Path, display: u32) -> Command {
    let mut command = Command::new("obs");
    command.args(["--multi", "--disable-missing-files-check"]);
    command.env("DISPLAY", format!(":{display}"));
    command.env("HOME", home).env("XDG_CONFIG_HOME", home);
    command.env("XDG_CACHE_HOME", home.join("cache")).env("XDG_RUNTIME_DIR", home);
    command.env("LIBGL_ALWAYS_SOFTWARE", "1").env("QT_QPA_PLATFORM", "xcb");
    // Its chatter goes nowhere; what it says when it fails is on standard error.
    command.stdout(Stdio::null()).current_dir(home);
    command
}

fn await_hello(obs: &mut Process, port: u16) -> Result<()> {
    let mut last = None;
    for _ in 0..LOOKS_MAX {
        if let Some(status) = obs.ended() {
            bail!("OBS ended before it answered: {status}");
        }
        match probe::hello(port) {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let error = last.context("OBS was never asked")?;
    Err(error.context(format!("OBS did not answer on port {port} in time")))
}

fn log_tail(log: &Path) -> String {
    let text = fs_err::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LOG_LINES_SHOWN);
    lines.get(from..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_dies_is_an_error_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = Command::new("sh");
        command.args(["-c", "echo no display >&2; exit 3"]);
        let mut dying = Process::start(&mut command, &log).unwrap();
        let error = await_hello(&mut dying, free_port().unwrap()).unwrap_err().to_string();
        assert!(error.contains("ended before it answered: exit status: 3"), "{error}");
        assert_eq!(log_tail(&log), "no display");
        fs_err::write(&log, "line\n".repeat(100)).unwrap();
        assert_eq!(log_tail(&log).lines().count(), LOG_LINES_SHOWN);
    }

    #[test]
    fn a_process_ends_with_its_handle() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$; exec sleep 600"]).stdout(Stdio::piped());
        let mut process = Process::start(&mut command, &folder.path().join("log")).unwrap();
        let mut id = String::new();
        BufReader::new(process.stdout().unwrap()).read_line(&mut id).unwrap();
        let running = Path::new("/proc").join(id.trim());
        assert!(running.exists());
        drop(process);
        assert!(!running.exists());
    }
}
