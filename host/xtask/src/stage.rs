//! Stages: a name, a function, how long it took; and the table of them at the end.

use anyhow::{Context as _, Result};
use std::time::{Duration, Instant};

/// Stages run so far. The first failure ends the run; the table shows it too.
#[derive(Default)]
pub struct Stages {
    done: Vec<(String, Duration, bool)>,
}

impl Stages {
    /// Runs one stage and prints its duration.
    #[allow(clippy::disallowed_methods)] // the clock of a tool that reports durations
    pub fn run(&mut self, name: &str, stage: impl FnOnce() -> Result<()>) -> Result<()> {
        println!("\n── {name}");
        let begun = Instant::now();
        let outcome = stage();
        let took = begun.elapsed();
        let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("── {name}: {verdict}, {}", seconds(took));
        self.done.push((name.to_owned(), took, outcome.is_ok()));
        outcome.with_context(|| format!("stage {name}"))
    }

    /// The table of all stages with their sum.
    pub fn table(&self) -> String {
        let width = self.done.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        let mut table = String::new();
        for (name, took, fine) in &self.done {
            let verdict = if *fine { "ok" } else { "FAILED" };
            table.push_str(&format!("  {name:width$}  {:>9}  {verdict}\n", seconds(*took)));
        }
        let total = self.done.iter().map(|(_, took, _)| *took).sum();
        table.push_str(&format!("  {:width$}  {:>9}\n", "total", seconds(total)));
        table
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_stage_is_named_and_stands_in_the_table() {
        let mut stages = Stages::default();
        stages.run("first", || Ok(())).unwrap();
        let error = stages.run("second", || anyhow::bail!("no luck")).unwrap_err();
        assert_eq!(format!("{error:#}"), "stage second: no luck");
        let table = stages.table();
        let verdicts: Vec<_> = table.lines().map(|line| line.trim().rsplit("  ").next()).collect();
        assert_eq!(verdicts, [Some("ok"), Some("FAILED"), Some("0.0 s")]);
    }
}
