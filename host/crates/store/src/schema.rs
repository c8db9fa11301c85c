//! What an owner of tables hands in, and the versions that are already there.
//!
//! Each owner counts its own versions: step `n` leads from version `n` to `n + 1`. An owner that
//! this build does not know is left alone: it belongs to a feature that is compiled out.

use crate::StoreError;
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;

/// The tables of one owner.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The room that owns the tables.
    pub owner: &'static str,
    /// The version that this build knows; equals the number of steps.
    pub version: u32,
    /// One batch of SQL per step. A released step is never changed, only followed by another.
    pub sql: &'static [&'static str],
}

/// The table of versions and the tables of this room.
pub(crate) const OWN: Schema = Schema {
    owner: "store",
    version: 1,
    sql: &["
    CREATE TABLE floor (
        id TEXT PRIMARY KEY,
        release INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE state (
        component TEXT NOT NULL,
        instance TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (component, instance, key)
    ) STRICT, WITHOUT ROWID;
    "],
};

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_version (
    owner TEXT PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID";

/// Whether any of `schemas` is behind. Reads only.
///
/// # Errors
/// [`StoreError::Newer`] when one is ahead of this build.
pub(crate) fn is_behind(
    connection: &Connection,
    path: &Path,
    schemas: &[Schema],
) -> Result<bool, StoreError> {
    let mut behind = false;
    for schema in schemas {
        let found = version(connection, schema.owner)?;
        let known = i64::from(schema.version);
        if found > known {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                owner: schema.owner.to_owned(),
                found,
                known: schema.version,
            });
        }
        behind |= found < known;
    }
    Ok(behind)
}

/// Brings every owner's tables to this build's version, inside the caller's transaction.
pub(crate) fn migrate(
    connection: &Connection,
    path: &Path,
    schemas: &[Schema],
) -> Result<(), StoreError> {
    connection.execute_batch(VERSIONS)?;
    // Another process may have migrated, or overtaken us, while we waited for the lock.
    if !is_behind(connection, path, schemas)? {
        return Ok(());
    }
    for schema in schemas {
        let found = usize::try_from(version(connection, schema.owner)?).unwrap_or(0);
        for step in schema.sql.iter().skip(found) {
            connection.execute_batch(step)?;
        }
        connection.execute(
            "INSERT INTO schema_version (owner, version) VALUES (?1, ?2)
             ON CONFLICT (owner) DO UPDATE SET version = excluded.version",
            (schema.owner, schema.version),
        )?;
    }
    Ok(())
}

/// A schema whose version and steps disagree would migrate to a lie.
pub(crate) fn check(schemas: &[Schema]) -> Result<(), StoreError> {
    match schemas.iter().find(|schema| schema.sql.len() != schema.version as usize) {
        None => Ok(()),
        Some(schema) => Err(StoreError::SchemaMalformed {
            owner: schema.owner,
            version: schema.version,
            steps: schema.sql.len(),
        }),
    }
}

/// The version found in the file; 0 when this owner was never here.
fn version(connection: &Connection, owner: &str) -> Result<i64, StoreError> {
    let select = "SELECT version FROM schema_version WHERE owner = ?1";
    let mut statement = match connection.prepare_cached(select) {
        Ok(statement) => statement,
        Err(error) if is_missing_table(&error) => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    Ok(statement.query_row([owner], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn is_missing_table(error: &rusqlite::Error) -> bool {
    let text = match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text,
        rusqlite::Error::SqlInputError { msg, .. } => msg,
        _ => return false,
    };
    text.starts_with("no such table")
}
