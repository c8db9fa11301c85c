//! How often something was done lately, in slots of ten seconds: exact enough for the limits of
//! people, and a day of it is a few rows. A window is never shorter than it says, and at most one
//! slot longer.

use if_core::UnixMillis;
use if_store::{Rows as _, Sql, StoreError};

const SLOT_MS: u64 = 10_000;

/// The windows that are counted, in seconds: a minute, an hour, a day.
pub const WINDOWS: [u64; 3] = [60, 3_600, 86_400];

pub(crate) const TABLES: &str = "
    CREATE TABLE tally (
        name TEXT NOT NULL,
        slot INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (name, slot)
    ) STRICT, WITHOUT ROWID;
    ";

/// Counts one for each of these names, and forgets what no window sees any more.
///
/// # Errors
/// The database fails.
pub fn tally(sql: &dyn Sql, names: &[String], now: UnixMillis) -> Result<(), StoreError> {
    let slot = now.0 / SLOT_MS;
    let oldest =
        slot.saturating_sub(WINDOWS.iter().max().copied().unwrap_or_default() * 1000 / SLOT_MS);
    for name in names {
        sql.execute(
            "INSERT INTO tally (name, slot, count) VALUES (?1, ?2, 1)
             ON CONFLICT (name, slot) DO UPDATE SET count = tally.count + 1",
            &[name.into(), slot.into()],
        )?;
        sql.execute(
            "DELETE FROM tally WHERE name = ?1 AND slot < ?2",
            &[name.into(), oldest.into()],
        )?;
    }
    Ok(())
}

/// How often each was counted within each of [`WINDOWS`] before `base`, and since.
///
/// # Errors
/// The database fails.
pub fn tallies(
    sql: &dyn Sql,
    names: &[String],
    base: UnixMillis,
) -> Result<Vec<[u64; WINDOWS.len()]>, StoreError> {
    let mut all = Vec::new();
    for name in names {
        let mut counts = [0; WINDOWS.len()];
        for (count, seconds) in counts.iter_mut().zip(WINDOWS) {
            let first = (base.0 / SLOT_MS).saturating_sub(seconds * 1000 / SLOT_MS);
            // A sum of integers is no integer everywhere.
            let sum = "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM tally
                 WHERE name = ?1 AND slot >= ?2";
            let row = sql.first(sum, &[name.into(), first.into()])?;
            *count = row.map_or(Ok(0), |row| row.number(0))?;
        }
        all.push(counts);
    }
    Ok(all)
}
