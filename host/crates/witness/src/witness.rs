//! The open log: intents, refusals, notes. Each is on the disk when the function returns.

use crate::anchor::{Anchor, AnchorFault};
use crate::commitment::Part;
use crate::key::LogKey;
use crate::leaf::{Birth, Kind, Leaf, Status, Verdict};
use crate::operation::{LeafRef, Operation};
use crate::record::{Intent, text};
use crate::run_lock::RunLock;
use crate::{PublicKey, WitnessError, tables};
use if_core::{Clock, Code, Money, OperationId, UnixMillis};
use if_store::{Rows as _, Sql, Store, StoreError, Transaction};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

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
    anchor_path: PathBuf,
    /// What a lost operation owes.
    pub(crate) owed: Owed,
    /// Opened by the first write, under the database's lock.
    pub(crate) anchor: OnceLock<Anchor>,
    clock: Arc<dyn Clock>,
}

/// What an operation owes whose process was lost, where something was set aside for it: settled in
/// the transaction that closes it.
pub type Owed = fn(&dyn Sql, &OperationId) -> Result<Option<Money>, StoreError>;

/// What belongs to a log beside its database.
#[derive(Debug, Clone, Copy)]
pub struct LogFiles<'a> {
    /// The key that signs.
    pub key: &'a Path,
    /// One lock file for each running operation.
    pub run_dir: &'a Path,
    /// The head of the log, kept outside the database.
    pub anchor: &'a Path,
}

impl Shared {
    pub(crate) fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// The anchor. Made where there is none yet and the log never had one: it is new, or older than
    /// anchors are.
    pub(crate) fn anchor(&self, transaction: &Transaction<'_>) -> Result<&Anchor, WitnessError> {
        if let Some(anchor) = self.anchor.get() {
            return Ok(anchor);
        }
        let (path, key) = (&self.anchor_path, self.key.public());
        let anchor = match Anchor::open(path, key) {
            Err(WitnessError::Anchor(AnchorFault::Missing { .. }))
                if !tables::is_anchored(transaction)? =>
            {
                let anchor = Anchor::adopt(path, key, tables::length(transaction)?)?;
                tables::set_anchored(transaction)?;
                anchor
            }
            opened => {
                // The power may have gone between making the anchor and saying so.
                if !tables::is_anchored(transaction)? {
                    tables::set_anchored(transaction)?;
                }
                opened?
            }
        };
        Ok(self.anchor.get_or_init(|| anchor))
    }

    /// Whether the log of this view is the one that was written last. A log that was never anchored
    /// is.
    pub(crate) fn check_anchor(&self, view: &dyn Sql) -> Result<(), WitnessError> {
        match Anchor::open(&self.anchor_path, self.key.public()) {
            Err(WitnessError::Anchor(AnchorFault::Missing { .. }))
                if !tables::is_anchored(view)? =>
            {
                Ok(())
            }
            opened => check(&opened?, view),
        }
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
        files: LogFiles<'_>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WitnessError> {
        Self::open_with(store, files, clock, |_, _| Ok(None))
    }

    /// As [`Witness::open`], with somebody who knows what lost operations owe.
    ///
    /// # Errors
    /// As [`Witness::open`].
    pub fn open_with(
        store: Arc<Store>,
        files: LogFiles<'_>,
        clock: Arc<dyn Clock>,
        owed: Owed,
    ) -> Result<Self, WitnessError> {
        let shared = Shared {
            store,
            key: LogKey::load(files.key)?,
            run_dir: files.run_dir.to_owned(),
            anchor_path: files.anchor.to_owned(),
            owed,
            anchor: OnceLock::new(),
            clock,
        };
        let witness = Self { shared: Arc::new(shared) };
        let (log, unfinished) = match witness.shared.store.read(look)? {
            Some(found) => found,
            None => (witness.give_birth()?, false),
        };
        let found = witness.public_key().to_string();
        if log != found {
            let path = files.key.to_owned();
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
        self.begin_if(intent, |transaction, _| also(transaction).map(|()| Vec::new()))
    }

    /// As [`Witness::begin`], where it is decided in the same commit whether it may run at all:
    /// `also` is told the time of the entry, and what it answers joins the decision's reasons.
    ///
    /// # Errors
    /// As [`Witness::begin`]; a [`Problem`](if_core::Problem) of `also` as
    /// [`WitnessError::Refused`].
    pub fn begin_if<E: Into<WitnessError>>(
        &self,
        mut intent: Intent,
        also: impl FnOnce(&Transaction<'_>, UnixMillis) -> Result<Vec<String>, E>,
    ) -> Result<Operation, WitnessError> {
        let shared = &self.shared;
        let operation = intent.operation.clone();
        // Before anybody can read the intent, its process is known to live.
        let lock = RunLock::create(&shared.run_dir, &operation)?;
        let recorded = shared.append(|transaction| {
            let at = shared.now();
            let reasons = also(transaction, at).map_err(Into::into)?;
            intent.decision.reasons.extend(reasons);
            let (leaf, parts) = intent.record(Kind::Intent, at)?;
            let appended = tables::append(transaction, &shared.key, leaf, &parts)?;
            tables::open_intent(transaction, &operation, appended.0.seq)?;
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
        self.deny_with(intent, code, error, |_, _| Ok::<_, WitnessError>(()))
    }

    /// As [`Witness::deny`], with what `also` changes in the same commit; it is told the time of
    /// the entry.
    ///
    /// # Errors
    /// The database fails, or `also` does; then neither is recorded.
    pub fn deny_with<E: Into<WitnessError>>(
        &self,
        intent: Intent,
        code: Code,
        error: &str,
        also: impl FnOnce(&Transaction<'_>, UnixMillis) -> Result<(), E>,
    ) -> Result<LeafRef, WitnessError> {
        let shared = &self.shared;
        shared.append_last(|transaction| {
            let at = shared.now();
            also(transaction, at).map_err(Into::into)?;
            let (mut leaf, mut parts) = intent.record(Kind::Denied, at)?;
            let exit = code.exit() as u8;
            leaf.outcome = Some(Verdict { status: Status::Denied, code: Some(code), exit });
            parts.push(Part::new("error", text(error))?);
            tables::append(transaction, &shared.key, leaf, &parts).map(|(at, _)| at)
        })
    }

    /// Records a remark about the installation, such as a plugin that was allowed or revoked.
    ///
    /// # Errors
    /// The database fails.
    pub fn note(&self, remark: &str) -> Result<LeafRef, WitnessError> {
        self.note_with(remark, |_| Ok(()))
    }

    /// As [`Witness::note`], with what `also` changes in the same commit.
    ///
    /// # Errors
    /// The database fails, or `also` does; then neither is recorded.
    pub fn note_with(
        &self,
        remark: &str,
        also: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
    ) -> Result<LeafRef, WitnessError> {
        let shared = &self.shared;
        let leaf = Leaf::new(Kind::Note, shared.now());
        let parts = [Part::new("note", text(remark))?];
        shared.append_last(|transaction| {
            also(transaction)?;
            tables::append(transaction, &shared.key, leaf, &parts).map(|(at, _)| at)
        })
    }

    /// Takes the log as it is for the one to be continued, whatever it lacks or holds that was not
    /// written here; an entry says so. A check still finds what was edited; what was cut off shows
    /// only from outside.
    ///
    /// # Errors
    /// The database or the anchor cannot be written.
    pub fn reset_anchor(&self) -> Result<LeafRef, WitnessError> {
        let shared = &self.shared;
        shared.store.transaction(|transaction| {
            let head = tables::length(transaction)?;
            Anchor::adopt(&shared.anchor_path, self.shared.key.public(), head)?;
            tables::set_anchored(transaction)?;
            tables::set_accepted(transaction, head.map_or(0, |head| head.leaves))
        })?;
        self.note("anchor reset: the log is continued as it was found")
    }

    /// Writes the first leaf, unless another process was faster. Returns the log's public key.
    fn give_birth(&self) -> Result<String, WitnessError> {
        let shared = &self.shared;
        let public_key = shared.key.public().to_string();
        if let Some((log, _)) = shared.store.read(look)? {
            return Ok(log);
        }
        shared.append(|transaction| {
            if let Some((log, _)) = look(transaction)? {
                return Ok(log);
            }
            let mut leaf = Leaf::new(Kind::Note, shared.now());
            leaf.log = Some(Birth { public_key: public_key.clone() });
            tables::append(transaction, &shared.key, leaf, &[])?;
            let insert = "INSERT INTO log (id, public_key, anchored) VALUES (1, ?1, 1)";
            transaction.execute(insert, &[(&public_key).into()])?;
            Ok(public_key)
        })
    }
}

/// Whether the log of this view begins with what the anchor knows.
pub(crate) fn check(anchor: &Anchor, view: &dyn Sql) -> Result<(), WitnessError> {
    let leaves = tables::length(view)?.map_or(0, |head| head.leaves);
    anchor.check(leaves, |seq| tables::hash_of(view, seq))
}

/// The log's public key and whether any intent is open; `None` before the first leaf.
fn look(view: &dyn Sql) -> Result<Option<(String, bool)>, WitnessError> {
    let select = "SELECT public_key, EXISTS (SELECT 1 FROM open_intent) FROM log";
    let Some(row) = view.first(select, &[])? else { return Ok(None) };
    // Bytes that are no text are no key of ours: another log's.
    let key = row.text(0).unwrap_or("no key").to_owned();
    Ok(Some((key, row.number(1)? != 0)))
}
