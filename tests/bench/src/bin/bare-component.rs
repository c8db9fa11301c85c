//! The yardstick for a cold command: a process that loads the same compiled component through
//! wasmtime and calls it, with no trust, no limits, no log. Measured, never shipped.
//!
//! `bare-component precompile <in.wasm> <out.cwasm>` · `bare-component call <in.cwasm>`

// A yardstick: it may fail loudly, and it talks to `cargo xtask bench` on stdout.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(clippy::disallowed_methods)]

use if_bench::{Bare, facts};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, Val};
use wasmtime::error::Context;
use wasmtime::{Config, Engine, Result, Store, bail};

const PROVIDER: &str = "infrafabric:adapter/provider@0.1.0";
const INSTANCE: &str = "infrafabric:adapter/instance@0.1.0";

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        ["precompile", component, out] => {
            let bytes = fs_err::read(component)?;
            fs_err::write(out, engine()?.precompile_component(&bytes)?)?;
            Ok(())
        }
        ["call", compiled] => call(compiled),
        _ => bail!("usage: bare-component precompile <in> <out> | call <cwasm>"),
    }
}

fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config.epoch_interruption(false);
    Engine::new(&config)
}

#[allow(unsafe_code)]
fn call(compiled: &str) -> Result<()> {
    let engine = engine()?;
    let bytes = fs_err::read(compiled)?;
    // SAFETY: the file was written by `precompile` of this very program, by the same user.
    let component = unsafe { Component::deserialize(&engine, &bytes)? };
    let mut linker: Linker<Bare> = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    linker.instance(INSTANCE)?.func_new("get", |_, _, _, results| {
        results[0] = facts();
        Ok(())
    })?;
    trap_our_own(&mut linker, &engine, &component)?;
    let mut store = Store::new(&engine, Bare::default());
    let instance = linker.instantiate(&mut store, &component)?;
    let (_, provider) = instance.get_export(&mut store, None, PROVIDER).context("no provider")?;
    let (_, index) = instance.get_export(&mut store, Some(&provider), "call").context("no call")?;
    let function = instance.get_func(&mut store, index).context("no function")?;
    let mut results = [Val::Bool(false)];
    let arguments = [Val::String("ping".into()), Val::String("{}".into())];
    function.call(&mut store, &arguments, &mut results)?;
    match &results[0] {
        Val::Result(Ok(Some(text))) => println!("{text:?}"),
        other => bail!("{other:?}"),
    }
    Ok(())
}

/// Our own functions that the call does not need. Not wasmtime's `define_unknown_imports_as_traps`:
/// it takes a newer patch version of WASI for unknown, and its resources for other ones.
fn trap_our_own(linker: &mut Linker<Bare>, engine: &Engine, component: &Component) -> Result<()> {
    for (name, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(exports) = item.ty else { continue };
        if name == INSTANCE || !name.starts_with("infrafabric:") {
            continue;
        }
        let mut instance = linker.instance(name)?;
        for (function, item) in exports.exports(engine) {
            if matches!(item.ty, ComponentItem::ComponentFunc(_)) {
                instance
                    .func_new(function, |_, _, _, _| bail!("a bare call does not need this"))?;
            }
        }
    }
    Ok(())
}
