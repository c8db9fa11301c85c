//! Prepares components and calls them.

use crate::cache::{Artefact, Cache};
use crate::call::{Action, Call, CallError, Facts, Report, Stream, Usage};
use crate::compile::compile;
use crate::config::{Compiler, RuntimeConfig, engine};
use crate::error::RuntimeError;
use crate::limits::Stop;
use crate::nobroker::NoBroker;
use crate::pace::Pace;
use crate::state::CallState;
use crate::ticker::Ticker;
use crate::{end, json, link};
use if_core::{Broker, Code, Digest, Mode, Problem, Refusal, RefusalKind, UnixMillis};
use if_world::AdapterPre;
use if_world::imports::types;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wasmtime::component::Component;
use wasmtime::{Engine, Store, UpdateDeadline};

/// How long a broker may take to close what a call left open. Closing is a courtesy to the peer.
const FINISH_TIME_MAX: Duration = Duration::from_secs(2);

/// An engine, its compiler and its cache. One per process is enough.
pub struct Runtime {
    engine: Engine,
    compiler: Compiler,
    cache: Cache,
    /// Started with the first call; ends with the runtime.
    ticker: Mutex<Option<Ticker>>,
}

/// A component ready to be called any number of times. Cheap to clone.
#[derive(Clone)]
pub struct Prepared {
    adapter: AdapterPre<CallState>,
    imports: Arc<[String]>,
    source: Source,
}

/// Where a prepared component's machine code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Cache,
    /// `kept` is false when the cache could not be written; the call works, the next one compiles.
    Compiled {
        kept: bool,
    },
}

impl Prepared {
    /// Where the machine code came from.
    pub fn source(&self) -> Source {
        self.source
    }
}

type Outcome = Result<String, types::Failure>;

impl Runtime {
    /// An engine with every setting of this house, and its cache folder, checked.
    pub fn new(config: RuntimeConfig) -> Result<Runtime, RuntimeError> {
        let engine = engine(config.allocation)?;
        let cache = Cache::open(&config.cache_dir, config.cache_key)?;
        Ok(Runtime { engine, compiler: config.compiler, cache, ticker: Mutex::new(None) })
    }

    /// Makes a component ready, by its digest. `bytes` is called only when the cache has no
    /// genuine artefact, and must return bytes whose digest was checked.
    pub fn prepare(
        &self,
        component: &Digest,
        bytes: &mut dyn FnMut() -> Result<Vec<u8>, Problem>,
    ) -> Result<Prepared, RuntimeError> {
        let cached =
            self.cache.load(component).and_then(|artefact| artefact.load(&self.engine).ok());
        if let Some(loaded) = cached {
            return self.ready(&loaded, Source::Cache);
        }
        let bytes = bytes().map_err(RuntimeError::Bytes)?;
        let code = compile(&self.compiler, &bytes)?;
        let artefact = Artefact::compiled(&code)
            .map_err(|error| RuntimeError::Compile(format!("no memory for the code: {error}")))?;
        let loaded = artefact
            .load(&self.engine)
            .map_err(|error| RuntimeError::Compile(format!("{error:#}")))?;
        let kept = self.cache.store(component, &artefact).is_ok();
        self.ready(&loaded, Source::Compiled { kept })
    }

    fn ready(&self, component: &Component, source: Source) -> Result<Prepared, RuntimeError> {
        let ty = component.component_type();
        let imports = ty.imports(&self.engine).map(|(name, _)| name.to_owned()).collect();
        let adapter = AdapterPre::new(link::link(component)?)
            .map_err(|error| RuntimeError::World(format!("{error:#}")))?;
        Ok(Prepared { adapter, imports, source })
    }

    /// What the component imports, such as `wasi:http/outgoing-handler@0.2.9`.
    pub fn imports(prepared: &Prepared) -> Vec<String> {
        prepared.imports.to_vec()
    }

    /// Runs one call in a store of its own and reports its end. The broker's `finish` is called
    /// when the guest is gone. Needs a tokio runtime with timers; one thread is enough.
    pub async fn call(&self, prepared: &Prepared, call: Call, broker: Arc<dyn Broker>) -> Report {
        let report = match call.action {
            Action::Describe => self.run(prepared, sealed(call), Arc::new(NoBroker)).await,
            _ => self.run(prepared, call, broker.clone()).await,
        };
        // A broker that does not finish in time is left behind; nothing of the guest is.
        let _ = tokio::time::timeout(FINISH_TIME_MAX, broker.finish()).await;
        report
    }

    async fn run(&self, prepared: &Prepared, call: Call, broker: Arc<dyn Broker>) -> Report {
        let mut store = match self.store(prepared, &call, broker) {
            Ok(store) => store,
            Err(message) => {
                let refusal = Refusal::fatal(RefusalKind::Invalid, Code::Bug, message);
                return Report {
                    result: Err(CallError::Refused(refusal)),
                    usage: Usage::default(),
                };
            }
        };
        let shared = store.data().shared.clone();
        let pace = store.data().stream.as_ref().map(|stream| stream.pace.clone());
        let outcome = tokio::select! {
            biased;
            () = interrupted(call.interrupt) => Err(CallError::Interrupted),
            stop = shared.ending() => Err(end::of_stop(stop)),
            () = asked_to_stop(call.stream) => Err(CallError::Stopped),
            late = too_late(pace, call.deadline_ms) => Err(late),
            outcome = enter(&mut store, prepared, &call.action) => Ok(outcome),
        };
        let result = outcome.and_then(|outcome| judge(store.data_mut(), outcome));
        Report { result, usage: usage(&store, &call.limits) }
    }

    /// A fresh store under every limit of the call.
    fn store(
        &self,
        prepared: &Prepared,
        call: &Call,
        broker: Arc<dyn Broker>,
    ) -> Result<Store<CallState>, String> {
        if !Engine::same(&self.engine, prepared.adapter.engine()) {
            return Err("the component was prepared by another runtime".to_owned());
        }
        self.tick().map_err(|error| format!("cannot start the clock thread: {error}"))?;
        let (limits, facts) = (&call.limits, call.facts.clone());
        let time = (call.deadline_ms, call.stream.is_some());
        let state = CallState::new(broker, facts, limits, call.start, &call.seed, time);
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.growth);
        store.set_fuel(limits.fuel_max).map_err(|error| error.to_string())?;
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

    fn tick(&self) -> std::io::Result<()> {
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

/// `describe` must say the same every time: no facts, no time, no chance.
fn sealed(call: Call) -> Call {
    let facts = Facts {
        instance: String::new(),
        settings: "{}".to_owned(),
        actor: String::new(),
        trace_id: String::new(),
        idempotency_key: None,
        mode: Mode::DryRun,
        secrets_available: Vec::new(),
    };
    Call { facts, start: UnixMillis(0), seed: [0; 32], ..call }
}

async fn interrupted(receiver: Option<tokio::sync::watch::Receiver<bool>>) {
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
    prepared: &Prepared,
    action: &Action,
) -> wasmtime::Result<Outcome> {
    let adapter = prepared.adapter.instantiate_async(&mut *store).await?;
    let provider = adapter.infrafabric_adapter_provider();
    match action {
        Action::Describe => provider.call_describe(store).await.map(Ok),
        Action::Check => provider.call_check(store).await,
        Action::Discover => provider.call_discover(store).await,
        Action::Call { command, arguments } => provider.call_call(store, command, arguments).await,
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
