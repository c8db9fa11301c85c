//! The open log: intents, refusals, notes. Each is on the disk when the function returns.

use crate::commitment::Part;
use crate::key::LogKey;
use crate::leaf::{Birth, Kind, Leaf, Status, Verdict};
use crate::operation::{LeafRef, Operation};
use crate::record::{Intent, text};
use crate::run_lock::RunLock;
use crate::{PublicKey, WitnessError, tables};
use if_core::{Clock, Code, UnixMillis};
use if_store::{Store, StoreError, Transaction};
use rusqlite::OptionalExtension;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The log of one home. Cheap to clone; clones are the same log.
#[derive(Clone)]
pub struct Witness {
    pub(crate) shared: Arc<Shared>,
}

/// What the log and its running operations share.
pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) key: LogKey,
    pub(crate) run_dir: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Shared {
    pub(crate) fn now(&self) -> UnixMillis {
        self.clock.now()
    }
}

impl Witness {
    /// Opens the log in `store`, which was opened with [`crate::SCHEMA`].
    ///
    /// The first opening writes the first leaf, which names the key. Later ones only look, and
    /// close what dead processes left open.
    ///
    /// # Errors
    /// The key is missing, unsafe, or that of another log; the database fails.
    pub fn open(
        store: Arc<Store>,
        key_path: &Path,
        run_dir: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WitnessError> {
        let key = LogKey::load(key_path)?;
        let shared = Shared { store, key, run_dir: run_dir.to_owned(), clock };
        let witness = Self { shared: Arc::new(shared) };
        let (log, unfinished) = match witness.shared.store.read(look)? {
            Some(found) => found,
            None => (witness.give_birth()?, false),
        };
        let found = witness.public_key().to_string();
        if log != found {
            let path = key_path.to_owned();
            return Err(WitnessError::KeyOfAnotherLog { log, found, path });
        }
        if unfinished {
            witness.recover()?;
        }
        Ok(witness)
    }

    /// Whose log this is.
    pub fn public_key(&self) -> PublicKey {
        self.shared.key.public()
    }

    /// Records that an operation is about to run, and with it, in the same commit, what `also`
    /// writes (a release floor, a reservation). Durable before it returns: only then may anything
    /// happen.
    ///
    /// # Errors
    /// The database fails, or `also` does. Then nothing was recorded, and nothing may be run.
    pub fn begin(
        &self,
        intent: Intent,
        also: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
    ) -> Result<Operation, WitnessError> {
        let shared = &self.shared;
        let operation = intent.operation.clone();
        // Before anybody can read the intent, its process is known to live.
        let lock = RunLock::create(&shared.run_dir, &operation)?;
        let (leaf, parts) = intent.record(Kind::Intent, shared.now())?;
        let recorded = shared.store.transaction(|transaction| {
            let appended = tables::append(transaction, &shared.key, leaf, &parts)?;
            tables::open_intent(transaction, &operation, appended.0.seq)?;
            also(transaction)?;
            Ok::<_, WitnessError>(appended)
        });
        match recorded {
            Ok((at, leaf)) => Ok(Operation::new(shared.clone(), operation, at, leaf, lock)),
            Err(error) => {
                lock.remove();
                Err(error)
            }
        }
    }

    /// Records a command that was refused before anything ran.
    ///
    /// # Errors
    /// The database fails.
    pub fn deny(&self, intent: Intent, code: Code, error: &str) -> Result<LeafRef, WitnessError> {
        let (mut leaf, mut parts) = intent.record(Kind::Denied, self.shared.now())?;
        let exit = code.exit() as u8;
        leaf.outcome = Some(Verdict { status: Status::Denied, code: Some(code), exit });
        parts.push(Part::new("error", text(error))?);
        self.append(leaf, &parts)
    }

    /// Records a remark about the installation, such as a plugin that was allowed or revoked.
    ///
    /// # Errors
    /// The database fails.
    pub fn note(&self, remark: &str) -> Result<LeafRef, WitnessError> {
        let leaf = Leaf::new(Kind::Note, self.shared.now());
        self.append(leaf, &[Part::new("note", text(remark))?])
    }

    fn append(&self, leaf: Leaf, parts: &[Part]) -> Result<LeafRef, WitnessError> {
        let shared = &self.shared;
        shared.store.last_transaction(|transaction| {
            tables::append(transaction, &shared.key, leaf, parts).map(|(at, _)| at)
        })
    }

    /// Writes the first leaf, unless another process was faster. Returns the log's public key.
    fn give_birth(&self) -> Result<String, WitnessError> {
        let shared = &self.shared;
        let public_key = shared.key.public().to_string();
        shared.store.transaction(|transaction| {
            if let Some((log, _)) = look(transaction)? {
                return Ok(log);
            }
            let mut leaf = Leaf::new(Kind::Note, shared.now());
            leaf.log = Some(Birth { public_key: public_key.clone() });
            tables::append(transaction, &shared.key, leaf, &[])?;
            transaction
                .execute("INSERT INTO log (id, public_key) VALUES (1, ?1)", [&public_key])?;
            Ok(public_key)
        })
    }
}

/// The log's public key and whether any intent is open; `None` before the first leaf.
fn look(view: &if_store::Connection) -> Result<Option<(String, bool)>, WitnessError> {
    let found = view
        .prepare_cached("SELECT public_key, EXISTS (SELECT 1 FROM open_intent) FROM log")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found)
}
