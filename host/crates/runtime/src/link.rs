//! Links what a component imports and nothing else: cheaper than linking everything, and an import
//! that is not named here cannot be satisfied at all.

use crate::adapter::pulse;
use crate::error::RuntimeError;
use crate::state::CallState;
use crate::wasi::refuse;
use if_world::imports as own;
use std::collections::BTreeSet;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasData, HasSelf, InstancePre, Linker, ResourceTable};
use wasmtime_wasi::p2::bindings as wasi;
use wasmtime_wasi_http::p2::bindings::http as wasi_http;
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};

type State = HasSelf<CallState>;

/// The view under which `wasmtime-wasi` implements streams and polls.
struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

fn table(state: &mut CallState) -> &mut ResourceTable {
    &mut state.counted().table
}

/// Links `component` and checks it against its imports.
pub(crate) fn link(component: &Component) -> Result<InstancePre<CallState>, RuntimeError> {
    let engine = component.engine();
    let mut linker = Linker::<CallState>::new(engine);
    let mut linked = BTreeSet::new();
    for (name, item) in component.component_type().imports(engine) {
        let interface = name.split('@').next().unwrap_or(name);
        let refused =
            interface.starts_with("wasi:filesystem/") || interface.starts_with("wasi:sockets/");
        if let (true, ComponentItem::ComponentInstance(instance)) = (refused, &item.ty) {
            let mut place = linker.instance(name).map_err(world)?;
            refuse::define(&mut place, engine, instance).map_err(world)?;
        } else if linked.insert(interface) {
            // Several patch versions of one interface are one interface to the linker.
            add(&mut linker, interface)
                .ok_or_else(|| RuntimeError::ImportUnknown(name.to_owned()))?
                .map_err(world)?;
            pulse::define(&mut linker, name).map_err(world)?;
        }
    }
    linker.instantiate_pre(component).map_err(world)
}

fn world(error: wasmtime::Error) -> RuntimeError {
    RuntimeError::World(format!("{error:#}"))
}

/// Adds one interface; `None` when there is none of that name.
fn add(linker: &mut Linker<CallState>, interface: &str) -> Option<wasmtime::Result<()>> {
    if let Some(name) = interface.strip_prefix("infrafabric:adapter/") {
        return add_own(linker, name);
    }
    let l = linker;
    Some(match interface {
        "wasi:io/error" => wasi::io::error::add_to_linker::<_, HasTable>(l, table),
        "wasi:io/poll" => wasi::io::poll::add_to_linker::<_, HasTable>(l, table),
        "wasi:io/streams" => wasi::io::streams::add_to_linker::<_, HasTable>(l, table),
        "wasi:clocks/monotonic-clock" => {
            wasi::clocks::monotonic_clock::add_to_linker::<_, State>(l, CallState::counted)
        }
        "wasi:clocks/wall-clock" => {
            wasi::clocks::wall_clock::add_to_linker::<_, State>(l, CallState::counted)
        }
        "wasi:random/random" => {
            wasi::random::random::add_to_linker::<_, State>(l, CallState::counted)
        }
        "wasi:random/insecure" => {
            wasi::random::insecure::add_to_linker::<_, State>(l, CallState::counted)
        }
        "wasi:random/insecure-seed" => {
            wasi::random::insecure_seed::add_to_linker::<_, State>(l, CallState::counted)
        }
        "wasi:http/types" => {
            let options = wasmtime_wasi_http::p2::bindings::LinkOptions::default();
            wasi_http::types::add_to_linker::<_, WasiHttp>(l, &(&options).into(), CallState::http)
        }
        "wasi:http/outgoing-handler" => {
            wasi_http::outgoing_handler::add_to_linker::<_, WasiHttp>(l, CallState::http)
        }
        _ => return add_cli(l, interface),
    })
}

fn add_own(l: &mut Linker<CallState>, name: &str) -> Option<wasmtime::Result<()>> {
    let get = CallState::counted;
    Some(match name {
        "types" => own::types::add_to_linker::<_, State>(l, get),
        "connection" => own::connection::add_to_linker::<_, State>(l, get),
        "secrets" => own::secrets::add_to_linker::<_, State>(l, get),
        "instance" => own::instance::add_to_linker::<_, State>(l, get),
        "blob" => own::blob::add_to_linker::<_, State>(l, get),
        "output" => own::output::add_to_linker::<_, State>(l, get),
        "cost" => own::cost::add_to_linker::<_, State>(l, get),
        "witness" => own::witness::add_to_linker::<_, State>(l, get),
        "state" => own::state::add_to_linker::<_, State>(l, get),
        _ => return None,
    })
}

fn add_cli(l: &mut Linker<CallState>, interface: &str) -> Option<wasmtime::Result<()>> {
    use wasi::cli;
    let get = CallState::counted;
    Some(match interface.strip_prefix("wasi:cli/")? {
        "environment" => cli::environment::add_to_linker::<_, State>(l, get),
        "exit" => cli::exit::add_to_linker::<_, State>(l, get),
        "stdin" => cli::stdin::add_to_linker::<_, State>(l, get),
        "stdout" => cli::stdout::add_to_linker::<_, State>(l, get),
        "stderr" => cli::stderr::add_to_linker::<_, State>(l, get),
        "terminal-input" => cli::terminal_input::add_to_linker::<_, State>(l, get),
        "terminal-output" => cli::terminal_output::add_to_linker::<_, State>(l, get),
        "terminal-stdin" => cli::terminal_stdin::add_to_linker::<_, State>(l, get),
        "terminal-stdout" => cli::terminal_stdout::add_to_linker::<_, State>(l, get),
        "terminal-stderr" => cli::terminal_stderr::add_to_linker::<_, State>(l, get),
        _ => return None,
    })
}
