//! A home with a log in it, and operations to put there.

use if_core::{
    CapabilityId, Clock, Code, Digest, Effect, Exit, Micros, Mode, OperationId, UnixMillis, Word,
};
use if_store::{Store, remember_release};
use if_witness::{
    Charge, Decision, Evidence, Intent, LogFiles, Outcome, Plugin, PublicKey, SCHEMA, Status,
    Timing, Witness, WitnessError, create_key,
};
use rusqlite::config::DbConfig;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Columns that the check of the log does not speak about, and why.
pub const NOT_PROMISED: [(&str, &str, &str); 9] = [
    ("checkpoint", "at", "when it was signed, for people; the signed note has no time"),
    ("floor", "id", "a memory of versions beside the log; which release ran stands in the leaves"),
    ("floor", "release", "the same; a higher floor refuses, a lower one forgets"),
    ("log", "accepted", "how far back writes look by themselves; the check looks at all of it"),
    ("log", "anchored", "whether an anchor must be there; where one is, the next write says so"),
    ("state", "component", "a plugin's own notebook: data, no evidence"),
    ("state", "instance", "a plugin's own notebook: data, no evidence"),
    ("state", "key", "a plugin's own notebook: data, no evidence"),
    ("state", "value", "a plugin's own notebook: data, no evidence"),
];

/// A clock that stands still until it is set.
pub struct TestClock(AtomicU64);

impl TestClock {
    pub fn set(&self, at: u64) {
        self.0.store(at, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}

pub struct Home {
    pub folder: tempfile::TempDir,
    pub clock: Arc<TestClock>,
    pub key: PublicKey,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = create_key(&folder.path().join("witness.key")).unwrap();
        Self { folder, clock: Arc::new(TestClock(AtomicU64::new(1_000))), key }
    }

    pub fn run_dir(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("if.db")
    }

    /// Opens as another process would: own connection, own file descriptors.
    pub fn open(&self) -> Witness {
        self.try_open().unwrap()
    }

    pub fn try_open(&self) -> Result<Witness, WitnessError> {
        self.open_store(Arc::new(self.store(Duration::from_secs(5))))
    }

    pub fn store(&self, wait: Duration) -> Store {
        Store::open_waiting(&self.database(), &[SCHEMA], wait).unwrap()
    }

    pub fn open_store(&self, store: Arc<Store>) -> Result<Witness, WitnessError> {
        let key = self.folder.path().join("witness.key");
        let files = LogFiles { key: &key, run_dir: &self.run_dir(), anchor: &self.anchor() };
        Witness::open(store, files, self.clock.clone())
    }

    pub fn anchor(&self) -> PathBuf {
        self.folder.path().join("if.anchor")
    }

    /// A connection without our settings and guards, as a thief has it.
    pub fn raw(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        connection
    }

    /// Operations that have a run file.
    pub fn run_files(&self) -> usize {
        fs_err::read_dir(self.run_dir()).map_or(0, Iterator::count)
    }

    /// Commits in the write-ahead log: frames whose header names a database size.
    pub fn commits(&self) -> usize {
        let log = fs_err::read(self.folder.path().join("if.db-wal")).unwrap();
        let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
        log[32..].chunks_exact(24 + page).filter(|frame| frame[4..8] != [0; 4]).count()
    }
}

pub fn operation(number: u64) -> OperationId {
    OperationId::new(format!("{number:032x}")).unwrap()
}

pub fn word(text: &str) -> Word {
    Word::new(text).unwrap()
}

pub fn plugin() -> Plugin {
    Plugin {
        id: CapabilityId::new("if://capability/obs.studio").unwrap(),
        version: "1.2.3".into(),
        release: 7,
        manifest: Digest::from_bytes([1; 32]),
        component: Digest::from_bytes([2; 32]),
    }
}

pub fn intent(number: u64) -> Intent {
    Intent {
        operation: operation(number),
        trace: None,
        provider: word("obs"),
        instance: Some(word("studio")),
        command: "scene switch".into(),
        effect: Effect::Write,
        actor: "ada".into(),
        mode: Mode::Live,
        plugin: Some(plugin()),
        decision: Decision {
            verdict: "allow".into(),
            reasons: vec!["default".into()],
            policies: None,
        },
        charge: Charge::default(),
        params: br#"{"scene":"Main"}"#.to_vec(),
        why: Some("show start".into()),
        decided: None,
    }
}

pub fn outcome(status: Status) -> Outcome {
    let timing = Timing { started: UnixMillis(1_000), ended: UnixMillis(1_009), wall_ms: 9 };
    let exit = if status == Status::Ok { Exit::Ok } else { Exit::Provider };
    Outcome {
        cost: Micros(12),
        result: Some(br#"{"scene":"Main"}"#.to_vec()),
        ..Outcome::new(status, exit, timing)
    }
}

/// Fills a log with each kind of entry and part, the last of them under a checkpoint.
pub fn one_of_everything(witness: &Witness) {
    run(witness, 1, Status::Ok);
    let mut traced = intent(2);
    traced.trace = Some("show-42".into());
    let begun = witness.begin(traced, |tx| remember_release(tx, &plugin().id, 7)).unwrap();
    let everything = Outcome {
        code: Some(Code::Provider),
        error: Some("no such scene".into()),
        evidence: vec![Evidence { name: "shot".into(), evidence: "[1]".into() }],
        transcript: Some(b"[]".to_vec()),
        plan: Some(b"[2]".to_vec()),
        log: Some("hello".into()),
        ..outcome(Status::Failed)
    };
    begun.finish(everything).unwrap();
    witness.deny(intent(3), Code::ConfirmationNeeded, "not without --yes").unwrap();
    witness.note("a remark").unwrap();
    witness.checkpoint().unwrap();
}

/// Runs one operation from intent to outcome.
pub fn run(witness: &Witness, number: u64, status: Status) {
    witness.begin(intent(number), |_| Ok(())).unwrap().finish(outcome(status)).unwrap();
}
