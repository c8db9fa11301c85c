//! The Merkle tree over the log, as the database has it: the hashes of leaves stand beside the
//! leaves, and `tile` holds one hash for each 256 of them, for each 256 of those, and so on. All of
//! it can be computed from the leaves again; it is kept so that a proof out of a million takes a
//! few reads.

use crate::{Hash32, WitnessError};
use if_store::{Row, Rows as _, Sql};
use if_tlog::{Frontier, TILE_WIDTH, TileAt, Tiles};
use sha2::{Digest, Sha256};

/// Levels that a log can fill: 256^7 leaves are more than positions.
pub(crate) const LEVELS: std::ops::Range<u8> = 1..8;

/// The tree of a view of the database.
pub(crate) struct Stored<'a>(pub(crate) &'a dyn Sql);

impl Tiles for Stored<'_> {
    type Error = WitnessError;

    fn tile(&self, at: TileAt) -> Result<Vec<Hash32>, WitnessError> {
        let first = at.index.saturating_mul(TILE_WIDTH);
        hashes(self.0, at.level, first, at.width)
    }
}

/// So many hashes of a level, one behind the other; fewer where the log ends.
fn hashes(view: &dyn Sql, level: u8, first: u64, count: u64) -> Result<Vec<Hash32>, WitnessError> {
    let (from, to) = (first.into(), first.saturating_add(count).into());
    let mut hashes = Vec::new();
    let mut expected = first;
    let keep = |row: &Row<'_>| {
        let unreadable = WitnessError::Unreadable { seq: expected };
        if row.number(0)? != expected {
            return Err(unreadable);
        }
        hashes.push(row.bytes(1).ok().and_then(Hash32::from_slice).ok_or(unreadable)?);
        expected = expected.saturating_add(1);
        Ok(())
    };
    match level {
        0 => view.each(
            "SELECT seq, leaf_hash FROM leaf WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
            &[from, to],
            keep,
        )?,
        _ => view.each(
            "SELECT position, hash FROM tile
             WHERE level = ?3 AND position >= ?1 AND position < ?2 ORDER BY position",
            &[from, to, u64::from(level).into()],
            keep,
        )?,
    }
    Ok(hashes)
}

/// Writes the hashes of all tiles that a log of so many leaves has filled and that are not there
/// yet. Usually there is nothing to do, and then nothing is read.
pub(crate) fn fill(sql: &dyn Sql, leaves: u64) -> Result<(), WitnessError> {
    let mut below = leaves;
    for level in LEVELS {
        let whole = below / TILE_WIDTH;
        for position in count(sql, level)?..whole {
            let children = hashes(sql, level - 1, position.saturating_mul(TILE_WIDTH), TILE_WIDTH)?;
            insert(sql, level, position, &children)?;
        }
        below = whole;
        if below == 0 {
            break;
        }
    }
    Ok(())
}

/// Hashes of that level that are there: they are written in their order.
pub(crate) fn count(view: &dyn Sql, level: u8) -> Result<u64, WitnessError> {
    let select = "SELECT max(position) FROM tile WHERE level = ?1";
    let row = view.first(select, &[u64::from(level).into()])?;
    // What is no position lies behind every tile.
    let newest = row.and_then(|row| row.maybe_number(0).unwrap_or(Some(u64::MAX)));
    Ok(newest.map_or(0, |newest| newest.saturating_add(1)))
}

fn insert(
    sql: &dyn Sql,
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
    let signatures = if level == 1 { Some(signatures(sql, position)?) } else { None };
    sql.execute(
        "INSERT INTO tile (level, position, hash, signatures) VALUES (?1, ?2, ?3, ?4)",
        &[
            u64::from(level).into(),
            position.into(),
            tile.root().as_bytes().into(),
            signatures.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// The digest over the signatures of the leaves of a tile.
fn signatures(view: &dyn Sql, position: u64) -> Result<[u8; 32], WitnessError> {
    let first = position.saturating_mul(TILE_WIDTH);
    let mut digest = Sha256::new();
    view.each(
        "SELECT signature FROM leaf WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
        &[first.into(), first.saturating_add(TILE_WIDTH).into()],
        |row| {
            digest.update(row.bytes(0).unwrap_or_default());
            Ok::<_, WitnessError>(())
        },
    )?;
    Ok(digest.finalize().into())
}
