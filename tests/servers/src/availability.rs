//! Which real servers this machine has, and what a test does without one.
//!
//! A skipped test passes, so it says so: one line on standard output, and one in the file that
//! `IF_TEST_SKIPPED_FILE` names, which `cargo xtask test` prints at the end. With
//! `IF_TEST_REQUIRE_SERVERS` a missing server panics instead. It decides nothing silently.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// When set to anything, a missing server fails the test.
pub const REQUIRE_VARIABLE: &str = "IF_TEST_REQUIRE_SERVERS";
/// A file to which skipped tests are appended, one line each.
pub const SKIPPED_FILE_VARIABLE: &str = "IF_TEST_SKIPPED_FILE";

/// Names the file to which laboratories add what they recorded and replayed.
pub const REPLAYS_FILE_VARIABLE: &str = "IF_TEST_REPLAYS_FILE";

/// A real server, or another real program, that tests may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Obs,
    HomeAssistant,
    Keyring,
    OpenBao,
    Postgres,
    Bash,
    Zsh,
    Fish,
    /// Kills a process at the system call that a test names.
    Strace,
    /// The compiler of Go, with the reference code of its checksum database.
    Go,
    /// For what ships as a script.
    Python,
    /// Reads a PDF.
    Poppler,
}

impl Server {
    /// All of them.
    pub const ALL: &[Server] = &[
        Server::Obs,
        Server::HomeAssistant,
        Server::Keyring,
        Server::OpenBao,
        Server::Postgres,
        Server::Bash,
        Server::Zsh,
        Server::Fish,
        Server::Strace,
        Server::Go,
        Server::Python,
        Server::Poppler,
    ];

    /// What it is called in messages: the package that brings it.
    pub fn name(self) -> &'static str {
        match self {
            Server::Obs => "obs-studio",
            Server::HomeAssistant => "home-assistant",
            Server::Keyring => "gnome-keyring",
            Server::OpenBao => "openbao",
            Server::Postgres => "postgresql",
            Server::Bash => "bash",
            Server::Zsh => "zsh",
            Server::Fish => "fish",
            Server::Strace => "strace",
            Server::Go => "golang-go",
            Server::Python => "python3",
            Server::Poppler => "poppler-utils",
        }
    }

    /// Debian packages that it needs.
    pub fn packages(self) -> &'static [&'static str] {
        match self {
            Server::Obs => &["obs-studio", "obs-plugins", "xvfb", "libgl1-mesa-dri"],
            // Only to make them: they come from PyPI into environments of their own.
            Server::HomeAssistant | Server::OpenBao => &["python3", "python3-venv"],
            Server::Keyring => &["gnome-keyring", "libsecret-tools", "dbus-daemon", "dbus-bin"],
            Server::Postgres => &["postgresql"],
            Server::Bash => &["bash"],
            Server::Zsh => &["zsh"],
            Server::Fish => &["fish"],
            Server::Strace => &["strace"],
            Server::Go => &["golang-go", "golang-golang-x-mod-dev"],
            Server::Python => &["python3"],
            Server::Poppler => &["poppler-utils"],
        }
    }

    /// Programs that must be found.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Server::Obs => &["obs", "Xvfb"],
            Server::HomeAssistant | Server::OpenBao | Server::Postgres => &[],
            Server::Keyring => &["gnome-keyring-daemon", "secret-tool", "dbus-daemon", "dbus-send"],
            Server::Bash => &["bash"],
            Server::Zsh => &["zsh"],
            Server::Fish => &["fish"],
            Server::Strace => &["strace"],
            Server::Go => &["go"],
            Server::Python => &["python3"],
            Server::Poppler => &["pdftotext"],
        }
    }

    /// The first of its programs that is not in any of these folders.
    pub fn missing_in(self, folders: &[PathBuf]) -> Option<&'static str> {
        let found = |program: &str| folders.iter().any(|folder| folder.join(program).is_file());
        self.programs().iter().copied().find(|program| !found(program))
    }

    /// The first of its programs that is not on this machine.
    #[allow(clippy::disallowed_methods)] // PATH says where programs are; no configuration is read
    pub fn missing(self) -> Option<&'static str> {
        match self {
            Server::HomeAssistant => return crate::ha::missing(),
            Server::OpenBao => return crate::bao::missing(),
            Server::Postgres => return crate::postgres::missing(),
            _ => {}
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        self.missing_in(&std::env::split_paths(&path).collect::<Vec<_>>())
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What to do when a server is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Run,
    Skip(String),
    Fail(String),
}

/// The decision alone: `missing` is the program not found, `required` whether that is a failure.
pub fn decide(server: Server, test: &str, missing: Option<&str>, required: bool) -> Verdict {
    match (missing, required) {
        (None, _) => Verdict::Run,
        (Some(_), false) => Verdict::Skip(format!("skipped: {test}: {server} is not installed")),
        (Some(program), true) => {
            let packages = server.packages().join(" ");
            let line = match server {
                Server::HomeAssistant | Server::OpenBao => "cargo xtask setup --servers".to_owned(),
                _ => format!("apt-get install --no-install-recommends {packages}"),
            };
            Verdict::Fail(format!(
                "{test} needs {server} and there is no `{program}`; install it: {line}"
            ))
        }
    }
}

/// True when the test can run. Prefer the macro `require!`, which knows the test's name.
///
/// # Panics
/// When the server is missing and `IF_TEST_REQUIRE_SERVERS` is set.
#[allow(clippy::disallowed_methods)] // a variable that only tests know
#[allow(clippy::panic)] // it fails the test it stands in
pub fn require(server: Server, test: &str) -> bool {
    let required = std::env::var_os(REQUIRE_VARIABLE).is_some();
    match decide(server, test, server.missing(), required) {
        Verdict::Run => true,
        Verdict::Skip(line) => {
            told(&line);
            false
        }
        Verdict::Fail(message) => panic!("{message}"),
    }
}

/// Says that a test does not run because this machine forbids what it needs; no package brings
/// that, so it is no failure anywhere. Prefer the macro `skip!`, which knows the test's name.
pub fn skip(test: &str, why: &str) {
    told(&format!("skipped: {test}: {why}"));
}

#[allow(clippy::disallowed_methods)] // a variable that only tests know
#[allow(clippy::print_stdout, clippy::panic)] // it speaks to the test it stands in
fn told(line: &str) {
    println!("{line}");
    if let Some(file) = std::env::var_os(SKIPPED_FILE_VARIABLE) {
        note(Path::new(&file), line)
            .unwrap_or_else(|error| panic!("cannot note a skipped test: {error}"));
    }
}

/// One short append is whole even when several test processes do it at once.
fn note(file: &Path, line: &str) -> std::io::Result<()> {
    let mut file = fs_err::OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(format!("{line}\n").as_bytes())
}

/// `module::test` of the function in which a local `fn here()` stands.
pub fn name_of<T>(_: &T) -> &'static str {
    let name = std::any::type_name::<T>();
    let name = name.strip_suffix("::here").unwrap_or(name);
    let name = name.strip_suffix("::{{closure}}").unwrap_or(name);
    name.split_once("::").map_or(name, |(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_server_skips_by_name_or_fails() {
        let decide = |missing, required| decide(Server::Obs, "scenes::list", missing, required);
        assert_eq!(decide(None, false), Verdict::Run);
        assert_eq!(decide(None, true), Verdict::Run);
        let skip = "skipped: scenes::list: obs-studio is not installed";
        assert_eq!(decide(Some("obs"), false), Verdict::Skip(skip.into()));
        let Verdict::Fail(message) = decide(Some("Xvfb"), true) else { panic!("let through") };
        assert!(message.contains("no `Xvfb`") && message.contains("apt-get install"), "{message}");
    }

    #[test]
    fn home_assistant_is_made_by_setup() {
        let missing = Some("target/servers/ha");
        let skip = "skipped: lights::on: home-assistant is not installed";
        let server = Server::HomeAssistant;
        assert_eq!(decide(server, "lights::on", missing, false), Verdict::Skip(skip.into()));
        let Verdict::Fail(message) = decide(server, "lights::on", missing, true) else {
            panic!("let through")
        };
        assert!(message.contains("cargo xtask setup --servers"), "{message}");
    }

    #[test]
    fn programs_are_looked_for_in_the_folders_given() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        assert_eq!(Server::Obs.missing_in(&folders), Some("obs"));
        fs_err::write(folder.path().join("obs"), "").unwrap();
        assert_eq!(Server::Obs.missing_in(&folders), Some("Xvfb"));
        fs_err::write(folder.path().join("Xvfb"), "").unwrap();
        assert_eq!(Server::Obs.missing_in(&folders), None);
    }

    #[test]
    fn skipped_tests_are_noted_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("skipped");
        note(&file, "one").unwrap();
        note(&file, "two").unwrap();
        assert_eq!(fs_err::read_to_string(file).unwrap(), "one\ntwo\n");
    }

    #[tokio::test]
    async fn a_test_knows_its_name() {
        fn here() {}
        assert_eq!(name_of(&here), "availability::tests::a_test_knows_its_name");
    }
}
