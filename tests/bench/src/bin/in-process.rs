//! Calls of fresh stores in one process: the no-op guest, called again and again on one thread
//! through the product's own runtime, with both ways of giving instances their memory.
//!
//! The broker answers at once, so what is counted is the sandbox alone: a store, its limits, the
//! instance, the call, its end. Rounds of both ways alternate. Measured, never shipped.
//!
//! `in-process <component.wasm>` prints one JSON object; each figure is a list, one per round.
//!
//! `in-process once here|worker <component.wasm> <folder>` calls it a single time, as a cold
//! command does, in this process or behind the second wall, with the compiled form in that folder:
//! a process to be timed from outside.

// A yardstick: it may fail loudly, and it talks to `cargo xtask bench` on stdout.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(clippy::disallowed_methods)]

use anyhow::{Result, bail, ensure};
use if_core::{Answer, Ask, BoxFuture, Broker, Mode, Reply, UnixMillis};
use if_runtime::{
    Action, Allocation, Call, Compiler, Facts, Limits, Place, Prepared, Runtime, RuntimeConfig,
};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rounds of each way; the reader takes the median.
const ROUNDS: usize = 7;
/// Length of a round: thousands of calls, and seldom disturbed by a neighbour.
const ROUND: Duration = Duration::from_millis(1000);
/// Calls between two looks at the clock.
const BATCH: u64 = 100;
/// Slots of the pool. One thread needs one; more show nothing else.
const SLOTS: u32 = 4;

/// Grants whatever is asked, at one instant.
struct AtOnce;

impl Broker for AtOnce {
    fn ask(&self, _: Ask) -> BoxFuture<'_, Answer> {
        let answer = Answer { at: UnixMillis(0), effect: None, result: Ok(Reply::Done) };
        Box::pin(std::future::ready(answer))
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// One way of giving memory, ready to be called.
struct Way {
    runtime: Runtime,
    prepared: Prepared,
    /// Calls per second of wall clock, one figure per round.
    per_second: Vec<f64>,
    /// Calls per second that this thread had a core.
    per_core_second: Vec<f64>,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["once", place, component, folder] => once(place, component, Path::new(folder)),
        [component] => many(component),
        _ => bail!("usage: in-process <component> | once here|worker <component> <folder>"),
    }
}

fn once(place: &str, component: &str, folder: &Path) -> Result<()> {
    let worker = std::env::current_exe()?.with_file_name("ifctl-worker");
    let place = match place {
        "worker" => Place::Worker { program: worker },
        _ => Place::Here(Allocation::OnDemand),
    };
    let runtime = Runtime::new(config(folder, place))?;
    // By its name, not by its bytes: those a cold command does not read either.
    let digest = if_manifest::sha256(component.as_bytes());
    let prepared = runtime.prepare(&digest, &mut || Ok(fs_err::read(component).unwrap()))?;
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = executor.block_on(runtime.call(&prepared, call(), Arc::new(AtOnce)));
    ensure!(report.result.as_deref() == Ok("{}"), "{:?}", report.result);
    Ok(())
}

fn config(cache: &Path, place: Place) -> RuntimeConfig {
    RuntimeConfig {
        cache_dir: cache.to_owned(),
        cache_key: [1; 32],
        place,
        compiler: Compiler::InProcess,
    }
}

fn many(component: &str) -> Result<()> {
    let bytes = fs_err::read(component)?;
    let folder = tempfile::tempdir()?;
    let memory_bytes_max = usize::try_from(Limits::default().memory_bytes_max)?;
    let pooling = Allocation::Pooling { calls_max: SLOTS, memory_bytes_max };
    let mut pooling = Way::new(&folder.path().join("pooling"), pooling, &bytes)?;
    let on_demand = folder.path().join("on-demand");
    let mut on_demand = Way::new(&on_demand, Allocation::OnDemand, &bytes)?;
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    executor.block_on(async {
        // The first round of each warms caches and is not counted.
        for _ in 0..=ROUNDS {
            pooling.round().await?;
            on_demand.round().await?;
        }
        anyhow::Ok(())
    })?;
    println!(
        "{}",
        serde_json::json!({"pooling": pooling.figures(), "on_demand": on_demand.figures()})
    );
    Ok(())
}

impl Way {
    fn new(cache: &Path, allocation: Allocation, component: &[u8]) -> Result<Way> {
        let runtime = Runtime::new(config(cache, Place::Here(allocation)))?;
        let digest = if_manifest::sha256(component);
        let prepared = runtime.prepare(&digest, &mut || Ok(component.to_vec()))?;
        Ok(Way { runtime, prepared, per_second: Vec::new(), per_core_second: Vec::new() })
    }

    #[allow(clippy::disallowed_methods)] // the clock of a tool that reports durations
    async fn round(&mut self) -> Result<()> {
        let (begun, cpu_begun, mut calls) = (Instant::now(), cpu()?, 0u32);
        while begun.elapsed() < ROUND {
            for _ in 0..BATCH {
                let report = self.runtime.call(&self.prepared, call(), Arc::new(AtOnce)).await;
                ensure!(report.result.as_deref() == Ok("{}"), "{:?}", report.result);
                calls += 1;
            }
        }
        self.per_second.push(f64::from(calls) / begun.elapsed().as_secs_f64());
        self.per_core_second.push(f64::from(calls) / (cpu()? - cpu_begun).as_secs_f64());
        Ok(())
    }

    fn figures(&self) -> serde_json::Value {
        serde_json::json!({
            "per_second": &self.per_second[1..],
            "per_core_second": &self.per_core_second[1..],
        })
    }
}

/// What this thread has used of a core: the first figure of its `schedstat`, in nanoseconds.
fn cpu() -> Result<Duration> {
    let figures = fs_err::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(figures.split(' ').next().unwrap_or_default().parse()?))
}

fn call() -> Call {
    Call {
        action: Action::Call { command: "ping".into(), arguments: "{}".into() },
        facts: Facts {
            instance: "here".into(),
            settings: "{}".into(),
            actor: "bench".into(),
            trace_id: "0".into(),
            idempotency_key: None,
            mode: Mode::Live,
            secrets_available: Vec::new(),
        },
        limits: Limits::default(),
        start: UnixMillis(0),
        seed: [3; 32],
        deadline_ms: 10_000,
        stream: None,
        interrupt: None,
        standing: None,
    }
}
