//! A scene on the real binary: each line is shown as one would type it, run, and checked. A line
//! that does not end or speak as it should ends the scene, so what is printed is true.
//!
//! Home and cache are temporary; nothing of the user's own home is read or written.

use crate::shell;
use anyhow::{Context as _, Result, bail};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Lines of a command's words that are shown; all of them are checked.
const SHOWN_LINES_MAX: usize = 16;
/// Columns of each that are shown; some results are one long line of JSON.
const SHOWN_COLUMNS_MAX: usize = 160;

/// The binary with a home of its own.
pub struct Scene {
    folder: TempDir,
    binary: PathBuf,
}

/// What a line printed.
#[derive(Debug)]
pub struct Said {
    pub stdout: String,
    pub stderr: String,
}

impl Scene {
    /// A scene for this binary, with no home yet.
    pub fn new(binary: PathBuf) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("infrafabric-").tempdir()?;
        println!("  $ export IF_HOME={0}/home IF_CACHE={0}/cache", folder.path().display());
        Ok(Self { folder, binary })
    }

    /// The binary as `cargo build` leaves it.
    pub fn debug_binary() -> PathBuf {
        shell::root().join("target/debug/ifctl")
    }

    /// A path in the scene's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as text, for a line.
    pub fn word(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// The first file below the scene's folder that contains these bytes.
    pub fn file_with(&self, bytes: &[u8]) -> Result<Option<PathBuf>> {
        file_with(self.folder.path(), bytes)
    }

    /// A heading.
    pub fn tell(&self, text: &str) {
        println!("\n{text}");
    }

    /// A line that must end well and say these things.
    pub fn ok(&self, words: &[&str], says: &[&str]) -> Result<Said> {
        self.line(words, None, 0, says)
    }

    /// A line that must be refused with this exit code and say these things.
    pub fn refused(&self, exit: i32, words: &[&str], says: &[&str]) -> Result<Said> {
        self.line(words, None, exit, says)
    }

    /// A line that must end well with this on its standard input, which is not shown.
    pub fn fed(&self, words: &[&str], input: &str, says: &[&str]) -> Result<Said> {
        self.line(words, Some(input), 0, says)
    }

    fn line(&self, words: &[&str], input: Option<&str>, exit: i32, says: &[&str]) -> Result<Said> {
        let shown: Vec<String> = words.iter().map(|word| shell::quoted(word)).collect();
        let from = if input.is_some() { " < the-secret" } else { "" };
        let shown = format!("ifctl {}{from}", shown.join(" "));
        println!("  $ {shown}");
        let (status, said) = self.start(words, input).with_context(|| format!("`{shown}`"))?;
        said.show();
        if let Some(code) = status.filter(|code| *code != 0) {
            println!("  (exit code {code})");
        }
        if status != Some(exit) {
            bail!("`{shown}` ended with {status:?} instead of {exit}:\n{}", said.all());
        }
        match says.iter().find(|text| !said.all().contains(*text)) {
            None => Ok(said),
            Some(text) => bail!("`{shown}` does not say `{text}`:\n{}", said.all()),
        }
    }

    fn start(&self, words: &[&str], input: Option<&str>) -> Result<(Option<i32>, Said)> {
        let mut command = Command::new(&self.binary);
        command.args(words).current_dir(shell::root());
        command.env("IF_HOME", self.path("home")).env("IF_CACHE", self.path("cache"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("is the program built?")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.unwrap_or_default().as_bytes())?;
        }
        let output = child.wait_with_output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((
            output.status.code(),
            Said { stdout: text(&output.stdout), stderr: text(&output.stderr) },
        ))
    }
}

impl Said {
    /// Both streams.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    fn show(&self) {
        let all = self.all();
        let lines: Vec<&str> = all.lines().collect();
        for line in lines.iter().take(SHOWN_LINES_MAX) {
            let shown: String = line.chars().take(SHOWN_COLUMNS_MAX).collect();
            let more = if shown.len() < line.len() { " …" } else { "" };
            println!("    {shown}{more}");
        }
        if let Some(more) = lines.len().checked_sub(SHOWN_LINES_MAX + 1) {
            println!("    … and {} lines more", more + 1);
        }
    }
}

fn file_with(folder: &Path, bytes: &[u8]) -> Result<Option<PathBuf>> {
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if let Some(found) = file_with(&entry.path(), bytes)? {
                return Ok(Some(found));
            }
        } else if kind.is_file() {
            let content = fs_err::read(entry.path())?;
            if content.windows(bytes.len()).any(|window| window == bytes) {
                return Ok(Some(entry.path()));
            }
        }
    }
    Ok(None)
}

/// Copies a folder, for scenes that spoil the copy.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs_err::create_dir_all(to)?;
    for entry in fs_err::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs_err::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Flips one bit in the middle of a file.
pub fn tamper(file: &Path) -> Result<()> {
    let mut bytes = fs_err::read(file)?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).context("an empty file cannot be tampered with")? ^= 1;
    Ok(fs_err::write(file, bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene() -> Scene {
        Scene::new(PathBuf::from("/bin/sh")).unwrap()
    }

    #[test]
    fn a_line_must_end_and_speak_as_said() {
        let scene = scene();
        let script = "echo out; echo err >&2; exit 4";
        scene.refused(4, &["-c", script], &["out", "err"]).unwrap();
        let wrong_exit = scene.ok(&["-c", script], &[]).unwrap_err().to_string();
        assert!(wrong_exit.contains("ended with Some(4) instead of 0"), "{wrong_exit}");
        let silent = scene.refused(4, &["-c", script], &["hint:"]).unwrap_err().to_string();
        assert!(silent.contains("does not say `hint:`"), "{silent}");
        scene.fed(&["-c", "read x; echo got $x"], "in\n", &["got in"]).unwrap();
    }

    #[test]
    fn homes_are_the_scenes_own() {
        let scene = scene();
        let said = scene.ok(&["-c", "echo $IF_HOME; echo $IF_CACHE"], &[]).unwrap();
        assert_eq!(said.stdout, format!("{}\n{}\n", scene.word("home"), scene.word("cache")));
    }

    #[test]
    fn a_secret_in_any_file_is_found() {
        let scene = scene();
        fs_err::create_dir_all(scene.path("home/deep")).unwrap();
        fs_err::write(scene.path("home/deep/file"), b"\xffhunter2\xff").unwrap();
        let found = scene.file_with(b"hunter2").unwrap();
        assert_eq!(found, Some(scene.path("home/deep/file")));
        assert_eq!(scene.file_with(b"hunter3").unwrap(), None);
    }

    #[test]
    fn a_copy_can_be_spoilt() {
        let scene = scene();
        fs_err::create_dir_all(scene.path("a/b")).unwrap();
        fs_err::write(scene.path("a/b/file"), [0, 0, 0]).unwrap();
        copy_folder(&scene.path("a"), &scene.path("c")).unwrap();
        tamper(&scene.path("c/b/file")).unwrap();
        assert_eq!(fs_err::read(scene.path("c/b/file")).unwrap(), [0, 1, 0]);
        assert_eq!(fs_err::read(scene.path("a/b/file")).unwrap(), [0, 0, 0]);
    }
}
