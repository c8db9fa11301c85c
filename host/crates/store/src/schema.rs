//! What an owner of tables hands in, and the versions that are already there.
//!
//! Each owner counts its own versions: step `n` leads from version `n` to `n + 1`. An owner that
//! this build does not know is left alone: it belongs to a feature that is compiled out.

use crate::{Session, StoreError};

/// The tables of one owner.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The room that owns the tables.
    pub owner: &'static str,
    /// The version that this build knows; equals the number of steps.
    pub version: u32,
    /// One batch of SQL per step, in the words of SQLite; other databases translate. A released
    /// step is never changed, only followed by another.
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
pub(crate) fn is_behind(session: &dyn Session, schemas: &[Schema]) -> Result<bool, StoreError> {
    let mut behind = false;
    for schema in schemas {
        let (found, known) = (session.version(schema.owner)?, u64::from(schema.version));
        if found > known {
            let (place, owner) = (session.place(), schema.owner.to_owned());
            return Err(StoreError::Newer { place, owner, found, known });
        }
        behind |= found < known;
    }
    Ok(behind)
}

/// Brings every owner's tables to this build's version, inside the caller's transaction.
pub(crate) fn migrate(session: &dyn Session, schemas: &[Schema]) -> Result<(), StoreError> {
    session.run(VERSIONS)?;
    // Another process may have migrated, or overtaken us, while we waited for the lock.
    if !is_behind(session, schemas)? {
        return Ok(());
    }
    for schema in schemas {
        let found = usize::try_from(session.version(schema.owner)?).unwrap_or(0);
        for step in schema.sql.iter().skip(found) {
            session.run(step)?;
        }
        session.execute(
            "INSERT INTO schema_version (owner, version) VALUES (?1, ?2)
             ON CONFLICT (owner) DO UPDATE SET version = excluded.version",
            &[schema.owner.into(), u64::from(schema.version).into()],
        )?;
    }
    Ok(())
}

/// This room's own tables, and those of others.
///
/// # Errors
/// A schema whose version and steps disagree would migrate to a lie.
pub(crate) fn all(schemas: &[Schema]) -> Result<Vec<Schema>, StoreError> {
    match schemas.iter().find(|schema| schema.sql.len() != schema.version as usize) {
        None => Ok(std::iter::once(OWN).chain(schemas.iter().copied()).collect()),
        Some(schema) => Err(StoreError::SchemaMalformed {
            owner: schema.owner,
            version: schema.version,
            steps: schema.sql.len(),
        }),
    }
}
