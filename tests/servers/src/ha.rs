//! A real Home Assistant: 2024.3.3 from PyPI in an environment of its own, with one user who may
//! everything, one who may little, and devices that change.
//!
//! `cargo xtask setup --servers` makes the environment once, below `target/servers/ha`, starts a
//! fresh Home Assistant in it, makes its users as a person would, and keeps that as the template;
//! each one started here is a copy with a port of its own on the loopback address. Nothing is
//! installed at a test's time, and nothing announces itself on the network.

use crate::process::Process;
use anyhow::{Context as _, Result, bail, ensure};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Between two looks at the port.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Looks before giving up, about two minutes in all: a first start compiles thousands of files.
const LOOKS_MAX: u32 = 2400;
/// One look's patience.
const LOOK: Duration = Duration::from_secs(5);
/// Lines of its log that are shown when it does not start.
const LOG_LINES_SHOWN: usize = 20;
/// Says what was installed; another list makes the environment anew.
const STAMP: &str = "installed";

/// A running Home Assistant; stopped when dropped.
pub struct HomeAssistant {
    pub port: u16,
    pub tokens: Tokens,
    process: Option<Process>,
    folder: TempDir,
}

/// Long-lived access tokens of its users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Of an administrator.
    pub administrator: String,
    /// Of a user without rights.
    pub user: String,
    /// Of the administrator, expired.
    pub expired: String,
}

impl HomeAssistant {
    /// Starts one on a free port and waits until it runs.
    pub fn start() -> Result<Self> {
        let template = installed().join("template");
        let folder = tempfile::Builder::new().prefix("if-ha-").tempdir()?;
        copy(&template, folder.path())?;
        let tokens = Tokens::read(&fs_err::read_to_string(template.join("tokens.json"))?)?;
        let port = free_port()?;
        let mut this = Self { port, tokens, process: None, folder };
        this.start_again()?;
        Ok(this)
    }

    /// Its address, as the setting `url` wants it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it as a crash would; its port and folder stay.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it on its port and in its folder, and waits until it runs.
    pub fn start_again(&mut self) -> Result<()> {
        let log = self.folder.path().join("process.log");
        let mut process = Process::start(&mut command(self.folder.path(), self.port), &log)?;
        await_running(&mut process, self.port, &self.tokens.administrator)
            .with_context(|| log_tail(&log))?;
        self.process = Some(process);
        Ok(())
    }
}

impl Tokens {
    /// Reads what the onboarding printed: a JSON object of three texts without escapes.
    fn read(text: &str) -> Result<Self> {
        let member = |name: &str| -> Result<String> {
            let quoted = format!("\"{name}\": \"");
            let (_, rest) = text.split_once(&quoted).with_context(|| format!("no {name} token"))?;
            let (token, _) = rest.split_once('"').context("a token without end")?;
            Ok(token.to_owned())
        };
        Ok(Self {
            administrator: member("administrator")?,
            user: member("user")?,
            expired: member("expired")?,
        })
    }
}

/// Where it is installed.
pub fn installed() -> PathBuf {
    root().join("target/servers/ha")
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// What its installation is made from.
fn source() -> PathBuf {
    root().join("tests/servers/home-assistant")
}

/// What is missing; none when it can be started.
pub fn missing() -> Option<&'static str> {
    let ready = stamp().is_ok_and(|stamp| {
        fs_err::read_to_string(installed().join(STAMP)).is_ok_and(|made| made == stamp)
    });
    (!ready).then_some("target/servers/ha")
}

/// What it would be made from now: every file of the source.
fn stamp() -> Result<String> {
    let mut files = Vec::new();
    collect(&source(), &mut files)?;
    files.sort();
    let mut stamp = String::new();
    for file in files {
        let name = file.strip_prefix(source()).unwrap_or(&file);
        stamp.push_str(&format!("== {}\n", name.display()));
        stamp.push_str(&String::from_utf8_lossy(&fs_err::read(&file)?));
    }
    Ok(stamp)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => collect(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

/// Installs it, if that was not done: the environment, the packages, a template with its users.
pub fn install(python: &str) -> Result<()> {
    if missing().is_none() {
        return Ok(());
    }
    let folder = installed();
    fs_err::create_dir_all(&folder)?;
    let _ = fs_err::remove_file(folder.join(STAMP));
    if !folder.join("venv/bin/pip").exists() {
        run(Command::new(python).args(["-m", "venv"]).arg(folder.join("venv")))?;
    }
    let mut pip = Command::new(folder.join("venv/bin/pip"));
    pip.args(["install", "--quiet", "--no-input", "--disable-pip-version-check"]);
    // Python compiles the few files that are used when it first reads them.
    pip.args(["--no-compile", "--requirement"]);
    run(pip.arg(source().join("requirements.txt")))?;
    let template = folder.join("template");
    let _ = fs_err::remove_dir_all(&template);
    copy(&source(), &template)?;
    onboard(&template)?;
    Ok(fs_err::write(folder.join(STAMP), stamp()?)?)
}

/// Starts a fresh one and makes its users; what it wrote is the template.
fn onboard(template: &Path) -> Result<()> {
    let port = free_port()?;
    let log = template.join("process.log");
    let mut process = Process::start(&mut command(template, port), &log)?;
    await_answer(&mut process, port, "/api/onboarding", "").with_context(|| log_tail(&log))?;
    let mut script = Command::new(installed().join("venv/bin/python"));
    script.arg(source().join("onboard.py")).arg(format!("http://127.0.0.1:{port}"));
    let output = script.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "onboard.py ended with {}", output.status);
    let said = String::from_utf8(output.stdout)?;
    Tokens::read(&said)?;
    fs_err::write(template.join("tokens.json"), said)?;
    // Asked to end, so that it writes its users down; a copy must find them.
    process.ask_to_end()?;
    let _ = fs_err::remove_file(log);
    Ok(())
}

/// A port nobody listens on now.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn command(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(installed().join("venv/bin/hass"));
    command.args(["--skip-pip", "--config"]).arg(folder);
    command.env("HA_PORT", port.to_string());
    command.env("HA_FOLDER", folder).env("HA_PICTURE", folder.join("door.jpg"));
    command.env("HOME", folder).stdout(Stdio::null()).current_dir(folder);
    command
}

fn await_running(process: &mut Process, port: u16, token: &str) -> Result<()> {
    for _ in 0..LOOKS_MAX {
        let answer = await_answer(process, port, "/api/core/state", token)?;
        if answer.contains("RUNNING") {
            return Ok(());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    bail!("Home Assistant answers, but does not say that it runs")
}

/// The body of the first good answer.
fn await_answer(process: &mut Process, port: u16, path: &str, token: &str) -> Result<String> {
    let mut last = None;
    for _ in 0..LOOKS_MAX {
        if let Some(status) = process.ended() {
            bail!("Home Assistant ended before it answered: {status}");
        }
        match get(port, path, token) {
            Ok(body) => return Ok(body),
            Err(error) => last = Some(error),
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let error = last.context("Home Assistant was never asked")?;
    Err(error.context(format!("Home Assistant did not answer on port {port} in time")))
}

/// One GET by hand: small enough for whoever only starts servers.
fn get(port: u16, path: &str, token: &str) -> Result<String> {
    let mut stream =
        TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), LOOK)?;
    stream.set_read_timeout(Some(LOOK))?;
    let host = format!("Host: 127.0.0.1:{port}\r\nConnection: close\r\n");
    write!(stream, "GET {path} HTTP/1.1\r\n{host}Authorization: Bearer {token}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("half an answer")?;
    let status = head.lines().next().unwrap_or_default();
    ensure!(status.starts_with("HTTP/1.1 200"), "{status}");
    Ok(body.to_owned())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs_err::create_dir_all(to)?;
    run(Command::new("cp").arg("-a").arg(from.join(".")).arg(to))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
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
    fn tokens_are_read_and_a_missing_one_is_named() {
        let text = r#"{"administrator": "a.b", "user": "c", "expired": "d"}"#;
        let tokens = Tokens { administrator: "a.b".into(), user: "c".into(), expired: "d".into() };
        assert_eq!(Tokens::read(text).unwrap(), tokens);
        let error = Tokens::read(r#"{"administrator": "a"}"#).unwrap_err().to_string();
        assert_eq!(error, "no user token");
    }

    #[test]
    fn one_that_dies_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = Command::new("sh");
        command.args(["-c", "echo no module >&2; exit 1"]);
        let mut dying = Process::start(&mut command, &log).unwrap();
        let error = await_answer(&mut dying, free_port().unwrap(), "/", "").unwrap_err();
        assert!(error.to_string().contains("ended before it answered"), "{error}");
        assert_eq!(log_tail(&log), "no module");
    }

    #[test]
    fn another_list_of_packages_is_another_installation() {
        let stamp = stamp().unwrap();
        for part in ["homeassistant==2024.3.3", "configuration.yaml", "long_lived_access_token"] {
            assert!(stamp.contains(part), "{part}");
        }
    }
}
