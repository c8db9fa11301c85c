//! `log FOLDER ENTRIES THREADS`: fills a log through the same calls as every command does, two
//! entries to an operation and ten operations to a trace, by so many threads at once, and asks it
//! what an operator would. Prints one JSON object of durations in microseconds.

use anyhow::{Context as _, Result, anyhow, ensure};
use if_core::{Clock, Effect, Exit, Mode, OperationId, UnixMillis, Word};
use if_store::Store;
use if_witness::{
    Charge, Decision, Filter, Intent, LogFiles, Outcome, SCHEMA, Status, Timing, Witness,
    create_key,
};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often each question is asked; the median counts.
const QUESTIONS: u64 = 101;

/// Operations that belong together.
const PER_TRACE: u64 = 10;

/// Entries have an order of their own.
struct Still;

impl Clock for Still {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_700_000_000_000)
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().context("which folder?")?);
    let entries: u64 = arguments.next().context("how many entries?")?.parse()?;
    let threads: u64 = arguments.next().context("by how many threads?")?.parse()?;
    let key = folder.join("witness.key");
    // A log that is there is asked as it is.
    let filling = match key.exists() {
        true => Duration::ZERO,
        false => {
            create_key(&key)?;
            let (witness, _) = open(&folder)?;
            let (filled, filling) = timed(|| fill(&witness, entries / 2, threads));
            filled?;
            filling
        }
    };
    let (witness, opening) = open(&folder)?;
    let (signed, signing) = timed(|| witness.checkpoint());
    signed?;
    let (report, verifying) = timed(|| witness.verify(None));
    ensure!(report?.first_problem.is_none(), "the log is broken");
    let proving = median(|n| {
        witness.prove(n * entries / QUESTIONS)?;
        Ok(())
    })?;
    let finding = median(|n| {
        let trace = Some(trace(n * entries / 2 / QUESTIONS));
        let found = witness.query(&Filter { trace, ..Filter::default() })?;
        ensure!(found.len() as u64 == PER_TRACE, "{} found", found.len());
        Ok(())
    })?;
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let figures = json!({
        "entries": entries, "fill": micros(filling), "open": micros(opening),
        "sign": micros(signing), "verify": micros(verifying), "prove": micros(proving),
        "trace": micros(finding),
    });
    println!("{figures}");
    Ok(())
}

fn open(folder: &Path) -> Result<(Witness, Duration)> {
    let (key, run_dir) = (folder.join("witness.key"), folder.join("run"));
    let files = LogFiles { key: &key, run_dir: &run_dir, anchor: &folder.join("if.anchor") };
    let (witness, took) = timed(|| -> Result<Witness> {
        let store = Arc::new(Store::open(&folder.join("if.db"), &[SCHEMA])?);
        Ok(Witness::open(store, files, Arc::new(Still))?)
    });
    Ok((witness?, took))
}

fn fill(witness: &Witness, operations: u64, threads: u64) -> Result<()> {
    std::thread::scope(|scope| {
        let start = |first: u64| {
            scope.spawn(move || {
                let mut mine = (first..operations).step_by(threads.max(1) as usize);
                mine.try_for_each(|number| run(witness, number))
            })
        };
        let running: Vec<_> = (0..threads).map(start).collect();
        for thread in running {
            thread.join().map_err(|_| anyhow!("a thread panicked"))??;
        }
        Ok(())
    })
}

fn run(witness: &Witness, number: u64) -> Result<()> {
    let now = Still.now();
    let timing = Timing { started: now, ended: now, wall_ms: 0 };
    let running = witness.begin(intent(number)?, |_| Ok(()))?;
    running.finish(Outcome::new(Status::Ok, Exit::Ok, timing))?;
    Ok(())
}

fn trace(operation: u64) -> String {
    format!("trace-{}", operation / PER_TRACE)
}

fn intent(number: u64) -> Result<Intent> {
    Ok(Intent {
        operation: OperationId::new(format!("{number:032x}"))?,
        trace: Some(trace(number)),
        provider: Word::new("obs")?,
        instance: Some(Word::new("studio")?),
        command: "scene switch".into(),
        effect: Effect::Write,
        actor: "ada".into(),
        mode: Mode::Live,
        plugin: None,
        decision: Decision {
            verdict: "allow".into(),
            reasons: vec!["a write".into()],
            policies: None,
        },
        charge: Charge::default(),
        params: br#"{"scene":"Main Scene"}"#.to_vec(),
        why: None,
        decided: None,
    })
}

#[allow(clippy::disallowed_methods)] // the clock of a tool that reports durations
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let done = work();
    (done, begun.elapsed())
}

/// The duration in the middle.
fn median(ask: impl Fn(u64) -> Result<()>) -> Result<Duration> {
    let mut taken = Vec::new();
    for number in 0..QUESTIONS {
        let (asked, took) = timed(|| ask(number));
        asked?;
        taken.push(took);
    }
    taken.sort_unstable();
    Ok(taken.get(taken.len() / 2).copied().unwrap_or_default())
}
