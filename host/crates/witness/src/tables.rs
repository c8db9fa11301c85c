//! The tables of the log, and the only SQL that writes them.
//!
//! `leaf` is append-only by trigger: a guard against our own mistakes; against others there are
//! the signatures. `entry` repeats what queries filter by, `open_intent` makes "is anything
//! unfinished?" one look at an empty table. `body` may be erased.

use crate::bounds::LEAF_BYTES_MAX;
use crate::commitment::Part;
use crate::key::LogKey;
use crate::leaf::{Kind, Leaf};
use crate::operation::LeafRef;
use crate::verify::Head;
use crate::{Hash32, WitnessError, leaf_hash};
use if_core::OperationId;
use if_store::{Connection, Schema, StoreError, Transaction};
use rusqlite::OptionalExtension;
use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;

/// The log's tables, for [`if_store::Store::open`].
pub const SCHEMA: Schema = Schema { owner: "witness", version: 3, sql: &[FIRST, TREE, OTHERS] };

const FIRST: &str = "
    CREATE TABLE log (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        public_key TEXT NOT NULL
    ) STRICT;
    CREATE TABLE leaf (
        seq INTEGER PRIMARY KEY,
        leaf BLOB NOT NULL,
        leaf_hash BLOB NOT NULL,
        signature BLOB NOT NULL
    ) STRICT;
    CREATE TRIGGER leaf_stays BEFORE UPDATE ON leaf
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER leaf_remains BEFORE DELETE ON leaf
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TABLE entry (
        seq INTEGER PRIMARY KEY REFERENCES leaf (seq),
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        operation TEXT,
        trace TEXT,
        provider TEXT,
        instance TEXT,
        component TEXT,
        status TEXT
    ) STRICT;
    CREATE UNIQUE INDEX entry_operation ON entry (operation, kind) WHERE operation IS NOT NULL;
    CREATE INDEX entry_trace ON entry (trace) WHERE trace IS NOT NULL;
    CREATE TABLE body (
        seq INTEGER NOT NULL REFERENCES leaf (seq),
        part TEXT NOT NULL,
        salt BLOB NOT NULL,
        length INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (seq, part)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE open_intent (
        operation TEXT PRIMARY KEY,
        seq INTEGER NOT NULL REFERENCES leaf (seq)
    ) STRICT, WITHOUT ROWID;
    ";

/// What others verify. `accepted`: writes leave the entries before it alone, on an operator's word.
/// `anchored`: the head is kept beside the database, and was from then on.
/// `signatures`: SHA-256 over the signatures of the leaves of a tile, one behind the other.
const TREE: &str = "
    ALTER TABLE log ADD COLUMN anchored INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE log ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE tile (
        level INTEGER NOT NULL,
        position INTEGER NOT NULL,
        hash BLOB NOT NULL,
        signatures BLOB CHECK ((signatures IS NULL) = (level > 1)),
        PRIMARY KEY (level, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER tile_stays BEFORE UPDATE ON tile
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER tile_remains BEFORE DELETE ON tile
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TABLE checkpoint (
        size INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        note TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER checkpoint_stays BEFORE UPDATE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER checkpoint_remains BEFORE DELETE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    ";

/// What is kept beside the log. `keeper`: who keeps its checkpoints off this machine. `cosigned`:
/// the last checkpoint of each other log that was vouched for.
const OTHERS: &str = "
    CREATE TABLE keeper (
        name TEXT PRIMARY KEY,
        place TEXT NOT NULL,
        size INTEGER,
        at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE cosigned (
        origin TEXT PRIMARY KEY,
        log_key TEXT NOT NULL,
        note TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    ";

/// What `entry` repeats of a leaf, as one comparable row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexRow {
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) operation: Option<String>,
    pub(crate) trace: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) component: Option<String>,
    pub(crate) status: Option<String>,
}

impl IndexRow {
    /// What the row of this leaf must be.
    pub(crate) fn of(leaf: &Leaf) -> Result<Self, WitnessError> {
        Ok(Self {
            at: integer(leaf.at.0)?,
            kind: leaf.kind.as_str().to_owned(),
            operation: leaf.operation.as_ref().map(ToString::to_string),
            trace: leaf.trace.clone(),
            provider: leaf.provider.as_ref().map(ToString::to_string),
            instance: leaf.instance.as_ref().map(ToString::to_string),
            component: leaf.plugin.as_ref().map(|plugin| plugin.id.to_string()),
            status: leaf.outcome.map(|outcome| outcome.status.as_str().to_owned()),
        })
    }

    /// The row stored for this position.
    pub(crate) fn load(connection: &Connection, seq: u64) -> Result<Option<Self>, WitnessError> {
        let mut select = connection.prepare_cached(
            "SELECT at, kind, operation, trace, provider, instance, component, status
             FROM entry WHERE seq = ?1",
        )?;
        let row = select.query_row([integer(seq)?], |row| {
            Ok(Self {
                at: row.get(0)?,
                kind: row.get(1)?,
                operation: row.get(2)?,
                trace: row.get(3)?,
                provider: row.get(4)?,
                instance: row.get(5)?,
                component: row.get(6)?,
                status: row.get(7)?,
            })
        });
        Ok(row.optional()?)
    }

    fn insert(&self, transaction: &Transaction<'_>, seq: i64) -> rusqlite::Result<usize> {
        transaction
            .prepare_cached(
                "INSERT INTO entry
                 (seq, at, kind, operation, trace, provider, instance, component, status)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute((
                seq,
                self.at,
                &self.kind,
                &self.operation,
                &self.trace,
                &self.provider,
                &self.instance,
                &self.component,
                &self.status,
            ))
    }
}

/// Links, signs and appends `leaf`, with its bodies and its index row.
///
/// Position and predecessor are read inside the caller's transaction, which holds the write lock:
/// no other process can append between.
pub(crate) fn append(
    transaction: &Transaction<'_>,
    key: &LogKey,
    mut leaf: Leaf,
    parts: &[Part],
) -> Result<(LeafRef, Leaf), WitnessError> {
    (leaf.seq, leaf.prev) = match head(transaction)? {
        None => (0, Hash32::ZERO),
        Some(head) => (head.seq.saturating_add(1), head.hash),
    };
    leaf.commitments =
        parts.iter().filter_map(|part| Some((part.name.clone(), part.commitment()?))).collect();
    let bytes = serde_json::to_vec(&leaf).map_err(WitnessError::Json)?;
    if bytes.len() > LEAF_BYTES_MAX {
        return Err(WitnessError::LeafTooLarge(bytes.len()));
    }
    let (seq, hash) = (integer(leaf.seq)?, leaf_hash(&bytes));
    transaction
        .prepare_cached(
            "INSERT INTO leaf (seq, leaf, leaf_hash, signature) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((seq, &bytes, hash.as_bytes(), key.sign(&hash)))?;
    IndexRow::of(&leaf)?.insert(transaction, seq).map_err(|error| taken(error, &leaf))?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO body (seq, part, salt, length, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for part in parts {
        insert.execute((seq, &part.name, &part.salt, integer(part.length)?, &part.bytes))?;
    }
    Ok((LeafRef { seq: leaf.seq, hash }, leaf))
}

/// An operation has one intent and one outcome; the index refuses another.
fn taken(error: rusqlite::Error, leaf: &Leaf) -> WitnessError {
    let doubled = error
        .sqlite_error()
        .is_some_and(|failure| failure.extended_code == SQLITE_CONSTRAINT_UNIQUE);
    match (&leaf.operation, doubled, leaf.kind) {
        (Some(operation), true, Kind::Outcome) => WitnessError::OperationClosed(operation.clone()),
        (Some(operation), true, _) => WitnessError::OperationTaken(operation.clone()),
        _ => error.into(),
    }
}

/// The newest entry.
pub(crate) fn head(connection: &Connection) -> Result<Option<LeafRef>, WitnessError> {
    let row: Option<(i64, Vec<u8>)> = connection
        .prepare_cached("SELECT seq, leaf_hash FROM leaf ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, hash)) = row else { return Ok(None) };
    let seq = seq.unsigned_abs();
    let hash = Hash32::from_slice(&hash).ok_or(WitnessError::Unreadable { seq })?;
    Ok(Some(LeafRef { seq, hash }))
}

/// How long the log is, and its newest entry.
pub(crate) fn length(connection: &Connection) -> Result<Option<Head>, WitnessError> {
    let newest = head(connection)?;
    Ok(newest.map(|at| Head { leaves: at.seq.saturating_add(1), hash: at.hash }))
}

/// How many entries the log has in a view that its caller has open.
///
/// # Errors
/// The database fails.
pub fn entries(view: &Connection) -> Result<u64, WitnessError> {
    Ok(length(view)?.map_or(0, |head| head.leaves))
}

/// The hash that stands beside an entry.
pub(crate) fn hash_of(view: &Connection, seq: u64) -> Result<Option<Hash32>, WitnessError> {
    let hash: Option<Vec<u8>> = view
        .prepare_cached("SELECT leaf_hash FROM leaf WHERE seq = ?1")?
        .query_row([integer(seq)?], |row| row.get(0))
        .optional()?;
    Ok(hash.and_then(|hash| Hash32::from_slice(&hash)))
}

/// Whether the log's head is kept outside. A log without an entry has none.
pub(crate) fn is_anchored(view: &Connection) -> Result<bool, WitnessError> {
    let anchored = view.prepare_cached("SELECT anchored FROM log")?.query_row([], |row| row.get(0));
    Ok(anchored.optional()?.unwrap_or(false))
}

/// From now on the log's head is kept outside.
pub(crate) fn set_anchored(transaction: &Transaction<'_>) -> Result<(), WitnessError> {
    transaction.execute("UPDATE log SET anchored = 1", [])?;
    Ok(())
}

/// How many of the first entries writes leave alone.
pub(crate) fn accepted(view: &Connection) -> Result<u64, WitnessError> {
    let accepted: Option<i64> = view
        .prepare_cached("SELECT accepted FROM log")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(accepted.unwrap_or(0).cast_unsigned())
}

/// From now on writes leave so many of the first entries alone.
pub(crate) fn set_accepted(transaction: &Transaction<'_>, leaves: u64) -> Result<(), WitnessError> {
    transaction.execute("UPDATE log SET accepted = ?1", [integer(leaves)?])?;
    Ok(())
}

/// Remembers that an intent has no outcome yet.
pub(crate) fn open_intent(
    transaction: &Transaction<'_>,
    operation: &OperationId,
    seq: u64,
) -> Result<(), WitnessError> {
    transaction
        .prepare_cached("INSERT INTO open_intent (operation, seq) VALUES (?1, ?2)")?
        .execute((operation.as_str(), integer(seq)?))?;
    Ok(())
}

/// Forgets it again. False when it was not open: somebody else closed it.
pub(crate) fn close_intent(
    transaction: &Transaction<'_>,
    operation: &OperationId,
) -> Result<bool, WitnessError> {
    let closed = transaction
        .prepare_cached("DELETE FROM open_intent WHERE operation = ?1")?
        .execute([operation.as_str()])?;
    Ok(closed == 1)
}

/// The unfinished operations as they are listed, oldest first, with the positions of their intents;
/// `None` for what is no operation's id.
pub(crate) fn open_intents(
    connection: &Connection,
    count_max: u32,
) -> Result<Vec<(Option<OperationId>, u64)>, WitnessError> {
    let mut select = connection
        .prepare_cached("SELECT operation, seq FROM open_intent ORDER BY seq LIMIT ?1")?;
    let rows = select.query_map([count_max], |row| {
        let operation = row.get_ref(0)?.as_str().ok().and_then(|id| OperationId::new(id).ok());
        Ok((operation, row.get::<_, i64>(1)?.cast_unsigned()))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// `None` where what was read is no text: somebody put other bytes there.
pub(crate) fn legible<T>(read: Result<T, WitnessError>) -> Result<Option<T>, WitnessError> {
    use rusqlite::Error::{FromSqlConversionFailure, Utf8Error};
    match read {
        Err(WitnessError::Store(StoreError::Sqlite(
            FromSqlConversionFailure(..) | Utf8Error(..),
        ))) => Ok(None),
        read => read.map(Some),
    }
}

/// The body parts stored for this position, by name.
pub(crate) fn parts(connection: &Connection, seq: u64) -> Result<Vec<Part>, WitnessError> {
    let mut select = connection.prepare_cached(
        "SELECT part, salt, length, bytes FROM body WHERE seq = ?1 ORDER BY part",
    )?;
    let rows = select.query_map([integer(seq)?], |row| {
        Ok(Part {
            name: row.get(0)?,
            salt: row.get(1)?,
            length: row.get::<_, i64>(2)?.cast_unsigned(),
            bytes: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Deletes the bodies stored for this position, salts included; how many there were.
pub(crate) fn erase(transaction: &Transaction<'_>, seq: u64) -> Result<u64, WitnessError> {
    let erased = transaction.execute("DELETE FROM body WHERE seq = ?1", [integer(seq)?])?;
    Ok(u64::try_from(erased).unwrap_or(u64::MAX))
}

/// SQLite's integers are signed.
pub(crate) fn integer(number: u64) -> Result<i64, WitnessError> {
    i64::try_from(number).map_err(|_| StoreError::Number(number).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::UnixMillis;
    use if_store::Store;

    #[test]
    fn a_leaf_that_is_too_large_is_refused_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("if.db"), &[SCHEMA]).unwrap();
        let key = LogKey::for_test(1);
        let append_actor = |length: usize| {
            let actor = Some("x".repeat(length));
            let leaf = Leaf { actor, ..Leaf::new(Kind::Note, UnixMillis(1)) };
            store.transaction(|transaction| append(transaction, &key, leaf, &[]))
        };
        let frame = serde_json::to_vec(&Leaf {
            actor: Some(String::new()),
            ..Leaf::new(Kind::Note, UnixMillis(1))
        });
        let most = LEAF_BYTES_MAX - frame.unwrap().len();
        let error = append_actor(most + 1).unwrap_err();
        assert!(matches!(error, WitnessError::LeafTooLarge(65_536)), "{error}");
        assert!(store.read(head).unwrap().is_none());
        append_actor(most).unwrap();
    }
}
