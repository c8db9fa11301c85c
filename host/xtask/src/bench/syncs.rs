//! How often a command waits for the disk and how long, as the kernel's side of `strace` tells it.
//!
//! In runs of its own: tracing slows a program down, though hardly the flush itself.

use anyhow::Result;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::timing::{self, Samples};

/// The program that counts.
pub const TRACER: &str = "strace";

/// Of many runs of one command: how many had how many flushes, and the summed time of each run.
pub struct Syncs {
    pub runs_by_count: BTreeMap<usize, usize>,
    pub per_run: Samples,
}

/// Runs the command that `traced` makes of the tracer's words this often.
pub fn of(runs: usize, folder: &Path, traced: impl Fn(&[&str]) -> Command) -> Result<Syncs> {
    let file = folder.join("trace");
    let name = file.display().to_string();
    let words = [TRACER, "-f", "-T", "-e", "trace=fsync,fdatasync", "-o", &name];
    let (mut runs_by_count, mut sums) = (BTreeMap::new(), Vec::new());
    for _ in 0..runs {
        timing::timed(&mut traced(&words))?;
        let flushes = flushes(&fs_err::read_to_string(&file)?);
        *runs_by_count.entry(flushes.len()).or_insert(0) += 1;
        sums.push(flushes.iter().sum());
    }
    Ok(Syncs { runs_by_count, per_run: Samples::of(sums) })
}

impl Syncs {
    /// The most flushes that any run had.
    pub fn most(&self) -> usize {
        self.runs_by_count.keys().next_back().copied().unwrap_or(0)
    }

    /// The distribution in words: `2 in 59 runs, 4 in 1`.
    pub fn distribution(&self) -> String {
        let counts = self.runs_by_count.iter();
        counts.map(|(count, runs)| format!("{count} in {runs}")).collect::<Vec<_>>().join(", ")
    }
}

/// How long each flush of a trace took. An interrupted line has no duration; its second half has.
fn flushes(trace: &str) -> Vec<Duration> {
    let seconds = |line: &str| -> Option<Duration> {
        let (_, last) = line.trim_end().strip_suffix('>')?.rsplit_once('<')?;
        Some(Duration::from_secs_f64(last.parse().ok()?))
    };
    trace.lines().filter(|line| line.contains("sync")).filter_map(seconds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flush_is_counted_once() {
        let trace = "\
12 fdatasync(5)                     = 0 <0.001500>
12 fsync(7 <unfinished ...>
13 fdatasync(9)                     = 0 <0.000500>
12 <... fsync resumed>)             = 0 <0.002000>
12 +++ exited with 0 +++
";
        let taken: Vec<_> = flushes(trace).iter().map(Duration::as_micros).collect();
        assert_eq!(taken, [1500, 500, 2000]);
    }
}
