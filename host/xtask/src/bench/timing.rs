//! How long programs take: side by side, in turns, so that what disturbs one disturbs the other.
//!
//! A program that fails is an error: a fast refusal must not pass for a fast command.

use anyhow::{Context as _, Result, ensure};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Durations of the same thing, in order of length.
#[derive(Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Orders them.
    pub fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// The one in the middle.
    pub fn median(&self) -> Duration {
        self.at(50)
    }

    /// The one that this many percent do not exceed.
    pub fn at(&self, percent: usize) -> Duration {
        let place = self.0.len().saturating_sub(1) * percent / 100;
        self.0.get(place).copied().unwrap_or_default()
    }
}

/// Runs each of them this often, in turns, after one uncounted run; in their order, how long each
/// took from start to end.
pub fn in_turns(runs: usize, programs: &mut [Command]) -> Result<Vec<Samples>> {
    let mut taken = vec![Vec::with_capacity(runs); programs.len()];
    for run in 0..=runs {
        for (program, taken) in programs.iter_mut().zip(&mut taken) {
            let took = timed(program)?;
            if run > 0 {
                taken.push(took);
            }
        }
    }
    Ok(taken.into_iter().map(Samples::of).collect())
}

/// The medians of two programs that run in turns.
pub fn medians(runs: usize, programs: &mut [Command; 2]) -> Result<(Duration, Duration)> {
    let samples = in_turns(runs, programs)?;
    let median = |place: usize| samples.get(place).map(Samples::median).unwrap_or_default();
    Ok((median(0), median(1)))
}

/// Runs it once.
#[allow(clippy::disallowed_methods)] // the clock of a tool that reports durations
pub fn timed(program: &mut Command) -> Result<Duration> {
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let begun = Instant::now();
    let output = program.output();
    let took = begun.elapsed();
    let line = || crate::shell::line(program);
    let output = output.with_context(|| format!("cannot run `{}`", line()))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{}` ended with {}: {words}", line(), output.status);
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        let samples = Samples::of([9, 1, 5].map(Duration::from_millis).to_vec());
        assert_eq!(samples.median(), Duration::from_millis(5));
        assert_eq!(samples.at(100), Duration::from_millis(9));
    }

    #[test]
    fn a_program_that_fails_is_not_timed() {
        let error = in_turns(1, &mut [Command::new("false")]).err().unwrap().to_string();
        assert!(error.contains("false"), "{error}");
        assert_eq!(in_turns(3, &mut [Command::new("true")]).unwrap().len(), 1);
    }
}
