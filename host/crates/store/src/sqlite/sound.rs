//! Whether the file is sound as a database: every page in its place, every index like its table,
//! and the tables, indexes and triggers those that the schemas make.
//!
//! What stands in the rows is for their owners to judge. This finds what they cannot see: a bit
//! that flipped in an index hides a row from whoever looks for it there, and one in a trigger takes
//! away a guard.

use super::Sqlite;
use crate::StoreError;
use crate::schema::{self, Schema};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a table, an index or a trigger is: its kind, whose it is, and the words that made it.
type Object = (String, String, Option<String>);

/// Checks the whole file, in the view that is open.
pub(super) fn check(view: &Connection, path: &Path, schemas: &[Schema]) -> Result<(), StoreError> {
    let damaged = |what| StoreError::Damaged { place: path.display().to_string(), what };
    let said: String = view.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(damaged(said));
    }
    match changed(view, schemas)? {
        Some(name) => Err(damaged(format!("`{name}` is not what it was made as"))),
        None => Ok(()),
    }
}

/// The first object that is not as the schemas make it. Others are left alone: they belong to
/// owners that this build does not know.
fn changed(view: &Connection, schemas: &[Schema]) -> Result<Option<String>, StoreError> {
    let new = Sqlite::new(Connection::open_in_memory()?, PathBuf::new());
    schema::migrate(&new, schemas)?;
    let found = objects(view)?;
    let made = objects(&new.connection)?.into_iter();
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
