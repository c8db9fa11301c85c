//! The highest release seen of each capability: an installation never goes back.
//!
//! The floor is raised inside the transaction that records the intent to run the release, so that
//! no release ever ran without being remembered.

use crate::{Rows as _, Sql, Store, StoreError};
use if_core::CapabilityId;
use std::collections::BTreeMap;

impl Store {
    /// The highest release of `id` that this installation has run or installed.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn release_seen(&self, id: &CapabilityId) -> Result<Option<u64>, StoreError> {
        let select = "SELECT release FROM floor WHERE id = ?1";
        let row = self.read(|view| view.first(select, &[id.as_str().into()]))?;
        row.map(|row| row.number(0)).transpose()
    }

    /// The highest release of every capability that this installation has run or installed.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn releases_seen(&self) -> Result<BTreeMap<CapabilityId, u64>, StoreError> {
        self.read(|view| {
            let mut seen = BTreeMap::new();
            view.each("SELECT id, release FROM floor", &[], |row| {
                if let Ok(id) = CapabilityId::new(row.text(0)?) {
                    seen.insert(id, row.number(1)?);
                }
                Ok::<_, StoreError>(())
            })?;
            Ok(seen)
        })
    }
}

/// Raises the floor of `id` to `release`; a lower release changes nothing.
///
/// # Errors
/// The database cannot be written, or `release` is above 2^63 - 1.
pub fn remember_release(sql: &dyn Sql, id: &CapabilityId, release: u64) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO floor (id, release) VALUES (?1, ?2)
         ON CONFLICT (id) DO UPDATE SET release = excluded.release
         WHERE excluded.release > floor.release",
        &[id.as_str().into(), release.into()],
    )?;
    Ok(())
}
