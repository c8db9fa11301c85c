//! A real desktop keyring: GNOME Keyring on a session bus of its own, with a home of its own.
//!
//! The bus is private: nobody on it starts anything, and no window can ask. The keyring is unlocked
//! by its password as a login would do it, and everything is in a temporary folder that goes with
//! the handle.

use crate::process::Process;
use anyhow::{Context as _, Result, bail, ensure};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Looks before giving up, ten seconds in all: it takes a tenth of one.
const LOOKS_MAX: u32 = 500;
/// What unlocks every keyring started here.
const PASSWORD: &str = "the-password-of-this-keyring";

/// A bus on which anybody may speak, and that starts nobody.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A running keyring and its bus; gone when dropped.
pub struct Keyring {
    // Stopped in this order, then the home is removed.
    daemon: Option<Process>,
    _bus: Process,
    home: TempDir,
}

impl Keyring {
    /// Starts both and waits until the keyring is unlocked.
    pub fn start() -> Result<Self> {
        let mut keyring = Self::bus_alone()?;
        let log = keyring.log_file();
        let mut command = keyring.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets", "--unlock"]);
        let mut daemon = Process::start_with(&mut command, PASSWORD, &log)?;
        keyring.await_keyring(&mut daemon).with_context(|| keyring.log())?;
        keyring.daemon = Some(daemon);
        Ok(keyring)
    }

    /// A bus on which there is no keyring.
    pub fn bus_alone() -> Result<Self> {
        let home = tempfile::Builder::new().prefix("if-keyring-").tempdir()?;
        let socket = home.path().join("bus");
        let config = home.path().join("bus.conf");
        fs_err::write(&config, BUS.replace("SOCKET", &socket.display().to_string()))?;
        let mut command = Command::new("dbus-daemon");
        command
            .args(["--nofork", "--nopidfile"])
            .arg(format!("--config-file={}", config.display()));
        command.stdout(Stdio::null());
        let mut bus = Process::start(&mut command, &home.path().join("bus.log"))?;
        for _ in 0..LOOKS_MAX {
            if let Some(status) = bus.ended() {
                bail!("dbus-daemon ended before it listened: {status}");
            }
            if socket.exists() {
                return Ok(Self { daemon: None, _bus: bus, home });
            }
            std::thread::sleep(LOOK_EVERY);
        }
        bail!("dbus-daemon does not listen")
    }

    /// Its bus, as `DBUS_SESSION_BUS_ADDRESS` has it.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    /// The folder in which the bus is, as `XDG_RUNTIME_DIR` has it.
    pub fn runtime_dir(&self) -> &Path {
        self.home.path()
    }

    /// What the keyring said so far: it complains when it would ask and cannot.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs_err::read(self.log_file()).unwrap_or_default()).into_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.home.path().join("keyring.log")
    }

    fn socket(&self) -> PathBuf {
        self.home.path().join("bus")
    }

    /// Stores a value as a person would: `secret-tool` reads it from its standard input.
    pub fn store(&self, service: &str, account: &str, value: &[u8]) -> Result<()> {
        self.store_as(&["service", service, "username", account], value)
    }

    /// The same, with attributes of one's own.
    pub fn store_as(&self, attributes: &[&str], value: &[u8]) -> Result<()> {
        let mut command = self.command("secret-tool");
        command.args(["store", "--label=of a test"]).args(attributes);
        said(&feed(&mut command, value)?).map(|_| ())
    }

    /// Locks it, as a session does when it idles.
    pub fn lock(&self) -> Result<()> {
        // `secret-tool lock` of Debian 12 crashes.
        let mut command = self.command("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"]);
        command.args(["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock"]);
        command.arg("array:objpath:/org/freedesktop/secrets/collection/login");
        said(&command.output()?).map(|_| ())
    }

    /// A command on this bus, in this home.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", self.home.path()).env("XDG_RUNTIME_DIR", self.home.path());
        command.env("XDG_DATA_HOME", self.home.path().join("data"));
        command.env("DBUS_SESSION_BUS_ADDRESS", self.address());
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").stdout(Stdio::piped());
        command
    }

    /// Until an item can be looked for: the service has a name before it has a keyring.
    fn await_keyring(&self, daemon: &mut Process) -> Result<()> {
        for _ in 0..LOOKS_MAX {
            if let Some(status) = daemon.ended() {
                bail!("gnome-keyring-daemon ended before it answered: {status}");
            }
            let mut look = self.command("secret-tool");
            look.args(["search", "service", "nothing"]).stderr(Stdio::null());
            if look.status()?.success() {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        bail!("gnome-keyring-daemon does not answer")
    }
}

fn feed(command: &mut Command, input: &[u8]) -> Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("no standard input")?.write_all(input)?;
    Ok(child.wait_with_output()?)
}

fn said(output: &Output) -> Result<String> {
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{}: {words}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
