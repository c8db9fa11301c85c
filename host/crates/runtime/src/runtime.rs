//! Prepares components and calls them: in this process, or behind the second wall.

use crate::cache::{Artefact, Cache};
use crate::call::{Call, CallError, Facts, Report};
use crate::compile::compile;
use crate::config::{Compiler, Place, RuntimeConfig};
use crate::error::RuntimeError;
use crate::nobroker::NoBroker;
use crate::sandbox::{Linked, Sandbox, interrupted};
use crate::worker::{Worker, Workers};
use if_core::{Broker, Code, Digest, Problem, Refusal, Standing, UnixMillis};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a broker may take to close what a call left open. Closing is a courtesy to the peer.
const FINISH_TIME_MAX: Duration = Duration::from_secs(2);

/// The same where the plugin was revoked: a courtesy that it no longer has much claim to.
const FINISH_TIME_MAX_REVOKED: Duration = Duration::from_millis(250);

/// How often a running call is asked whether it may go on: a revocation ends it within a second.
const STANDING_PERIOD: Duration = Duration::from_millis(200);

/// How long a revoked guest may take to be gone in order, so that what it used is known.
const LEAVE_TIME_MAX: Duration = Duration::from_millis(250);

/// Where guests run, who compiles them, and the cache. One per process is enough.
pub struct Runtime {
    room: Room,
    compiler: Compiler,
    cache: Cache,
}

/// Where guests run.
enum Room {
    Here(Sandbox),
    Worker(Workers),
}

/// A component ready to be called any number of times.
pub struct Prepared {
    stage: Stage,
    imports: Arc<[String]>,
    source: Source,
}

/// What a room needs to begin a call.
enum Stage {
    Here(Linked),
    /// A worker that has loaded it already, for the first call; each further call gets its own.
    Worker {
        artefact: Arc<Artefact>,
        ready: Mutex<Option<Worker>>,
    },
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

impl Runtime {
    /// A room for guests with every setting of this house, and the cache folder, checked.
    pub fn new(config: RuntimeConfig) -> Result<Runtime, RuntimeError> {
        let room = match config.place {
            Place::Here(allocation) => Room::Here(Sandbox::new(allocation)?),
            Place::Worker { program } => Room::Worker(Workers::new(program)?),
        };
        let cache = Cache::open(&config.cache_dir, config.cache_key)?;
        Ok(Runtime { room, compiler: config.compiler, cache })
    }

    /// Makes a component ready, by its digest. `bytes` is called only when the cache has no
    /// genuine artefact, and must return bytes whose digest was checked.
    pub fn prepare(
        &self,
        component: &Digest,
        bytes: &mut dyn FnMut() -> Result<Vec<u8>, Problem>,
    ) -> Result<Prepared, RuntimeError> {
        if let Some(artefact) = self.cache.load(component) {
            match self.load(&Arc::new(artefact), Source::Cache) {
                // Not for this engine: an entry of another version of it, or of other settings.
                Err(RuntimeError::Compile(_)) => {}
                loaded => return loaded,
            }
        }
        let bytes = bytes().map_err(RuntimeError::Bytes)?;
        let code = compile(&self.compiler, &bytes)?;
        let artefact = Artefact::compiled(&code)
            .map(Arc::new)
            .map_err(|error| RuntimeError::Compile(format!("no memory for the code: {error}")))?;
        let loaded = self.load(&artefact, Source::Compiled { kept: false })?;
        let kept = self.cache.store(component, &artefact).is_ok();
        Ok(Prepared { source: Source::Compiled { kept }, ..loaded })
    }

    fn load(&self, artefact: &Arc<Artefact>, source: Source) -> Result<Prepared, RuntimeError> {
        let (stage, imports) = match &self.room {
            Room::Here(sandbox) => {
                let linked = sandbox.load(artefact)?;
                let imports = linked.imports.clone();
                (Stage::Here(linked), imports)
            }
            Room::Worker(workers) => {
                let (worker, imports) = workers.loaded(artefact)?;
                let (artefact, ready) = (artefact.clone(), Mutex::new(Some(worker)));
                (Stage::Worker { artefact, ready }, imports.into())
            }
        };
        Ok(Prepared { stage, imports, source })
    }

    /// The folder of what is kept.
    pub(crate) fn cache_dir(&self) -> &std::path::Path {
        self.cache.dir()
    }

    /// The key of every MAC over it.
    pub(crate) fn cache_key(&self) -> &[u8; 32] {
        self.cache.key()
    }

    /// What the component imports, such as `wasi:http/outgoing-handler@0.2.9`.
    pub fn imports(prepared: &Prepared) -> Vec<String> {
        prepared.imports.to_vec()
    }

    /// Runs one call and reports its end. The broker's `finish` is called when the guest is gone.
    /// Needs a tokio runtime with timers and, for workers, sockets; one thread is enough.
    pub async fn call(&self, prepared: &Prepared, call: Call, broker: Arc<dyn Broker>) -> Report {
        let report = match call.action {
            ref action if action.is_pure() => {
                self.run(prepared, sealed(call), Arc::new(NoBroker)).await
            }
            _ => self.watched(prepared, call, broker.clone()).await,
        };
        let revoked = matches!(&report.result,
            Err(CallError::Refused(refusal)) if refusal.code == Code::Revoked);
        let most = if revoked { FINISH_TIME_MAX_REVOKED } else { FINISH_TIME_MAX };
        // A broker that does not finish in time is left behind; nothing of the guest is.
        let _ = tokio::time::timeout(most, broker.finish()).await;
        report
    }

    /// Runs the call for as long as its plugin may. One that was revoked is asked to end, as by
    /// Ctrl-C; whatever is left of it a moment later goes with its store or its process.
    async fn watched(
        &self,
        prepared: &Prepared,
        mut call: Call,
        broker: Arc<dyn Broker>,
    ) -> Report {
        let standing = call.standing.take();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let operator = call.interrupt.replace(stopped);
        let mut running = std::pin::pin!(self.run(prepared, call, broker));
        let refusal = tokio::select! {
            biased;
            () = interrupted(operator) => {
                stop.send_replace(true);
                return running.await;
            }
            refusal = revoked(standing) => refusal,
            report = &mut running => return report,
        };
        stop.send_replace(true);
        let usage = tokio::time::timeout(LEAVE_TIME_MAX, running).await.map(|report| report.usage);
        Report { result: Err(CallError::Refused(refusal)), usage: usage.unwrap_or_default() }
    }

    async fn run(&self, prepared: &Prepared, call: Call, broker: Arc<dyn Broker>) -> Report {
        match (&self.room, &prepared.stage) {
            (Room::Here(sandbox), Stage::Here(linked)) => sandbox.run(linked, call, broker).await,
            (Room::Worker(workers), Stage::Worker { artefact, ready }) => {
                let waiting = ready.lock().unwrap_or_else(PoisonError::into_inner).take();
                let worker = match waiting {
                    Some(worker) => Ok(worker),
                    None => workers.loaded(artefact).map(|(worker, _)| worker),
                };
                match worker {
                    Ok(worker) => worker.run(call, broker).await,
                    Err(error) => Report::of_bug(error.to_string()),
                }
            }
            _ => Report::of_bug("the component was prepared by another runtime"),
        }
    }
}

/// Ends when the plugin may run no more.
async fn revoked(standing: Option<Arc<dyn Standing>>) -> Refusal {
    let Some(standing) = standing else { return std::future::pending().await };
    loop {
        if let Some(refusal) = standing.lost() {
            return refusal;
        }
        tokio::time::sleep(STANDING_PERIOD).await;
    }
}

/// A pure function must say the same every time: no facts, no time, no chance of its own.
fn sealed(call: Call) -> Call {
    let facts = Facts::none();
    let seed = call.action.seed();
    Call { facts, start: UnixMillis(0), seed, ..call }
}
