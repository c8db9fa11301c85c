//! The sandbox of this process: loads machine code into an engine and runs one call after another,
//! each in a store of its own, under every limit.

use crate::cache::Artefact;
use crate::call::{Action, Call, CallError, Report, Stream, Usage};
use crate::config::{Allocation, BOUNDED, engine};
use crate::error::RuntimeError;
use crate::limits::Stop;
use crate::pace::Pace;
use crate::policy;
use crate::state::CallState;
use crate::ticker::Ticker;
use crate::{end, json, link};
use if_core::{Broker, Code};
use if_world::imports::types;
use if_world::{Adapter, AdapterPre, PolicyPre};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wasmtime::{Engine, Store, UpdateDeadline};

/// An engine and the clock of its guests.
pub(crate) struct Sandbox {
    engine: Engine,
    /// Started with the first call; ends with the sandbox.
    ticker: Mutex<Option<Ticker>>,
}

/// Machine code with its imports linked. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Linked {
    world: World,
    /// What the component imports, such as `wasi:http/outgoing-handler@0.2.9`.
    pub imports: Arc<[String]>,
}

/// What the component is, by what it exports.
#[derive(Clone)]
enum World {
    Provider(AdapterPre<CallState>),
    Policy(PolicyPre<CallState>),
}

impl World {
    fn engine(&self) -> &Engine {
        match self {
            Self::Provider(adapter) => adapter.engine(),
            Self::Policy(policy) => policy.engine(),
        }
    }
}

/// The export that makes a component a policy.
const POLICY: &str = "infrafabric:adapter/policy-rules@0.1.0";

pub(crate) type Outcome = Result<String, types::Failure>;

impl Sandbox {
    /// An engine with every setting of this house.
    pub(crate) fn new(allocation: Allocation) -> Result<Self, RuntimeError> {
        Ok(Self { engine: engine(allocation)?, ticker: Mutex::new(None) })
    }

    /// Loads an artefact and links what it imports. [`RuntimeError::Compile`] when it is not for
    /// this engine: then it is to be compiled anew.
    pub(crate) fn load(&self, artefact: &Artefact) -> Result<Linked, RuntimeError> {
        let component = artefact
            .load(&self.engine)
            .map_err(|error| RuntimeError::Compile(format!("{error:#}")))?;
        let ty = component.component_type();
        let imports = ty.imports(&self.engine).map(|(name, _)| name.to_owned()).collect();
        let is_policy = ty.exports(&self.engine).any(|(name, _)| name == POLICY);
        let (pre, misfit) =
            (link::link(&component)?, |error| RuntimeError::World(format!("{error:#}")));
        let world = match is_policy {
            true => World::Policy(PolicyPre::new(pre).map_err(misfit)?),
            false => World::Provider(AdapterPre::new(pre).map_err(misfit)?),
        };
        Ok(Linked { world, imports })
    }

    /// Runs one call in a store of its own and reports its end.
    pub(crate) async fn run(&self, linked: &Linked, call: Call, broker: Arc<dyn Broker>) -> Report {
        let mut store = match self.store(linked, &call, broker) {
            Ok(store) => store,
            Err(message) => return Report::of_bug(message),
        };
        let shared = store.data().shared.clone();
        let pace = store.data().stream.as_ref().map(|stream| stream.pace.clone());
        let outcome = tokio::select! {
            biased;
            () = interrupted(call.interrupt) => Err(CallError::Interrupted),
            stop = shared.ending() => Err(end::of_stop(stop)),
            () = asked_to_stop(call.stream) => Err(CallError::Stopped),
            late = too_late(pace, call.deadline_ms) => Err(late),
            outcome = enter(&mut store, linked, &call.action) => Ok(outcome),
        };
        let result = outcome.and_then(|outcome| judge(store.data_mut(), outcome));
        Report { result, usage: usage(&store, &call.limits) }
    }

    /// A fresh store under every limit of the call.
    fn store(
        &self,
        linked: &Linked,
        call: &Call,
        broker: Arc<dyn Broker>,
    ) -> Result<Store<CallState>, String> {
        if !Engine::same(&self.engine, linked.world.engine()) {
            return Err("the component was prepared by another runtime".to_owned());
        }
        self.tick().map_err(|error| format!("cannot start the clock thread: {error}"))?;
        let (limits, facts) = (&call.limits, call.facts.clone());
        let time = (call.deadline_ms, call.stream.is_some());
        let state = CallState::new(broker, facts, limits, call.start, &call.seed, time);
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.growth);
        if BOUNDED {
            store.set_fuel(limits.fuel_max).map_err(|error| error.to_string())?;
        }
        store.set_hostcall_fuel(size(limits.host_call_bytes_max));
        store.set_max_component_handles(size(u64::from(limits.handles_max)));
        store.set_epoch_deadline(1);
        // Each tick the guest gives way, so that deadline, Ctrl-C and a demanded end are noticed.
        store.epoch_deadline_callback(|context| {
            context.data().alive()?;
            context.data().shared.works();
            Ok(UpdateDeadline::Yield(1))
        });
        Ok(store)
    }

    /// Starts the clock thread, unless it runs.
    pub(crate) fn tick(&self) -> std::io::Result<()> {
        let mut ticker = self.ticker.lock().unwrap_or_else(PoisonError::into_inner);
        if ticker.is_none() {
            *ticker = Some(Ticker::start(&self.engine)?);
        }
        Ok(())
    }
}

/// Ends with the deadline: of the call, or of a stream's silence.
async fn too_late(pace: Option<Arc<Pace>>, deadline_ms: u64) -> CallError {
    let message = match pace {
        Some(pace) => {
            pace.too_silent().await;
            format!("the plugin gave and got nothing for {deadline_ms} ms")
        }
        None => {
            tokio::time::sleep(Duration::from_millis(deadline_ms)).await;
            format!("the plugin did not finish within {deadline_ms} ms")
        }
    };
    end::limit(Code::LimitDeadline, message)
}

/// Ends when a stream has run for as long as it was asked to.
async fn asked_to_stop(stream: Option<Stream>) {
    match stream.and_then(|stream| stream.stop_after_ms) {
        Some(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
        None => std::future::pending().await,
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Ends with Ctrl-C.
pub(crate) async fn interrupted(receiver: Option<tokio::sync::watch::Receiver<bool>>) {
    if let Some(mut receiver) = receiver
        && receiver.wait_for(|interrupted| *interrupted).await.is_ok()
    {
        return;
    }
    // Nobody can interrupt any more.
    std::future::pending().await
}

async fn enter(
    store: &mut Store<CallState>,
    linked: &Linked,
    action: &Action,
) -> wasmtime::Result<Outcome> {
    match &linked.world {
        World::Provider(adapter) => {
            let adapter = adapter.instantiate_async(&mut *store).await?;
            ask_provider(store, &adapter, action).await
        }
        World::Policy(policy) => {
            let policy = policy.instantiate_async(&mut *store).await?;
            policy::ask(store, &policy, action).await
        }
    }
}

async fn ask_provider(
    store: &mut Store<CallState>,
    adapter: &Adapter,
    action: &Action,
) -> wasmtime::Result<Outcome> {
    let provider = adapter.infrafabric_adapter_provider();
    match action {
        Action::Describe => provider.call_describe(store).await.map(Ok),
        Action::Check => provider.call_check(store).await,
        Action::Discover => provider.call_discover(store).await,
        Action::Call { command, arguments } => provider.call_call(store, command, arguments).await,
        Action::Validate { .. } | Action::Prepare { .. } | Action::Evaluate { .. } => {
            Err(wasmtime::Error::msg("a provider decides nothing"))
        }
    }
}

/// What the guest returned, unless the host had demanded an end before.
fn judge(state: &mut CallState, outcome: wasmtime::Result<Outcome>) -> Result<String, CallError> {
    if let Some(stop) = state.shared.ended() {
        return Err(end::of_stop(stop));
    }
    match outcome {
        Err(error) => Err(end::of_error(&error, &state.log.text())),
        Ok(Err(failure)) => Err(end::of_failure(failure, |kind| state.shared.refusal(kind))),
        Ok(Ok(text)) => {
            state.charge_output(text.len()).map_err(|stop: Stop| end::of_stop(stop))?;
            json::check(&text).map_err(|why| CallError::Misbehaved {
                message: format!("the plugin's result {why}"),
            })?;
            Ok(text)
        }
    }
}

fn usage(store: &Store<CallState>, limits: &crate::Limits) -> Usage {
    let state = store.data();
    Usage {
        fuel: state.fuel_used(limits.fuel_max, store.get_fuel().unwrap_or(0)),
        memory_peak_bytes: state.growth.memory_peak_bytes(),
        host_calls: state.host_calls(),
        host_bytes: state.shared.bytes(),
        output_bytes: state.output_bytes(),
        log: state.log.text(),
    }
}
