//! Whether the file is sound as a database: every page in its place, every index like its table,
//! and the tables, indexes and triggers those that the schemas make.
//!
//! What stands in the rows is for their owners to judge. This finds what they cannot see: a bit
//! that flipped in an index hides a row from whoever looks for it there, and one in a trigger takes
//! away a guard.

use crate::schema::{self, Schema};
use crate::{Store, StoreError};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;

/// What a table, an index or a trigger is: its kind, whose it is, and the words that made it.
type Object = (String, String, Option<String>);

impl Store {
    /// Checks the whole file.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] says what is wrong; the file cannot be read.
    pub fn check(&self) -> Result<(), StoreError> {
        let damaged = |what| StoreError::Damaged { path: self.path().to_owned(), what };
        self.read(|view| {
            let said: String = view.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            if said != "ok" {
                return Err(damaged(said));
            }
            match changed(view, self.path(), self.schemas())? {
                Some(name) => Err(damaged(format!("`{name}` is not what it was made as"))),
                None => Ok(()),
            }
        })
    }
}

/// The first object that is not as the schemas make it. Others are left alone: they belong to
/// owners that this build does not know.
fn changed(
    view: &Connection,
    path: &Path,
    schemas: &[Schema],
) -> Result<Option<String>, StoreError> {
    let new = Connection::open_in_memory()?;
    schema::migrate(&new, path, schemas)?;
    let found = objects(view)?;
    let made = objects(&new)?.into_iter();
    Ok(made
        .into_iter()
        .find(|(name, object)| found.get(name) != Some(object))
        .map(|(name, _)| name))
}

fn objects(view: &Connection) -> Result<BTreeMap<String, Object>, StoreError> {
    let mut select = view.prepare("SELECT name, type, tbl_name, sql FROM sqlite_schema")?;
    let rows =
        select.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
