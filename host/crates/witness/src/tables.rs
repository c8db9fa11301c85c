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
use if_store::{Rows as _, Schema, Sql, StoreError, Value};

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
    pub(crate) at: u64,
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
    pub(crate) fn of(leaf: &Leaf) -> Self {
        Self {
            at: leaf.at.0,
            kind: leaf.kind.as_str().to_owned(),
            operation: leaf.operation.as_ref().map(ToString::to_string),
            trace: leaf.trace.clone(),
            provider: leaf.provider.as_ref().map(ToString::to_string),
            instance: leaf.instance.as_ref().map(ToString::to_string),
            component: leaf.plugin.as_ref().map(|plugin| plugin.id.to_string()),
            status: leaf.outcome.map(|outcome| outcome.status.as_str().to_owned()),
        }
    }

    /// The row stored for this position.
    pub(crate) fn load(view: &dyn Sql, seq: u64) -> Result<Option<Self>, StoreError> {
        let select = "SELECT at, kind, operation, trace, provider, instance, component, status
             FROM entry WHERE seq = ?1";
        let Some(row) = view.first(select, &[seq.into()])? else { return Ok(None) };
        let word = |column| Ok::<_, StoreError>(row.maybe_text(column)?.map(str::to_owned));
        Ok(Some(Self {
            at: row.number(0)?,
            kind: row.text(1)?.to_owned(),
            operation: word(2)?,
            trace: word(3)?,
            provider: word(4)?,
            instance: word(5)?,
            component: word(6)?,
            status: word(7)?,
        }))
    }

    fn insert(&self, sql: &dyn Sql, seq: u64) -> Result<usize, StoreError> {
        let words = [
            &self.operation,
            &self.trace,
            &self.provider,
            &self.instance,
            &self.component,
            &self.status,
        ];
        let mut values = vec![seq.into(), self.at.into(), (&self.kind).into()];
        values.extend(words.map(|word| Value::from(word.as_deref())));
        sql.execute(
            "INSERT INTO entry
             (seq, at, kind, operation, trace, provider, instance, component, status)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            &values,
        )
    }
}

/// Links, signs and appends `leaf`, with its bodies and its index row.
///
/// Position and predecessor are read inside the caller's transaction, which holds the write lock:
/// no other process can append between.
pub(crate) fn append(
    sql: &dyn Sql,
    key: &LogKey,
    mut leaf: Leaf,
    parts: &[Part],
) -> Result<(LeafRef, Leaf), WitnessError> {
    (leaf.seq, leaf.prev) = match head(sql)? {
        None => (0, Hash32::ZERO),
        Some(head) => (head.seq.saturating_add(1), head.hash),
    };
    leaf.commitments =
        parts.iter().filter_map(|part| Some((part.name.clone(), part.commitment()?))).collect();
    let bytes = serde_json::to_vec(&leaf).map_err(WitnessError::Json)?;
    if bytes.len() > LEAF_BYTES_MAX {
        return Err(WitnessError::LeafTooLarge(bytes.len()));
    }
    let (seq, hash) = (leaf.seq, leaf_hash(&bytes));
    sql.execute(
        "INSERT INTO leaf (seq, leaf, leaf_hash, signature) VALUES (?1, ?2, ?3, ?4)",
        &[seq.into(), (&bytes).into(), hash.as_bytes().into(), (&key.sign(&hash)).into()],
    )?;
    IndexRow::of(&leaf).insert(sql, seq).map_err(|error| taken(error, &leaf))?;
    for part in parts {
        sql.execute(
            "INSERT INTO body (seq, part, salt, length, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[
                seq.into(),
                (&part.name).into(),
                (&part.salt).into(),
                part.length.into(),
                (&part.bytes).into(),
            ],
        )?;
    }
    Ok((LeafRef { seq, hash }, leaf))
}

/// An operation has one intent and one outcome; the index refuses another.
fn taken(error: StoreError, leaf: &Leaf) -> WitnessError {
    let doubled = matches!(error, StoreError::Taken(_));
    match (&leaf.operation, doubled, leaf.kind) {
        (Some(operation), true, Kind::Outcome) => WitnessError::OperationClosed(operation.clone()),
        (Some(operation), true, _) => WitnessError::OperationTaken(operation.clone()),
        _ => error.into(),
    }
}

/// The newest entry.
pub(crate) fn head(view: &dyn Sql) -> Result<Option<LeafRef>, WitnessError> {
    let select = "SELECT seq, leaf_hash FROM leaf ORDER BY seq DESC LIMIT 1";
    let Some(row) = view.first(select, &[])? else { return Ok(None) };
    let seq = row.number(0)?;
    let hash = row.bytes(1).ok().and_then(Hash32::from_slice);
    Ok(Some(LeafRef { seq, hash: hash.ok_or(WitnessError::Unreadable { seq })? }))
}

/// How long the log is, and its newest entry.
pub(crate) fn length(view: &dyn Sql) -> Result<Option<Head>, WitnessError> {
    let newest = head(view)?;
    Ok(newest.map(|at| Head { leaves: at.seq.saturating_add(1), hash: at.hash }))
}

/// How many entries the log has in a view that its caller has open.
///
/// # Errors
/// The database fails.
pub fn entries(view: &dyn Sql) -> Result<u64, WitnessError> {
    Ok(length(view)?.map_or(0, |head| head.leaves))
}

/// The hash that stands beside an entry.
pub(crate) fn hash_of(view: &dyn Sql, seq: u64) -> Result<Option<Hash32>, WitnessError> {
    let row = view.first("SELECT leaf_hash FROM leaf WHERE seq = ?1", &[seq.into()])?;
    Ok(row.and_then(|row| row.bytes(0).ok().and_then(Hash32::from_slice)))
}

/// An entry, byte for byte.
pub(crate) fn leaf(view: &dyn Sql, seq: u64) -> Result<Option<Vec<u8>>, WitnessError> {
    let row = view.first("SELECT leaf FROM leaf WHERE seq = ?1", &[seq.into()])?;
    Ok(row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()?)
}

/// Whether the log's head is kept outside. A log without an entry has none.
pub(crate) fn is_anchored(view: &dyn Sql) -> Result<bool, WitnessError> {
    let row = view.first("SELECT anchored FROM log", &[])?;
    Ok(row.map(|row| row.number(0)).transpose()?.unwrap_or(0) != 0)
}

/// From now on the log's head is kept outside.
pub(crate) fn set_anchored(sql: &dyn Sql) -> Result<(), WitnessError> {
    sql.execute("UPDATE log SET anchored = 1", &[])?;
    Ok(())
}

/// How many of the first entries writes leave alone.
pub(crate) fn accepted(view: &dyn Sql) -> Result<u64, WitnessError> {
    let row = view.first("SELECT accepted FROM log", &[])?;
    Ok(row.map(|row| row.number(0)).transpose()?.unwrap_or(0))
}

/// From now on writes leave so many of the first entries alone.
pub(crate) fn set_accepted(sql: &dyn Sql, leaves: u64) -> Result<(), WitnessError> {
    sql.execute("UPDATE log SET accepted = ?1", &[leaves.into()])?;
    Ok(())
}

/// Remembers that an intent has no outcome yet.
pub(crate) fn open_intent(
    sql: &dyn Sql,
    operation: &OperationId,
    seq: u64,
) -> Result<(), WitnessError> {
    let insert = "INSERT INTO open_intent (operation, seq) VALUES (?1, ?2)";
    sql.execute(insert, &[operation.as_str().into(), seq.into()])?;
    Ok(())
}

/// Forgets it again. False when it was not open: somebody else closed it.
pub(crate) fn close_intent(sql: &dyn Sql, operation: &OperationId) -> Result<bool, WitnessError> {
    let delete = "DELETE FROM open_intent WHERE operation = ?1";
    Ok(sql.execute(delete, &[operation.as_str().into()])? == 1)
}

/// The unfinished operations as they are listed, oldest first, with the positions of their intents;
/// `None` for what is no operation's id.
pub(crate) fn open_intents(
    view: &dyn Sql,
    count_max: u32,
) -> Result<Vec<(Option<OperationId>, u64)>, WitnessError> {
    let select = "SELECT operation, seq FROM open_intent ORDER BY seq LIMIT ?1";
    view.all(select, &[u64::from(count_max).into()], |row| {
        let operation = row.text(0).ok().and_then(|id| OperationId::new(id).ok());
        // A position that is none is nobody's.
        Ok((operation, row.number(1).unwrap_or(u64::MAX)))
    })
}

/// `None` where what was read is not what is written there: somebody put other bytes there.
pub(crate) fn legible<T>(read: Result<T, StoreError>) -> Result<Option<T>, WitnessError> {
    match read {
        Err(StoreError::Cell { .. }) => Ok(None),
        read => Ok(read.map(Some)?),
    }
}

/// The body parts stored for this position, by name.
pub(crate) fn parts(view: &dyn Sql, seq: u64) -> Result<Vec<Part>, StoreError> {
    let select = "SELECT part, salt, length, bytes FROM body WHERE seq = ?1 ORDER BY part";
    view.all(select, &[seq.into()], |row| {
        Ok(Part {
            name: row.text(0)?.to_owned(),
            salt: row.bytes(1)?.to_vec(),
            // One that is no length fits no commitment.
            length: row.number(2).unwrap_or(u64::MAX),
            bytes: row.bytes(3)?.to_vec(),
        })
    })
}

/// Deletes the bodies stored for this position, salts included; how many there were.
pub(crate) fn erase(sql: &dyn Sql, seq: u64) -> Result<u64, WitnessError> {
    let erased = sql.execute("DELETE FROM body WHERE seq = ?1", &[seq.into()])?;
    Ok(u64::try_from(erased).unwrap_or(u64::MAX))
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
