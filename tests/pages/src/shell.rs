//! A shell with a home of its own, in which a page's lines are typed one after the other.
//!
//! Each line is a `bash` of its own, so its exit code and its words are known; the folder and the
//! exported variables are handed on to the next, as in one session. Words that stand for this
//! machine (`8088` for a free port) are exchanged on the way in and back on the way out.

use crate::Step;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A line that has not ended after so long hangs; building a plugin takes a tenth of it.
const LINE_SECONDS_MAX: &str = "600";

/// How often to look at what a line has printed that will be interrupted.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Runs `$PAGE_LINE` where the line before left off, and leaves word for the next. Ctrl-C is for
/// the line: it reaches this shell as well, twice, and must not end it before the line has ended.
const SESSION: &str = "[ -f \"$PAGE_STATE/env\" ] && . \"$PAGE_STATE/env\"\n\
                       cd \"$(cat \"$PAGE_STATE/folder\")\" || exit 126\n\
                       trap : INT\n\
                       eval \"$PAGE_LINE\"\n\
                       PAGE_EXIT=$?\n\
                       unset PAGE_LINE\n\
                       export -p > \"$PAGE_STATE/env\"\n\
                       pwd > \"$PAGE_STATE/folder\"\n\
                       exit $PAGE_EXIT\n";

/// The session.
pub struct Shell {
    state: TempDir,
    variables: Vec<(String, String)>,
    words: Vec<(String, String)>,
    answers: Vec<(String, String)>,
    /// Groups of processes that a line left in the background.
    groups: Vec<u32>,
}

/// How a line ended.
#[derive(Debug)]
pub struct Said {
    /// -1 when a signal ended it.
    pub exit: i32,
    /// Both streams, as a terminal would show them.
    pub printed: String,
}

impl Shell {
    /// A session that begins in `folder`, with `home` as its home and nothing else in its
    /// environment but the path to programs.
    pub fn new(home: &Path, folder: &Path, path: &str) -> Result<Self> {
        let state = TempDir::new()?;
        fs_err::write(state.path().join("folder"), folder.display().to_string())?;
        let mut shell = Self {
            state,
            variables: Vec::new(),
            words: Vec::new(),
            answers: Vec::new(),
            groups: Vec::new(),
        };
        shell.set("HOME", &home.display().to_string());
        shell.set("PATH", path);
        shell.set("LANG", "C.UTF-8");
        Ok(shell)
    }

    /// Sets a variable for every line.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// From now on `word` of the page is `real` here. The longest words first, if one contains
    /// another.
    pub fn word(&mut self, word: &str, real: &str) {
        self.words.push((word.to_owned(), real.to_owned()));
    }

    /// What is typed at a line that contains `line` and asks.
    pub fn answer(&mut self, line: &str, input: &str) {
        self.answers.push((line.to_owned(), input.to_owned()));
    }

    /// Types one line.
    pub fn run(&mut self, line: &str) -> Result<Said> {
        self.type_line(line, None)
    }

    /// Types a step of a page, and Ctrl-C where it says so.
    pub fn take(&mut self, step: &Step) -> Result<Said> {
        self.type_line(&step.typed, step.interrupt)
    }

    fn type_line(&mut self, line: &str, interrupt: Option<usize>) -> Result<Said> {
        let real = self
            .words
            .iter()
            .fold(line.to_owned(), |text, (word, real)| text.replace(word.as_str(), real));
        let (input, output) = (self.state.path().join("input"), self.state.path().join("output"));
        let answers = self.answers.iter().filter(|(part, _)| line.contains(part.as_str()));
        fs_err::write(&input, answers.map(|(_, input)| input.as_str()).collect::<String>())?;
        // A file and not a pipe: what a line leaves in the background would keep a pipe open.
        let file = fs_err::File::create(&output)?;
        let mut command = Command::new("timeout");
        command.args(["--kill-after", "5", LINE_SECONDS_MAX, "bash", "-o", "pipefail", "-c"]);
        command.arg(SESSION).env_clear().envs(self.variables.iter().cloned());
        command.env("PAGE_STATE", self.state.path()).env("PAGE_LINE", &real);
        command.stdin(fs_err::File::open(&input)?.into_parts().0);
        command.stdout(file.file().try_clone()?).stderr(file.file().try_clone()?);
        let mut child = command.spawn().context("neither `timeout` nor `bash` may be missing")?;
        if line.trim_end().ends_with('&') {
            // `timeout` makes a group of its own, with its own number.
            self.groups.push(child.id());
        }
        if let Some(lines) = interrupt {
            until_printed(&mut child, &output, lines)?;
            signal("-INT", child.id());
        }
        let exit = child.wait()?.code().unwrap_or(-1);
        let printed = String::from_utf8_lossy(&fs_err::read(&output)?).into_owned();
        Ok(Said { exit, printed: self.as_the_page_says(&printed) })
    }

    fn as_the_page_says(&self, printed: &str) -> String {
        let home = self.variables.iter().find(|(name, _)| name == "HOME");
        let text = self
            .words
            .iter()
            .fold(printed.to_owned(), |text, (word, real)| text.replace(real.as_str(), word));
        home.map_or(text.clone(), |(_, home)| text.replace(home.as_str(), "/home/you"))
    }

    /// The folder in which the next line runs.
    pub fn folder(&self) -> Result<PathBuf> {
        Ok(fs_err::read_to_string(self.state.path().join("folder"))?.trim_end().into())
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.groups.iter().for_each(|group| signal("-TERM", *group));
    }
}

/// Waits until so many lines were printed, or the line has ended.
fn until_printed(child: &mut Child, output: &Path, lines: usize) -> Result<()> {
    while fs_err::read_to_string(output)?.matches('\n').count() < lines {
        if child.try_wait()?.is_some() {
            break;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

/// Signals a group of processes, as a terminal does. One that has ended cannot be ended again.
fn signal(name: &str, group: u32) {
    let mut kill = Command::new("kill");
    kill.args([name, "--", &format!("-{group}")]);
    let _ = kill.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> (TempDir, Shell) {
        let home = TempDir::new().unwrap();
        let shell = Shell::new(home.path(), home.path(), "/usr/bin:/bin").unwrap();
        (home, shell)
    }

    #[test]
    fn lines_share_folder_and_variables_and_end_as_they_end() {
        let (_home, mut shell) = shell();
        shell.run("mkdir here; cd here; export COLOUR=blue").unwrap();
        assert_eq!(shell.run("basename $PWD; echo $COLOUR").unwrap().printed, "here\nblue\n");
        assert_eq!(shell.run("echo out; echo err >&2; false").unwrap().exit, 1);
        assert_eq!(shell.run("(exit 3) | cat").unwrap().exit, 3);
        assert!(shell.folder().unwrap().ends_with("here"));
    }

    #[test]
    fn words_of_the_page_are_exchanged_both_ways() {
        let (_home, mut shell) = shell();
        shell.word("8088", "41234");
        assert_eq!(
            shell.run("echo port 8088 of $((41233 + 1))").unwrap().printed,
            "port 8088 of 8088\n"
        );
        assert_eq!(shell.run("echo $HOME/x").unwrap().printed, "/home/you/x\n");
    }

    #[test]
    fn a_line_that_asks_is_answered() {
        let (_home, mut shell) = shell();
        shell.answer("read", "yes\n");
        assert_eq!(shell.run("read x; echo got $x").unwrap().printed, "got yes\n");
        assert_eq!(shell.run("cat").unwrap().printed, "");
    }

    #[test]
    fn ctrl_c_is_typed_after_what_was_printed() {
        let (_home, mut shell) = shell();
        let script = "trap 'echo caught; exit 130' INT; echo one; while :; do sleep 1; done";
        let page = format!("```console\n$ bash -c \"{script}\"\none\n^C\ncaught\n```\n");
        let step = crate::blocks(&page)[0].steps().remove(0);
        let said = shell.take(&step).unwrap();
        assert_eq!((said.exit, said.printed.as_str()), (130, "one\ncaught\n"));
    }

    #[test]
    fn what_runs_in_the_background_does_not_hold_the_line_and_is_ended() {
        use std::io::Read as _;
        let (home, mut shell) = shell();
        shell.run("mkfifo pipe").unwrap();
        shell.run("sleep 300 > pipe &").unwrap();
        let mut pipe = fs_err::File::open(home.path().join("pipe")).unwrap();
        drop(shell);
        // The end of the pipe comes when its last writer has ended, and not before.
        assert_eq!(pipe.read_to_string(&mut String::new()).unwrap(), 0);
    }
}
