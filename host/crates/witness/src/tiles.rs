//! The Merkle tree over the log, as the database has it: the hashes of leaves stand beside the
//! leaves, and `tile` holds one hash for each 256 of them, for each 256 of those, and so on. All of
//! it can be computed from the leaves again; it is kept so that a proof out of a million takes a
//! few reads.

use crate::tables::integer;
use crate::{Hash32, WitnessError};
use if_store::{Connection, Transaction};
use if_tlog::{Frontier, TILE_WIDTH, TileAt, Tiles};
use sha2::{Digest, Sha256};

/// Levels that a log can fill: 256^7 leaves are more than positions.
pub(crate) const LEVELS: std::ops::Range<u8> = 1..8;

/// The tree of a view of the database.
pub(crate) struct Stored<'a>(pub(crate) &'a Connection);

impl Tiles for Stored<'_> {
    type Error = WitnessError;

    fn tile(&self, at: TileAt) -> Result<Vec<Hash32>, WitnessError> {
        let first = at.index.saturating_mul(TILE_WIDTH);
        hashes(self.0, at.level, first, at.width)
    }
}

/// So many hashes of a level, one behind the other; fewer where the log ends.
fn hashes(
    view: &Connection,
    level: u8,
    first: u64,
    count: u64,
) -> Result<Vec<Hash32>, WitnessError> {
    let range = (integer(first)?, integer(first.saturating_add(count))?);
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?));
    let mut select = match level {
        0 => view.prepare_cached(
            "SELECT seq, leaf_hash FROM leaf WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
        )?,
        _ => view.prepare_cached(
            "SELECT position, hash FROM tile
             WHERE level = ?3 AND position >= ?1 AND position < ?2 ORDER BY position",
        )?,
    };
    let rows = match level {
        0 => select.query_map(range, read)?,
        _ => select.query_map((range.0, range.1, level), read)?,
    };
    let mut hashes = Vec::new();
    for (expected, row) in (first..).zip(rows) {
        let (position, hash) = row?;
        let unreadable = || WitnessError::Unreadable { seq: position.cast_unsigned() };
        if position.cast_unsigned() != expected {
            return Err(unreadable());
        }
        hashes.push(Hash32::from_slice(&hash).ok_or_else(unreadable)?);
    }
    Ok(hashes)
}

/// Writes the hashes of all tiles that a log of so many leaves has filled and that are not there
/// yet. Usually there is nothing to do, and then nothing is read.
pub(crate) fn fill(transaction: &Transaction<'_>, leaves: u64) -> Result<(), WitnessError> {
    let mut below = leaves;
    for level in LEVELS {
        let whole = below / TILE_WIDTH;
        for position in count(transaction, level)?..whole {
            let children =
                hashes(transaction, level - 1, position.saturating_mul(TILE_WIDTH), TILE_WIDTH)?;
            insert(transaction, level, position, &children)?;
        }
        below = whole;
        if below == 0 {
            break;
        }
    }
    Ok(())
}

/// Hashes of that level that are there: they are written in their order.
pub(crate) fn count(view: &Connection, level: u8) -> Result<u64, WitnessError> {
    let newest: Option<i64> = view
        .prepare_cached("SELECT max(position) FROM tile WHERE level = ?1")?
        .query_row([level], |row| row.get(0))?;
    Ok(newest.map_or(0, |newest| newest.cast_unsigned().saturating_add(1)))
}

fn insert(
    transaction: &Transaction<'_>,
    level: u8,
    position: u64,
    children: &[Hash32],
) -> Result<(), WitnessError> {
    if u64::try_from(children.len()) != Ok(TILE_WIDTH) {
        return Err(WitnessError::Unreadable { seq: position });
    }
    let mut tile = Frontier::default();
    for child in children {
        tile.push(*child, |_, _| ());
    }
    let signatures = if level == 1 { Some(signatures(transaction, position)?) } else { None };
    transaction
        .prepare_cached(
            "INSERT INTO tile (level, position, hash, signatures) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((level, integer(position)?, tile.root().as_bytes(), signatures))?;
    Ok(())
}

/// The digest over the signatures of the leaves of a tile.
fn signatures(view: &Connection, position: u64) -> Result<[u8; 32], WitnessError> {
    let first = position.saturating_mul(TILE_WIDTH);
    let range = (integer(first)?, integer(first.saturating_add(TILE_WIDTH))?);
    let mut digest = Sha256::new();
    let mut select = view
        .prepare_cached("SELECT signature FROM leaf WHERE seq >= ?1 AND seq < ?2 ORDER BY seq")?;
    let mut rows = select.query(range)?;
    while let Some(row) = rows.next()? {
        digest.update(row.get_ref(0)?.as_blob().unwrap_or_default());
    }
    Ok(digest.finalize().into())
}
