//! The measures themselves: one function, one group of lines of the table.
//!
//! What cannot be measured here, for want of a program or a server, is a line that says so.

use super::lab::{BUSY, Lab, NOOP, OBS, release};
use super::table::{Row, Verdict, ms};
use super::{studio, syncs, timing};
use crate::shell;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs of each cold command: enough for a steady median, and for a checkpoint of the database's
/// log, which comes every hundred commands or so.
const RUNS: usize = 60;
/// Runs of commands that do nothing but print.
const PRINTING_RUNS: usize = 30;
/// A file system in memory, where a flush costs nothing.
const IN_MEMORY: &str = "/dev/shm";
/// What tells the peak memory of a program.
const TIMER: &str = "/usr/bin/time";
/// Installed manifests: a small house and a large one.
const FEW: usize = 3;
const MANY: usize = 150;

/// The bars, as the project set them.
const COLD_MAX: Duration = Duration::from_millis(5);
const COLD_RATIO_MAX: f64 = 2.5;
const FLUSHES_MAX: usize = 3;
const WALL_MAX: Duration = Duration::from_millis(3);
const BOUNDS_MAX: f64 = 1.6;
const TRUST_MAX: Duration = Duration::from_millis(1);
const POOLED_CALLS_MIN: f64 = 20_000.0;
const PRINTING_MAX: Duration = Duration::from_millis(5);
const BINARY_BYTES_MAX: u64 = 30 << 20;
const PEAK_KIB_MAX: u64 = 40 << 10;

const PING: &[&str] = &["noop", "ping", "here"];

/// A no-op command with trust, intent and outcome, beside a bare call of the same component.
pub fn cold_command() -> Result<Vec<Row>> {
    let lab = Lab::with_noop(None)?;
    let compiled = lab.path().join("noop.cwasm");
    let bare = |word: &str| {
        let mut command = shell::command(release("bare-component"));
        command.arg(word);
        command
    };
    shell::run(bare("precompile").arg(NOOP).arg(&compiled))?;
    let mut yardstick = bare("call");
    yardstick.arg(&compiled);
    let samples = timing::in_turns(RUNS, &mut [lab.line(PING), yardstick])?;
    let median = |place: usize| samples.get(place).map(timing::Samples::median).unwrap_or_default();
    let (ours, bare) = (median(0), median(1));
    let mut rows =
        vec![Row::compared("cold `ifctl noop ping here`, bare component call", ours, bare, None)];
    if shell::has(syncs::TRACER) {
        rows.extend(flushes(&lab, ours, bare)?);
    } else {
        rows.push(Row::information("flushes", "not measured: no strace".into()));
    }
    if Path::new(IN_MEMORY).is_dir() {
        let memory = Lab::with_noop(Some(Path::new(IN_MEMORY)))?;
        let samples = timing::in_turns(RUNS, &mut [memory.line(PING)])?;
        let wall = samples.first().map(timing::Samples::median).unwrap_or_default();
        let what = "the same with its home in memory, where flushes are free";
        rows.push(Row::compared(what, wall, bare, None));
    }
    Ok(rows)
}

fn flushes(lab: &Lab, wall: Duration, bare: Duration) -> Result<Vec<Row>> {
    let flushes = syncs::of(RUNS, lab.path(), |words| lab.under(words, PING))?;
    let summed = flushes.per_run.median();
    let without = wall.saturating_sub(summed);
    let spread = format!(
        "{} (10 % to 90 %: {} to {})",
        ms(summed),
        ms(flushes.per_run.at(10)),
        ms(flushes.per_run.at(90))
    );
    let bar = format!("≤ {}", ms(COLD_MAX));
    let most = format!("≤ {FLUSHES_MAX} in each");
    let what = format!("flushes per command ({RUNS} runs)");
    Ok(vec![
        Row::information("its flushes, summed", spread),
        Row::bar("without flushes", ms(without), bar, without <= COLD_MAX),
        Row::compared("without flushes, bare component call", without, bare, Some(COLD_RATIO_MAX)),
        Row::bar(&what, flushes.distribution(), most, flushes.most() <= FLUSHES_MAX),
    ])
}

/// One call from the cache, in a process of its own beside the caller and in the caller itself.
pub fn second_wall() -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let once = |place: &str| {
        let mut command = shell::command(release("in-process"));
        command.args(["once", place, NOOP]).arg(folder.path().join("aot"));
        command
    };
    let (worker, here) = timing::medians(RUNS, &mut [once("worker"), once("here")])?;
    let costs = worker.saturating_sub(here);
    let bar = format!("≤ {}", ms(WALL_MAX));
    Ok(vec![
        Row::compared("one call in a worker, in the caller's process", worker, here, None),
        Row::bar("the second wall costs", ms(costs), bar, costs <= WALL_MAX),
    ])
}

/// The whole decision about one plugin: three approvals, a long allow-list.
pub fn trust() -> Result<Vec<Row>> {
    let lab = Lab::new(None)?;
    let package = lab.pack(&shell::root().join("tests/guests/noop"))?;
    lab.ok(&["plugin", "sign", &package])?;
    for name in ["ada", "ben"] {
        let (private, public) = lab.pair(name)?;
        lab.ok(&["trust", "add-key", "reviewer", &public])?;
        lab.ok(&["plugin", "sign", &package, "--role", "reviewer", "--key", &private])?;
    }
    lab.ok(&["plugin", "allow", &package, "--reviewers", "2"])?;
    lab.ok(&["plugin", "install", &package])?;
    let mut check = shell::command(release("trust"));
    let said = shell::output(check.arg(lab.path().join("home")).arg("noop"))?;
    let said = serde_json::from_str(&said)?;
    let took =
        |which| -> Result<Duration> { Ok(Duration::from_secs_f64(median_of(&said, which)? / 1e6)) };
    let (warm, whole) = (took("/micros")?, took("/whole")?);
    let what = "trust check of one plugin, three approvals, an allow-list of 1,000";
    Ok(vec![
        Row::bar(what, ms(warm), format!("≤ {}", ms(TRUST_MAX)), warm <= TRUST_MAX),
        Row::compared("the same, the list remembered, the list read whole", warm, whole, None),
    ])
}

/// What fuel and epochs cost guests that compute, by what they compute.
pub fn bounds() -> Result<Vec<Row>> {
    let mut both = shell::command(release("bounds"));
    let said = shell::output(both.args([BUSY, OBS]))?;
    let figures: Value = serde_json::from_str(&said)?;
    let rows = [
        ("format", "a guest that formats text, unbounded", Some(BOUNDS_MAX)),
        ("calls", "a guest that asks the host, unbounded", Some(BOUNDS_MAX)),
        ("describe", "`obs` describing itself, unbounded", None),
        ("loop", "the worst: a loop of one addition, unbounded", None),
    ];
    let guests = rows.into_iter().map(|(job, what, most)| {
        let of = |engine: &str| {
            let millis = median_of(&figures, &format!("/{job}/{engine}"))?;
            anyhow::Ok(Duration::from_secs_f64(millis / 1e3))
        };
        let what = format!("fuel and epochs: {what} ({})", shares(&of)?);
        Ok(Row::compared(&what, of("both")?, of("none")?, most))
    });
    guests.chain([studio::bounds()]).collect()
}

/// What each of the two costs alone.
fn shares(of: &impl Fn(&str) -> Result<Duration>) -> Result<String> {
    let none = of("none")?.as_secs_f64();
    let more = |time: Duration| 100.0 * (time.as_secs_f64() / none - 1.0);
    Ok(format!("fuel {:+.0} %, epochs {:+.0} %", more(of("fuel")?), more(of("epochs")?)))
}

/// Fresh stores per second on one thread, with both ways of giving memory.
pub fn in_process() -> Result<Vec<Row>> {
    let said = shell::output(shell::command(release("in-process")).arg(NOOP))?;
    let figures: Value = serde_json::from_str(&said)?;
    let (pooling, on_demand) = (
        median_of(&figures, "/pooling/per_second")?,
        median_of(&figures, "/on_demand/per_second")?,
    );
    let per_core = median_of(&figures, "/pooling/per_core_second")?;
    let per_core_on_demand = median_of(&figures, "/on_demand/per_core_second")?;
    Ok(vec![
        Row {
            what: "calls per second in one thread, pooling; beside it on demand".to_owned(),
            ours: format!("{pooling:.0}"),
            yardstick: format!("{on_demand:.0}"),
            ratio: format!("{:.2}", pooling / on_demand),
            bar: format!("≥ {POOLED_CALLS_MIN:.0}"),
            verdict: Verdict::when(pooling >= POOLED_CALLS_MIN),
        },
        Row {
            what: "the same per second that the thread had a core".to_owned(),
            ours: format!("{per_core:.0}"),
            yardstick: format!("{per_core_on_demand:.0}"),
            ratio: format!("{:.2}", per_core / per_core_on_demand),
            bar: String::new(),
            verdict: Verdict::Information,
        },
    ])
}

fn median_of(figures: &Value, place: &str) -> Result<f64> {
    let list = figures.pointer(place).and_then(Value::as_array).context("no such figure")?;
    let mut list: Vec<f64> = list.iter().filter_map(Value::as_f64).collect();
    list.sort_by(f64::total_cmp);
    list.get(list.len() / 2).copied().context("an empty list of figures")
}

/// Help and completion in a small house and in a large one.
#[allow(clippy::disallowed_methods)] // the clock of a tool that reports durations
pub fn help() -> Result<Vec<Row>> {
    let few = Lab::with_many(FEW)?;
    let begun = Instant::now();
    let many = Lab::with_many(MANY)?;
    let took = begun.elapsed();
    let lines = [
        ("`ifctl --help`", &["--help"][..]),
        ("`ifctl noop --help`", &["noop", "--help"]),
        ("`ifctl __complete -- noop \"\"`", &["__complete", "--", "noop", ""]),
    ];
    let mut commands: Vec<Command> =
        lines.iter().flat_map(|(_, words)| [few.line(words), many.line(words)]).collect();
    let samples = timing::in_turns(PRINTING_RUNS, &mut commands)?;
    let names = lines.iter().flat_map(|(name, _)| [(name, FEW), (name, MANY)]);
    let mut rows: Vec<Row> = names
        .zip(samples)
        .map(|((name, manifests), samples)| {
            let took = samples.median();
            let what = format!("{name} with {manifests} manifests");
            Row::bar(&what, ms(took), format!("≤ {}", ms(PRINTING_MAX)), took <= PRINTING_MAX)
        })
        .collect();
    let what = format!("packing, signing, allowing and installing {MANY} plugins, one by one");
    rows.push(Row::information(&what, format!("{:.1} s", took.as_secs_f64())));
    Ok(rows)
}

/// The binary on disk, and a cold command in memory.
pub fn sizes() -> Result<Vec<Row>> {
    let bytes = fs_err::metadata(release("ifctl"))?.len();
    let mib = |kib: u64| format!("{:.1} MiB", kib as f64 / 1024.0);
    let bar = format!("≤ {} MiB", BINARY_BYTES_MAX >> 20);
    let mut rows =
        vec![Row::bar("release binary", mib(bytes >> 10), bar, bytes <= BINARY_BYTES_MAX)];
    let what = "peak memory of `ifctl noop ping here`, resident";
    if !Path::new(TIMER).is_file() {
        rows.push(Row::information(what, format!("not measured: no {TIMER}")));
        return Ok(rows);
    }
    let lab = Lab::with_noop(None)?;
    let file = lab.path().join("peak");
    let name = file.display().to_string();
    timing::timed(&mut lab.under(&[TIMER, "-f", "%M", "-o", &name], PING))?;
    let peak: u64 = fs_err::read_to_string(&file)?.trim().parse()?;
    let bar = format!("≤ {} MiB", PEAK_KIB_MAX >> 10);
    rows.push(Row::bar(what, mib(peak), bar, peak <= PEAK_KIB_MAX));
    Ok(rows)
}
