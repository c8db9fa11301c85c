//! A laboratory: a home of its own in a temporary folder, and the real binary run against it.
//!
//! A home with plugins costs a second to make (pack, sign, allow, install, compile), so each
//! combination is made once per build of the binary, under a lock, and copied for every test.

use if_fakes::VmixSimulator;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// A home and whatever a test puts beside it.
pub struct Lab {
    dir: TempDir,
    forged: AtomicBool,
}

/// How a command ended.
#[derive(Debug)]
pub struct Run {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Lab {
    /// A folder without a home.
    pub fn bare() -> Lab {
        Lab { dir: TempDir::new().unwrap(), forged: AtomicBool::new(false) }
    }

    /// A fresh home without plugins.
    pub fn fresh() -> Lab {
        let lab = Lab::bare();
        lab.run(["init", "--no-passphrase"]).ok();
        lab
    }

    /// A home with these plugins installed: `obs`, `vmix`, or a guest's name.
    pub fn with(plugins: &[&str]) -> Lab {
        let lab = Lab::bare();
        copy_tree(&template(plugins), lab.path());
        lab
    }

    /// The temporary folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The home inside it.
    pub fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// A command of the binary against this home, not started yet.
    pub fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(binary());
        command
            .args(words)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("IF_HOME", self.home())
            .env("IF_CACHE", self.path().join("cache"))
            .env("USER", "tester")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Run {
        Run::from(self.command(words).output().unwrap())
    }

    /// Runs a command with this text on its stdin.
    pub fn feed<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>, input: &str) -> Run {
        use std::io::Write;
        let mut child: Child = self
            .command(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses at once reads nothing of it.
        let fed = child.stdin.take().unwrap().write_all(input.as_bytes());
        assert!(fed.is_ok() || fed.unwrap_err().kind() == std::io::ErrorKind::BrokenPipe);
        Run::from(child.wait_with_output().unwrap())
    }

    /// Packs, signs, allows and installs a built plugin.
    pub fn install(&self, plugin: &str) {
        let package = self.package(plugin);
        self.run(["plugin", "sign", &package]).ok();
        self.run(["plugin", "allow", &package]).ok();
        self.run(["plugin", "install", &package]).ok();
    }

    /// Packs a built plugin into this lab; the package's folder.
    pub fn package(&self, plugin: &str) -> String {
        let package = self.path().join(format!("{plugin}-package")).display().to_string();
        let source = plugin_folder(plugin).display().to_string();
        self.run(["plugin", "pack", &source, "--out", &package]).ok();
        package
    }

    /// There is a record of something that did not happen: leaving replays nothing.
    pub fn is_forged(&self) {
        self.forged.store(true, Ordering::SeqCst);
    }

    /// The files of the home and the cache, each with its bytes.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect(self.path(), &mut found);
        found
    }
}

/// Whoever leaves a laboratory replays all that was recorded in it: what was done once must come
/// out the same again. A home that a test has spoilt cannot be read, and that is no difference.
impl Drop for Lab {
    fn drop(&mut self) {
        let forged = self.forged.load(Ordering::SeqCst);
        if forged || std::thread::panicking() || !self.home().join("if.db").is_file() {
            return;
        }
        let run = self.run(["witness", "replay", "--all", "--json"]);
        assert!(!run.stderr.contains("IF_ERR_REPLAY_DIVERGED"), "{}\n{}", run.stdout, run.stderr);
        count(&run.stdout);
    }
}

/// Adds to what the whole suite replayed: a line with the verdict of each.
fn count(replayed: &str) {
    let Some(file) = std::env::var_os(if_servers::availability::REPLAYS_FILE_VARIABLE) else {
        return;
    };
    let Ok(found) = serde_json::from_str::<serde_json::Value>(replayed) else { return };
    let verdicts = found["replayed"].as_array().into_iter().flatten();
    let lines: String = verdicts.map(|one| format!("{}\n", one["verdict"])).collect();
    let mut file = File::options().create(true).append(true).open(file).unwrap();
    std::io::Write::write_all(&mut file, lines.as_bytes()).unwrap();
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Run {
            exit: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Run {
    /// Demands success and gives stdout.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.exit, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self.stdout
    }

    /// Demands success and gives stdout as JSON.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// Demands this error and its exit code; gives stderr.
    #[track_caller]
    pub fn fails(self, code: &str, exit: i32) -> String {
        assert!(
            self.stderr.contains(code),
            "expected {code}\nstdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        assert_eq!(self.exit, exit, "{}", self.stderr);
        self.stderr
    }
}

/// A vMix simulator, and a lab in which it is the instance `switcher`.
pub fn switcher() -> (Lab, VmixSimulator) {
    let vmix = VmixSimulator::start().unwrap();
    let lab = Lab::with(&["vmix"]);
    let (port, lines) = (vmix.http_port.to_string(), vmix.tcp_port.to_string());
    let add = ["vmix", "add", "switcher", "--host", "127.0.0.1", "--port", &port];
    lab.run(add.iter().chain(&["--tcp-port", &lines])).ok();
    (lab, vmix)
}

/// Changes the database behind the program's back, as somebody with the disk could.
pub fn sql(lab: &Lab, statements: &str) {
    let database = lab.home().join("if.db");
    let script = format!(
        "import sqlite3\n\
         c = sqlite3.connect({database:?})\n\
         of = \"select name, sql from sqlite_master where type='trigger'\"\n\
         triggers = c.execute(of).fetchall()\n\
         for (name, _) in triggers: c.execute('drop trigger ' + name)\n\
         c.executescript({statements:?})\n\
         for (_, made) in triggers: c.execute(made)\n\
         c.commit()"
    );
    let done = Command::new("python3").args(["-c", &script]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The binary under test, built beside this test.
pub fn binary() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let path = here.parent().and_then(Path::parent).unwrap().join("ifctl");
    assert!(path.exists(), "{} is missing: cargo build -p infrafabric", path.display());
    path
}

pub fn plugin_folder(plugin: &str) -> PathBuf {
    let folders = ["plugins", "plugins/policies", "tests/guests"];
    let mut places = folders.iter().map(|folder| root().join(folder).join(plugin));
    places.find(|place| place.exists()).unwrap_or_else(|| panic!("there is no plugin {plugin}"))
}

/// The home with these plugins, made once per build of the binary.
fn template(plugins: &[&str]) -> PathBuf {
    let folder = binary().parent().unwrap().join("lab");
    fs::create_dir_all(&folder).unwrap();
    let age = newest_part();
    let made = folder.join(format!("{}-{age}", plugins.join("+")));
    let lock = File::create(folder.join(format!("{}.lock", plugins.join("+")))).unwrap();
    lock.lock().unwrap();
    if !made.exists() {
        let lab = Lab::fresh();
        plugins.iter().for_each(|plugin| lab.install(plugin));
        let half = folder.join(format!("{}-{age}.half", plugins.join("+")));
        let _ = fs::remove_dir_all(&half);
        copy_tree(lab.path(), &half);
        fs::rename(half, &made).unwrap();
    }
    made
}

/// When the binary or any component was last built, in nanoseconds: the name of a template.
fn newest_part() -> u128 {
    let components = fs::read_dir(root().join("plugins/target/wasm32-wasip2/release")).unwrap();
    let wasm = components
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension() == Some(OsStr::new("wasm")));
    let built = |path: PathBuf| fs::metadata(path).unwrap().modified().unwrap();
    let newest = wasm.chain([binary()]).map(built).max().unwrap();
    newest.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos()
}

/// A folder with everything in it.
pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let mut source = from.as_os_str().to_owned();
    source.push("/.");
    let status = Command::new("cp").arg("-a").arg(source).arg(to).status().unwrap();
    assert!(status.success());
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.is_file() {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
}
