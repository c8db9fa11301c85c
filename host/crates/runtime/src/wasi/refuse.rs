//! `wasi:filesystem` and `wasi:sockets`: present, because language runtimes import them, and
//! without any function. There are no folders; every socket is denied with an error that the
//! standard libraries know, never with a trap. The real implementations are not linked at all.

use crate::state::CallState;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{LinkerInstance, Resource, ResourceAny, ResourceType, Type, Val};
use wasmtime::{AsContextMut, Engine, StoreContextMut};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError};

/// Stands for every resource of a refused interface; it holds nothing.
struct Refused;

/// The error that both families know under this name.
const DENIED: &str = "access-denied";

/// Defines every item of a refused interface. Shapes come from the component's own import, so
/// every 0.2 version fits.
pub(crate) fn define(
    linker: &mut LinkerInstance<'_, CallState>,
    engine: &Engine,
    interface: &ComponentInstance,
) -> wasmtime::Result<()> {
    for (name, item) in interface.exports(engine) {
        match item.ty {
            ComponentItem::Resource(_) => resource(linker, name)?,
            ComponentItem::ComponentFunc(_) => {
                let full_name = name.to_owned();
                linker.func_new(name, move |mut store, ty, arguments, results| {
                    store.data_mut().counted().alive()?;
                    for argument in arguments {
                        release(&mut store, argument)?;
                    }
                    for (result, ty) in results.iter_mut().zip(ty.results()) {
                        *result = refusal(&mut store, &full_name, &ty)?;
                    }
                    Ok(())
                })?;
            }
            // Types need no definition; nothing else occurs in these interfaces.
            _ => {}
        }
    }
    Ok(())
}

/// Resources of `wasi:io` that the interface re-exports keep their own type; the rest are refused.
fn resource(linker: &mut LinkerInstance<'_, CallState>, name: &str) -> wasmtime::Result<()> {
    let ty = match name {
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        "pollable" => ResourceType::host::<DynPollable>(),
        "error" => ResourceType::host::<IoError>(),
        _ => ResourceType::host::<Refused>(),
    };
    linker.resource(name, ty, |_, _| Ok(()))
}

/// Gives a handle back: the engine counts a borrow until the host says that it is done with it.
fn release(store: &mut StoreContextMut<'_, CallState>, argument: &Val) -> wasmtime::Result<()> {
    fn done<T: 'static>(store: &mut StoreContextMut<'_, CallState>, handle: ResourceAny) -> bool {
        handle.try_into_resource::<T>(store.as_context_mut()).is_ok()
    }
    let Val::Resource(handle) = argument else { return Ok(()) };
    let known = done::<Refused>(store, *handle)
        || done::<IoError>(store, *handle)
        || done::<DynInputStream>(store, *handle)
        || done::<DynOutputStream>(store, *handle)
        || done::<DynPollable>(store, *handle);
    if known { Ok(()) } else { wasmtime::bail!("a handle of an unknown kind") }
}

/// The emptiest value of this type: denied, none, nothing, or a handle that leads nowhere.
fn refusal(
    store: &mut StoreContextMut<'_, CallState>,
    function: &str,
    ty: &Type,
) -> wasmtime::Result<Val> {
    match ty {
        Type::Option(_) => Ok(Val::Option(None)),
        Type::List(_) => Ok(Val::List(Vec::new())),
        Type::Result(result) => match result.err() {
            Some(Type::Enum(codes)) if codes.names().any(|name| name == DENIED) => {
                Ok(Val::Result(Err(Some(Box::new(Val::Enum(DENIED.to_owned()))))))
            }
            _ => wasmtime::bail!("`{function}` is not offered"),
        },
        Type::Own(_) => {
            let handle = Resource::<Refused>::new_own(0);
            Ok(Val::Resource(handle.try_into_resource_any(store.as_context_mut())?))
        }
        _ => wasmtime::bail!("`{function}` is not offered"),
    }
}
