//! A runtime in a temporary folder, a broker that follows a script, and a call in one line.

use crate::{
    Action, Allocation, Call, Compiler, Facts, Limits, Place, Prepared, Report, Runtime,
    RuntimeConfig,
};
use if_core::{Answer, Ask, BoxFuture, Broker, Digest, Mode, Refusal, Reply, UnixMillis};
use sha2::Digest as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub const START: UnixMillis = UnixMillis(1_000_000);

type Answerer = dyn Fn(&Ask) -> Result<Reply, Refusal> + Send + Sync;

/// Answers by a function; remembers every wish. Time moves by a millisecond per answer, and by
/// the time slept.
pub struct Script {
    answer: Box<Answerer>,
    asked: Mutex<Vec<Ask>>,
    now: AtomicU64,
    pub finished: AtomicU64,
}

impl Script {
    pub fn new(
        answer: impl Fn(&Ask) -> Result<Reply, Refusal> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            answer: Box::new(answer),
            asked: Mutex::new(Vec::new()),
            now: AtomicU64::new(START.0),
            finished: AtomicU64::new(0),
        })
    }

    /// Grants everything that has no reply.
    pub fn done() -> Arc<Self> {
        Self::new(|_| Ok(Reply::Done))
    }

    pub fn asked(&self) -> Vec<Ask> {
        self.asked.lock().unwrap().clone()
    }
}

impl Broker for Script {
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Answer> {
        let passed = match &ask {
            Ask::Sleep { nanos } => nanos / 1_000_000,
            _ => 1,
        };
        let at = UnixMillis(self.now.fetch_add(passed, Ordering::Relaxed) + passed);
        let result = (self.answer)(&ask);
        self.asked.lock().unwrap().push(ask);
        Box::pin(std::future::ready(Answer { at, effect: None, result }))
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        self.finished.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

/// A broker that never answers.
pub struct Silent;

impl Broker for Silent {
    fn ask(&self, _: Ask) -> BoxFuture<'_, Answer> {
        Box::pin(std::future::pending())
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

pub fn digest(bytes: &[u8]) -> Digest {
    Digest::from_bytes(sha2::Sha256::digest(bytes).into())
}

pub fn config(dir: &Path) -> RuntimeConfig {
    RuntimeConfig {
        cache_dir: dir.join("aot"),
        cache_key: [1; 32],
        place: Place::Here(Allocation::OnDemand),
        compiler: Compiler::InProcess,
    }
}

pub fn prepare(runtime: &Runtime, component: &[u8]) -> Prepared {
    runtime.prepare(&digest(component), &mut || Ok(component.to_vec())).unwrap()
}

/// A call that a well-made guest passes easily.
pub fn call() -> Call {
    Call {
        action: Action::Call { command: "go".into(), arguments: "{}".into() },
        facts: Facts {
            instance: "studio".into(),
            settings: "{}".into(),
            actor: "tester".into(),
            trace_id: "t".into(),
            idempotency_key: None,
            mode: Mode::Live,
            secrets_available: vec!["password".into()],
        },
        limits: Limits { memory_bytes_max: 4 << 20, fuel_max: 50_000_000, ..Limits::default() },
        start: START,
        seed: [3; 32],
        deadline_ms: 20_000,
        stream: None,
        interrupt: None,
        standing: None,
    }
}

/// Runs one call of `component` from an empty cache.
pub fn run(component: &[u8], call: Call, broker: Arc<dyn Broker>) -> Report {
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(config(dir.path())).unwrap();
    let prepared = prepare(&runtime, component);
    run_prepared(&runtime, &prepared, call, broker)
}

pub fn run_prepared(
    runtime: &Runtime,
    prepared: &Prepared,
    call: Call,
    broker: Arc<dyn Broker>,
) -> Report {
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    executor.block_on(runtime.call(prepared, call, broker))
}
