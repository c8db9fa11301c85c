//! The highest release seen of each capability: an installation never goes back.
//!
//! The floor is raised inside the transaction that records the intent to run the release, so that
//! no release ever ran without being remembered.

use crate::{Store, StoreError};
use if_core::CapabilityId;
use rusqlite::{OptionalExtension, Transaction};
use std::collections::BTreeMap;

impl Store {
    /// The highest release of `id` that this installation has run or installed.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn release_seen(&self, id: &CapabilityId) -> Result<Option<u64>, StoreError> {
        self.read(|connection| {
            let seen: Option<i64> = connection
                .prepare_cached("SELECT release FROM floor WHERE id = ?1")?
                .query_row([id.as_str()], |row| row.get(0))
                .optional()?;
            Ok(seen.map(i64::unsigned_abs))
        })
    }
}

impl Store {
    /// The highest release of every capability that this installation has run or installed.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn releases_seen(&self) -> Result<BTreeMap<CapabilityId, u64>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT id, release FROM floor")?;
            let rows = statement
                .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
            let mut seen = BTreeMap::new();
            for row in rows {
                let (id, release) = row?;
                if let Ok(id) = CapabilityId::new(id) {
                    seen.insert(id, release.unsigned_abs());
                }
            }
            Ok(seen)
        })
    }
}

/// Raises the floor of `id` to `release`; a lower release changes nothing.
///
/// # Errors
/// The database cannot be written, or `release` is above 2^63 - 1.
pub fn remember_release(
    transaction: &Transaction<'_>,
    id: &CapabilityId,
    release: u64,
) -> Result<(), StoreError> {
    let release = i64::try_from(release).map_err(|_| StoreError::Number(release))?;
    transaction
        .prepare_cached(
            "INSERT INTO floor (id, release) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET release = excluded.release
             WHERE excluded.release > release",
        )?
        .execute((id.as_str(), release))?;
    Ok(())
}
