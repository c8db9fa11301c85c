//! `cargo xtask bench`: what the product costs beside bare programs that do the same work, in one
//! run, written to `docs/BENCH.md`.
//!
//! Each line stands against its bar and says whether it is met. No test is timed and nothing fails
//! here for being slow: a machine under load would make such a test a liar.

mod home;
mod lab;
mod lag;
mod log;
mod machine;
mod measures;
mod rivals;
mod studio;
mod syncs;
mod table;
mod timing;

use crate::compiler::As;
use crate::{install, plugins, shell};
use anyhow::Result;
use std::path::PathBuf;
use table::Row;

/// Where the result stands, below the root.
const REPORT: &str = "docs/BENCH.md";

/// What the table's readers must know.
const PREFACE: &str = "\
# What it costs

Written by `cargo xtask bench`; do not edit. Ours and the yardstick run in turns in one run; a
time is the median of its runs, from the start of a process to its end. \"Flushes\" are `fsync`
and `fdatasync`, counted and timed by `strace` in runs of their own; \"without flushes\" is the
median
wall time less the median of their sum. A bare component call is a process that loads the same
compiled component through wasmtime and calls it, with no trust, no limits and no log; a bare
WebSocket client makes the same exchange with its password on the command line.

";

/// The word that chooses it, what is measured, and how.
type Group = (&'static str, &'static str, fn() -> Result<Vec<Row>>);

/// All measures, in the order of the table.
const GROUPS: &[Group] = &[
    ("cold", "a cold command", measures::cold_command),
    ("wall", "the second wall", measures::second_wall),
    ("trust", "the trust check", measures::trust),
    ("bounds", "fuel and epochs", measures::bounds),
    ("lag", "how late attacks are over", lag::attacks),
    ("obs", "a command to OBS", studio::scene),
    ("ha", "a command to Home Assistant", home::state),
    ("calls", "calls in one process", measures::in_process),
    ("log", "a long log", log::log),
    ("sizes", "sizes", measures::sizes),
    ("help", "help and completion", measures::help),
];

/// Builds, measures, prints and writes; only prints where some groups are named.
pub fn run(only: &[&str]) -> Result<()> {
    let known = |word: &str| GROUPS.iter().any(|(name, ..)| *name == word);
    if let Some(word) = only.iter().find(|word| !known(word)) {
        let names: Vec<_> = GROUPS.iter().map(|(name, ..)| *name).collect();
        anyhow::bail!("nothing to measure is called `{word}`: {}", names.join(", "));
    }
    let chosen = |name: &str| only.is_empty() || only.contains(&name);
    println!("building for release …");
    shell::run(&mut shell::cargo(&["build", "--release", "--package", "if-bench", "--bins"]))?;
    if chosen("bounds") {
        install::build(Some(As::Unbounded))?;
        install::copy(&unbounded())?;
    }
    install::build(None)?;
    plugins::run()?;
    let load_before = machine::load()?;
    let mut rows = Vec::new();
    for (name, what, measure) in GROUPS {
        if chosen(name) {
            rows.extend(measured(what, *measure)?);
        }
    }
    if !only.is_empty() {
        return Ok(());
    }
    let temporary = tempfile::tempdir()?;
    let machine = machine::describe(temporary.path())?;
    let load =
        format!("- load at the beginning and at the end: {load_before}, {}\n", machine::load()?);
    let table = table::markdown(&rows);
    let report = format!("{PREFACE}{table}\n## The machine\n\n{machine}{load}");
    fs_err::write(shell::root().join(REPORT), report)?;
    println!("\n{table}\n{machine}{load}\nwritten to {REPORT}");
    Ok(())
}

/// Where the programs lie that give guests neither fuel nor interruptions.
fn unbounded() -> PathBuf {
    shell::root().join("target/unbounded")
}

fn measured(what: &str, measure: fn() -> Result<Vec<Row>>) -> Result<Vec<Row>> {
    println!("\nmeasuring {what} …");
    let rows = measure()?;
    print!("{}", table::markdown(&rows));
    Ok(rows)
}
