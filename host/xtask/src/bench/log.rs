//! A long log: how fast it grows, and how long an operator waits for an answer out of it.

use super::lab::release;
use super::table::{Row, ms};
use crate::shell;
use anyhow::Result;
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;

/// Entries of the long log; it lies in memory, where a flush costs nothing.
const LONG: u64 = 1_000_000;
/// Entries of those that are flushed to the disk.
const SHORT: u64 = 20_000;
/// Threads that write at once, and share commits.
const THREADS: u64 = 64;
/// A file system in memory.
const MEMORY: &str = "/dev/shm";

const APPENDED_MIN: u64 = 20_000;
const VERIFY_MAX: Duration = Duration::from_secs(5);
const PROVE_MAX: Duration = Duration::from_millis(5);
const TRACE_MAX: Duration = Duration::from_millis(20);
const OPEN_MAX: Duration = Duration::from_secs(2);

/// What the program says, in microseconds.
#[derive(Deserialize)]
struct Figures {
    entries: u64,
    fill: u64,
    open: u64,
    verify: u64,
    prove: u64,
    trace: u64,
}

/// Fills both logs and asks the long one.
pub fn log() -> Result<Vec<Row>> {
    let long = filled(Path::new(MEMORY), LONG, THREADS)?;
    let shared = filled(&std::env::temp_dir(), SHORT, THREADS)?;
    let alone = filled(&std::env::temp_dir(), SHORT / 10, 1)?;
    let bar = |what: &str, micros: u64, most: Duration| {
        let took = Duration::from_micros(micros);
        Row::bar(what, ms(took), format!("≤ {}", ms(most)), took <= most)
    };
    let rate = |it: &Figures| it.entries.saturating_mul(1_000_000) / it.fill.max(1);
    let appended = rate(&shared);
    Ok(vec![
        Row::bar(
            "append to a log on the disk, 64 threads that share commits",
            format!("{appended} entries/s"),
            format!("≥ {APPENDED_MIN} entries/s"),
            appended >= APPENDED_MIN,
        ),
        Row::information(
            "the same by one thread, each entry flushed",
            format!("{} entries/s", rate(&alone)),
        ),
        bar("verify 1,000,000 entries under a checkpoint", long.verify, VERIFY_MAX),
        bar("open and recover that log", long.open, OPEN_MAX),
        bar("prove one entry out of them", long.prove, PROVE_MAX),
        bar("find a trace among them", long.trace, TRACE_MAX),
    ])
}

fn filled(below: &Path, entries: u64, threads: u64) -> Result<Figures> {
    let folder = tempfile::tempdir_in(below)?;
    let mut program = shell::command(release("log"));
    program.arg(folder.path()).arg(entries.to_string()).arg(threads.to_string());
    Ok(serde_json::from_str(&shell::output(&mut program)?)?)
}
