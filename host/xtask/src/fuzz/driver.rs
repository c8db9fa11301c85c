//! The programs with libFuzzer in them: building them, and running one target in one of them.

use super::Effort;
use crate::compiler::{self, As};
use crate::{plugins, shell};
use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where everything lies that is found or learnt.
const FOLDER: &str = "target/fuzz";
/// How the names of the targets begin that are the plugins' and the SDK's.
const PLUGINS: [&str; 2] = ["plugin-", "sdk-"];

/// An input that takes longer is a finding: a parser has no business for seconds.
const INPUT_SECONDS_MAX: u32 = 10;
/// A process that grows larger is a finding; the largest honest input needs a tenth of it.
const MEMORY_MIB_MAX: u32 = 1024;
/// How much of what was said is shown.
const LINES_SHOWN: usize = 40;

/// The built programs.
pub struct Driver {
    host: PathBuf,
    plugins: PathBuf,
    folder: PathBuf,
}

/// How one target went.
pub struct Outcome {
    pub target: String,
    pub executions: u64,
    pub per_second: u64,
    /// Edges that were reached.
    pub edges: u64,
    /// What libFuzzer said last.
    pub said: String,
    /// The input that was not survived.
    pub found: Option<PathBuf>,
}

impl Driver {
    /// Builds them: our own crates with counters, and the dependencies as every build has them.
    pub fn build() -> Result<Self> {
        build(&["--workspace", "--features", "if-fuzz/libfuzzer", "--example", "fuzz-host"])?;
        let manifest = ["--manifest-path", plugins::MANIFEST, "--package", "if-fuzz-plugins"];
        build(
            &[&manifest[..], &["--features", "libfuzzer", "--example", "fuzz-plugins"]].concat(),
        )?;
        let root = shell::root();
        Ok(Self {
            host: root.join("target/debug/examples/fuzz-host"),
            plugins: root.join("plugins/target/debug/examples/fuzz-plugins"),
            folder: root.join(FOLDER),
        })
    }

    /// Gives one file to a target.
    pub fn replay(&self, target: &str, file: &Path) -> Result<()> {
        shell::run(self.command(target).arg(file))
    }

    /// Fuzzes one target so much.
    pub fn fuzz(&self, target: &str, effort: Effort) -> Result<Outcome> {
        let output = shell::capture(&mut self.run(target, effort)?)?;
        let said = String::from_utf8_lossy(&output.stderr);
        let mut outcome = Outcome::read(target, &said);
        if !output.status.success() {
            outcome.found = Some(match artifact(&said) {
                Some(file) => file,
                None => self.last_input(target, effort)?,
            });
        }
        Ok(outcome)
    }

    fn run(&self, target: &str, effort: Effort) -> Result<Command> {
        let (mut command, found) = (self.command(target), self.made("found")?);
        command.arg(format!("-timeout={INPUT_SECONDS_MAX}"));
        command.arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"));
        command.arg("-print_final_stats=1");
        command.arg(format!("-artifact_prefix={}/{target}.", found.display()));
        let seeds = shell::root().join(super::SEEDS).join(target);
        match effort {
            Effort::Seconds(seconds) => {
                let corpus = self.made("corpus")?.join(target);
                fs_err::create_dir_all(&corpus)?;
                command.arg(format!("-max_total_time={seconds}"));
                // What is new goes into the first folder, the other is read.
                command.args([corpus, seeds]);
            }
            // Whatever depends on the clock, on where the program lies in memory, or on the order
            // of a folder, would make them other inputs.
            Effort::Inputs(inputs) => {
                command
                    .args([format!("-runs={inputs}"), format!("-seed_inputs={}", list(&seeds)?)]);
                command.args(["-seed=1", "-reload=0", "-use_cmp=0"]);
            }
        }
        Ok(command)
    }

    fn command(&self, target: &str) -> Command {
        let is_plugins = PLUGINS.iter().any(|prefix| target.starts_with(prefix));
        let program = if is_plugins { &self.plugins } else { &self.host };
        let mut command = shell::command(program);
        command.env("IF_FUZZ_TARGET", target);
        command
    }

    fn made(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        fs_err::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// The input at which the process dies without a word, as of an overflowing stack: it is run
    /// again from what it has learnt, and keeps each input before it is tried.
    fn last_input(&self, target: &str, effort: Effort) -> Result<PathBuf> {
        let current = self.made("current")?.join(target);
        let output = shell::capture(self.run(target, effort)?.env("IF_FUZZ_CURRENT", &current))?;
        ensure!(!output.status.success(), "`{target}` died without a word, and did not again");
        let kept = fs_err::read(&current)?;
        let input = whole(&kept);
        ensure!(input.is_some(), "`{target}` ended before its first input");
        let file = self.made("found")?.join(format!("{target}.last"));
        fs_err::write(&file, input.unwrap_or_default())?;
        Ok(file)
    }
}

/// The files of a folder in the order of their names, with commas between them.
fn list(folder: &Path) -> Result<String> {
    let files = fs_err::read_dir(folder)?.map(|entry| Ok(entry?.path().display().to_string()));
    let mut files = files.collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files.join(","))
}

fn build(words: &[&str]) -> Result<()> {
    let mut cargo = shell::cargo(&["build", "--quiet"]);
    cargo.args(words);
    // Quicker to find things; what overflows stays a finding.
    cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1").env("CARGO_INCREMENTAL", "0");
    compiler::set(&mut cargo, As::Counted)?;
    shell::run(&mut cargo).context("it needs a compiler of C++ for libFuzzer itself")
}

/// The input in a file that may hold the rest of a longer one: four bytes of length come first.
fn whole(kept: &[u8]) -> Option<&[u8]> {
    let (length, rest) = kept.split_first_chunk::<4>()?;
    rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// Where libFuzzer says that it wrote the input.
fn artifact(said: &str) -> Option<PathBuf> {
    said.lines().find_map(|line| line.split("Test unit written to ").nth(1)).map(PathBuf::from)
}

impl Outcome {
    /// From what libFuzzer says.
    fn read(target: &str, said: &str) -> Self {
        let number = |text: Option<&str>| text.and_then(|it| it.trim().parse().ok()).unwrap_or(0);
        let stat = |name: &str| {
            number(said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')))
        };
        let edges = said.lines().rev().find_map(|line| line.split("cov: ").nth(1));
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.iter().skip(lines.len().saturating_sub(LINES_SHOWN));
        Self {
            target: target.to_owned(),
            executions: stat("stat::number_of_executed_units"),
            per_second: stat("stat::average_exec_per_sec"),
            edges: number(edges.and_then(|rest| rest.split(' ').next())),
            said: last.copied().collect::<Vec<_>>().join("\n"),
            found: None,
        }
    }

    /// As a line of the table.
    pub fn row(&self) -> String {
        let Self { executions, per_second, edges, .. } = self;
        let verdict = if self.found.is_some() { "FOUND SOMETHING" } else { "ok" };
        format!("{executions:>9} inputs  {per_second:>7}/s  {edges:>6} edges  {verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
INFO: Loaded 1 modules   (12 inline 8-bit counters): 12 [0x1, 0x2),
#2\tINITED cov: 100 ft: 10 corp: 1/1b exec/s: 0 rss: 40Mb
#5000\tDONE   cov: 321 ft: 30 corp: 9/99b lim: 4096 exec/s: 2500 rss: 41Mb
stat::number_of_executed_units: 5000
stat::average_exec_per_sec:     2500
";

    #[test]
    fn what_libfuzzer_says_becomes_a_row() {
        let outcome = Outcome::read("name", SAID);
        assert_eq!((outcome.executions, outcome.per_second, outcome.edges), (5000, 2500, 321));
        assert_eq!(outcome.row(), "     5000 inputs     2500/s     321 edges  ok");
        assert_eq!(artifact(SAID), None);
        let crashed = "artifact_prefix='x/name.'; Test unit written to x/name.crash-1f\nBase64: \n";
        assert_eq!(artifact(crashed), Some(PathBuf::from("x/name.crash-1f")));
    }

    #[test]
    fn the_last_input_is_cut_at_its_length() {
        assert_eq!(whole(b"\x02\0\0\0abcdef"), Some(&b"ab"[..]));
        assert_eq!(whole(b"\x07\0\0\0abcdef"), None);
        assert_eq!(whole(b"\x02\0"), None);
    }
}
