//! A real PostgreSQL: a cluster of its own in a temporary folder, on a port of its own on the
//! loopback address, with passwords and TLS; gone with its handle.
//!
//! It refuses to run as root, so root lends it the system's user `postgres`.

use crate::process::Process;
use anyhow::{Context as _, Result, bail, ensure};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Looks before giving up, 30 s in all.
const LOOKS_MAX: u32 = 600;
/// Where Debian puts its programs, each version in a folder.
const DEBIAN: &str = "/usr/lib/postgresql";
/// What its certificate says: one that is its own authority, and may be nobody else's.
const REQUEST: &str = "[req]
prompt = no
distinguished_name = name
x509_extensions = extensions
[name]
CN = localhost
[extensions]
subjectAltName = DNS:localhost, IP:127.0.0.1
basicConstraints = critical, CA:FALSE
";
/// Its owner, who may everything.
const OWNER: &str = "owner";

/// A running server.
pub struct Postgres {
    pub port: u16,
    pub password: String,
    process: Option<Process>,
    home: TempDir,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once, but so that it takes its shared memory with it.
        if let Some(process) = self.process.take() {
            let _ = process.end_by("QUIT");
        }
    }
}

impl Postgres {
    /// Starts one, and waits until it lets people in.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// The same, with settings of its own, `name=value`.
    pub fn start_with(settings: &[&str]) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("if-pg-").tempdir()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let password = format!("password-of-this-postgres-{port}");
        fs_err::write(home.path().join("password"), &password)?;
        certify(home.path())?;
        lend(home.path())?;
        let data = home.path().join("data");
        let mut make = command("initdb")?;
        make.args(["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"]);
        make.arg(format!("--username={OWNER}")).arg("--pgdata").arg(&data);
        make.arg(format!("--pwfile={}", home.path().join("password").display()));
        let made = make.current_dir(home.path()).output()?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let log = home.path().join("postgres.log");
        let mut serve = command("postgres")?;
        serve.arg("-D").arg(&data).arg("-p").arg(port.to_string());
        for setting in ["listen_addresses=127.0.0.1", "ssl=on", "unix_socket_directories="] {
            serve.args(["-c", setting]);
        }
        for file in ["key", "cert"] {
            let path = home.path().join(format!("server.{file}"));
            serve.arg("-c").arg(format!("ssl_{file}_file={}", path.display()));
        }
        for setting in settings {
            serve.args(["-c", setting]);
        }
        serve.current_dir(home.path()).stdout(Stdio::null());
        let process = Process::start(&mut serve, &log)?;
        let mut server = Self { port, password, process: Some(process), home };
        server.await_open().with_context(|| {
            String::from_utf8_lossy(&fs_err::read(&log).unwrap_or_default()).into_owned()
        })?;
        Ok(server)
    }

    /// A new database, and its URL without the password.
    pub fn database(&self, name: &str) -> Result<String> {
        self.tell("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(format!("postgresql://{OWNER}@127.0.0.1:{}/{name}", self.port))
    }

    /// What the server's own tool says to these words, one row to a line.
    pub fn tell(&self, database: &str, sql: &str) -> Result<String> {
        let mut tool = Command::new(find("psql").context("there is no `psql`")?);
        tool.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        tool.args(["--set=ON_ERROR_STOP=1", "--host=127.0.0.1", "--username", OWNER]);
        tool.arg(format!("--port={}", self.port)).arg(format!("--dbname={database}"));
        tool.args(["--command", sql]).env("PGPASSWORD", &self.password);
        let told = tool.stdin(Stdio::null()).output()?;
        ensure!(told.status.success(), "psql: {}", String::from_utf8_lossy(&told.stderr));
        Ok(String::from_utf8_lossy(&told.stdout).trim_end().to_owned())
    }

    /// A file with the password, that only its owner can read.
    pub fn password_file(&self, folder: &Path) -> Result<PathBuf> {
        let path = folder.join("database-password");
        fs_err::write(&path, &self.password)?;
        fs_err::set_permissions(&path, PermissionsExt::from_mode(0o600))?;
        Ok(path)
    }

    /// The authority of its certificate, which is for `localhost`; PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.home.path().join("server.cert")
    }

    fn await_open(&mut self) -> Result<()> {
        for _ in 0..LOOKS_MAX {
            if let Some(status) = self.process.as_mut().and_then(Process::ended) {
                bail!("PostgreSQL ended before it listened: {status}");
            }
            let listens = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
            if listens && self.tell("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        bail!("PostgreSQL lets nobody in on port {}", self.port)
    }
}

/// Makes a key and a certificate for `localhost` that vouches for itself.
fn certify(home: &Path) -> Result<()> {
    let request = home.join("request");
    fs_err::write(&request, REQUEST)?;
    let mut make = Command::new("openssl");
    make.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    make.args(["-days", "2"]).arg("-config").arg(&request);
    make.arg("-keyout").arg(home.join("server.key")).arg("-out").arg(home.join("server.cert"));
    let made = make.stdin(Stdio::null()).output()?;
    ensure!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    fs_err::set_permissions(home.join("server.key"), PermissionsExt::from_mode(0o600))?;
    Ok(())
}

/// Gives the folder to the user that the server runs as.
fn lend(home: &Path) -> Result<()> {
    if is_root() {
        let lent = Command::new("chown").args(["-R", "postgres:postgres"]).arg(home).status()?;
        ensure!(lent.success(), "chown ended with {lent}");
    }
    Ok(())
}

/// One of its programs, run as somebody whom it accepts.
fn command(program: &str) -> Result<Command> {
    let path = find(program).with_context(|| format!("there is no `{program}`"))?;
    if !is_root() {
        return Ok(Command::new(path));
    }
    let mut command = Command::new("setpriv");
    // Ends with the test even where that is killed: a shell between would not pass it on.
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=QUIT"]);
    command.arg(path);
    Ok(command)
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs_err::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// Debian has them outside of the path, newest version last.
fn find(program: &str) -> Option<PathBuf> {
    let versions = fs_err::read_dir(DEBIAN).ok()?.flatten();
    let found = versions.map(|it| it.path().join("bin").join(program)).filter(|it| it.is_file());
    found.max()
}

/// What is missing; none when it can be started.
pub fn missing() -> Option<&'static str> {
    ["initdb", "postgres", "psql"].into_iter().find(|program| find(program).is_none())
}
