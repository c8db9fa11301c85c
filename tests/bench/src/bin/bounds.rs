//! What fuel and epochs cost: the same component in four engines, with and without each, called in
//! turns in one process through bare wasmtime. Measured, never shipped.
//!
//! `bounds <busy.wasm> <provider.wasm>` prints one JSON object: for each job the milliseconds of a
//! call, one figure per round, without bounds and under `fuel`, `epochs` and `both`.

// A yardstick: it may fail loudly, and it talks to `cargo xtask bench` on stdout.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(clippy::disallowed_methods)]

use if_bench::{Bare, facts};
use serde_json::{Map, Value, json};
use std::time::Instant;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Func, Linker, Val};
use wasmtime::error::Context;
use wasmtime::{Config, Engine, Result, Store, bail};

const PROVIDER: &str = "infrafabric:adapter/provider@0.1.0";

/// Rounds of each; the reader takes the median. The first is not counted.
const ROUNDS: usize = 15;

/// What the guest does: its name in the table, the command, how often.
const JOBS: &[(&str, &str, u64)] =
    &[("format", "format", 40_000), ("calls", "calls", 100_000), ("loop", "spin", 100_000_000)];

/// With which bounds an engine compiles: fuel, epochs.
const ENGINES: &[(&str, bool, bool)] =
    &[("none", false, false), ("fuel", true, false), ("epochs", false, true), ("both", true, true)];

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [busy, provider] = &words[..] else { bail!("usage: bounds <busy.wasm> <provider.wasm>") };
    let mut figures = Map::new();
    for (job, command, times) in JOBS {
        let arguments = json!({ "times": times }).to_string();
        let words = [Val::String((*command).into()), Val::String(arguments)];
        figures.insert((*job).to_owned(), measure(busy, "call", &words)?);
    }
    figures.insert("describe".to_owned(), measure(provider, "describe", &[])?);
    println!("{}", Value::Object(figures));
    Ok(())
}

/// Milliseconds of one export, by engine, in turns.
fn measure(component: &str, export: &str, words: &[Val]) -> Result<Value> {
    let bytes = fs_err::read(component)?;
    let mut guests = Vec::new();
    for (name, fuel, epochs) in ENGINES {
        let mut config = Config::new();
        config.consume_fuel(*fuel).epoch_interruption(*epochs);
        config.cranelift_nan_canonicalization(true);
        config.cranelift_opt_level(wasmtime::OptLevel::SpeedAndSize);
        let engine = Engine::new(&config)?;
        guests.push((*name, Component::new(&engine, &bytes)?, Vec::new()));
    }
    for round in 0..=ROUNDS {
        for (_, component, taken) in &mut guests {
            let (mut store, function) = instance(component, export)?;
            let mut results = [Val::Bool(false)];
            let begun = Instant::now();
            function.call(&mut store, words, &mut results)?;
            let took = begun.elapsed().as_secs_f64() * 1e3;
            if let Val::Result(Err(failure)) = &results[0] {
                bail!("{failure:?}");
            }
            if round > 0 {
                taken.push(took);
            }
        }
    }
    Ok(guests.into_iter().map(|(name, _, taken)| (name.to_owned(), json!(taken))).collect())
}

fn instance(component: &Component, export: &str) -> Result<(Store<Bare>, Func)> {
    let engine = component.engine();
    let mut linker: Linker<Bare> = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    stub_our_own(&mut linker, engine, component)?;
    let mut store = Store::new(engine, Bare::default());
    // Whichever the engine does not have is refused, and not needed.
    let _ = store.set_fuel(u64::MAX >> 1);
    store.set_epoch_deadline(u64::MAX >> 1);
    let instance = linker.instantiate(&mut store, component)?;
    let (_, provider) = instance.get_export(&mut store, None, PROVIDER).context("no provider")?;
    let (_, index) =
        instance.get_export(&mut store, Some(&provider), export).context("no export")?;
    let function = instance.get_func(&mut store, index).context("no function")?;
    Ok((store, function))
}

/// Our own functions: what a call is about and whether there is a secret is answered, the rest is
/// not called.
fn stub_our_own(linker: &mut Linker<Bare>, engine: &Engine, component: &Component) -> Result<()> {
    for (name, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(exports) = item.ty else { continue };
        if !name.starts_with("infrafabric:") && !name.starts_with("wasi:http/") {
            continue;
        }
        let mut instance = linker.instance(name)?;
        for (function, item) in exports.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) if function == "available" => {
                    instance.func_new(function, |_, _, _, results| {
                        results[0] = Val::Bool(false);
                        Ok(())
                    })?;
                }
                ComponentItem::ComponentFunc(_) if function == "get" => {
                    instance.func_new(function, |_, _, _, results| {
                        results[0] = facts();
                        Ok(())
                    })?;
                }
                ComponentItem::ComponentFunc(_) => {
                    instance.func_new(function, |_, _, _, _| bail!("not needed here"))?;
                }
                ComponentItem::Resource(_) => {
                    let ty = wasmtime::component::ResourceType::host::<Bare>();
                    instance.resource(function, ty, |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}
