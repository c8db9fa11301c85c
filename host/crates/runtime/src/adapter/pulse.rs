//! `emit` and `receive` with the store at hand: after a pulse a stream's fuel is filled up.
//!
//! Only the store can fill it up, and only inside a host call: between two of them compiled code
//! keeps the count in a register, and what somebody else writes is overwritten. So the two host
//! functions that are pulses are defined once more here, around what they do.

use crate::state::CallState;
use if_world::imports::connection::{Frame, HostSession, Session};
use if_world::imports::output::Host;
use if_world::imports::types::Error;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};

const OUTPUT: &str = "infrafabric:adapter/output@";
const CONNECTION: &str = "infrafabric:adapter/connection@";

/// Puts them in the place of the plain ones; `instance` is an interface with its version.
pub(crate) fn define(linker: &mut Linker<CallState>, instance: &str) -> wasmtime::Result<()> {
    if ![OUTPUT, CONNECTION].iter().any(|name| instance.starts_with(name)) {
        return Ok(());
    }
    linker.allow_shadowing(true);
    let mut place = linker.instance(instance)?;
    if instance.starts_with(OUTPUT) {
        place.func_wrap_async(
            "emit",
            |mut store: StoreContextMut<'_, CallState>, (event,): (String,)| {
                Box::new(async move {
                    let emitted: Result<(), Error> =
                        Host::emit(store.data_mut().counted(), event).await?;
                    refuel(&mut store).await?;
                    Ok((emitted,))
                })
            },
        )?;
    } else {
        place.func_wrap_async(
            "[method]session.receive",
            |mut store: StoreContextMut<'_, CallState>,
             (session, timeout_ms): (Resource<Session>, u32)| {
                Box::new(async move {
                    let state = store.data_mut().counted();
                    let received: Result<Option<Frame>, Error> =
                        HostSession::receive(state, session, timeout_ms).await?;
                    refuel(&mut store).await?;
                    Ok((received,))
                })
            },
        )?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

/// Fills a stream's fuel up if there was a pulse, and holds its guest back if it burns more than
/// its rate.
async fn refuel(store: &mut StoreContextMut<'_, CallState>) -> wasmtime::Result<()> {
    if store.data().stream.is_none() {
        return Ok(());
    }
    let left = store.get_fuel()?;
    let Some(stream) = &mut store.data_mut().stream else { return Ok(()) };
    let pace = stream.pace.clone();
    let (fuel, wait) = stream.fuel.look(left, pace.pulses());
    store.set_fuel(fuel)?;
    if !wait.is_zero() {
        pace.hold(wait).await;
    }
    Ok(())
}
