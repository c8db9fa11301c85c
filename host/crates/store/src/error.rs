//! What can go wrong with the database, told apart by what a person can do about it.
//!
//! SQLite's codes are sorted here once: busy (try again), full (free space), newer (upgrade),
//! unsafe (chmod), and the rest (look at the cause).

use if_core::{Code, Explain};
use rusqlite::{ErrorCode, ffi};
use std::path::PathBuf;
use std::sync::Arc;

/// Why the database could not do what was asked. Nothing was changed in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("another process held the database for longer than we wait")]
    Busy(#[source] Cause),
    #[error("there is no space left for the database")]
    Full(#[source] Cause),
    #[error(
        "{place} was written by a newer version: \
         table set `{owner}` is at {found}, this version knows {known}"
    )]
    Newer { place: String, owner: String, found: u64, known: u64 },
    #[error("{path} may be read by other users (mode {mode:03o})")]
    Unsafe { path: PathBuf, mode: u32 },
    #[error("{path} can only be read, not written")]
    ReadOnly { path: PathBuf },
    #[error("{path} does not support the write-ahead log (journal mode `{mode}`)")]
    NoWal { path: PathBuf, mode: String },
    #[error("{place} is damaged: {what}")]
    Damaged { place: String, what: String },
    #[error("table set `{owner}` declares version {version} but has {steps} steps")]
    SchemaMalformed { owner: &'static str, version: u32, steps: usize },
    #[error("number {0} does not fit the database's 64-bit integers")]
    Number(u64),
    #[error("the database holds something in column {column} that was not written here")]
    Cell { column: usize },
    #[error("the state of {component} for `{instance}` would exceed {max} bytes")]
    StateFull { component: String, instance: String, max: usize },
    #[error("a file of the database cannot be used")]
    File(#[source] std::io::Error),
    #[error("the database cannot be used")]
    Sqlite(#[source] rusqlite::Error),
    #[error("the database on {place} cannot be used")]
    Server {
        place: String,
        #[source]
        cause: Cause,
    },
    #[error("the database is not in this home but on {place}")]
    Elsewhere { place: String },
    #[error("a row of that key is there already")]
    Taken(#[source] Cause),
    #[error("it was to be committed together with a write that failed")]
    Abandoned,
    /// Of a commit that several threads waited for.
    #[error(transparent)]
    Shared(Arc<StoreError>),
}

/// What said so.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    #[error(transparent)]
    Sqlite(rusqlite::Error),
    #[error(transparent)]
    File(std::io::Error),
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, _) = &error else {
            return StoreError::Sqlite(error);
        };
        match (failure.code, failure.extended_code) {
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => {
                StoreError::Busy(Cause::Sqlite(error))
            }
            (_, ffi::SQLITE_CONSTRAINT_UNIQUE) => StoreError::Taken(Cause::Sqlite(error)),
            // The index of the log is a file too, and SQLite has no "full" for it.
            (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => {
                StoreError::Full(Cause::Sqlite(error))
            }
            _ => StoreError::Sqlite(error),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                StoreError::Full(Cause::File(error))
            }
            _ => StoreError::File(error),
        }
    }
}

impl Explain for StoreError {
    fn code(&self) -> Code {
        match self {
            StoreError::Busy(_) => Code::StoreBusy,
            StoreError::Full(_) => Code::StoreFull,
            StoreError::Newer { .. } => Code::StoreNewer,
            StoreError::Unsafe { .. } => Code::HomeUnsafe,
            StoreError::StateFull { .. } => Code::LimitHostCalls,
            StoreError::SchemaMalformed { .. } => Code::Bug,
            StoreError::Elsewhere { .. } => Code::Usage,
            StoreError::ReadOnly { .. }
            | StoreError::NoWal { .. }
            | StoreError::Damaged { .. }
            | StoreError::Number(_)
            | StoreError::Cell { .. }
            | StoreError::File(_)
            | StoreError::Server { .. }
            | StoreError::Taken(_)
            | StoreError::Abandoned
            | StoreError::Sqlite(_) => Code::Store,
            StoreError::Shared(error) => error.code(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            StoreError::Unsafe { path, .. } => vec![format!("chmod 600 {}", path.display())],
            StoreError::ReadOnly { path } => vec![format!("chmod u+w {}", path.display())],
            StoreError::Damaged { .. } => vec!["ifctl restore --help".to_owned()],
            StoreError::Busy(_) | StoreError::Sqlite(_) => vec!["ifctl doctor".to_owned()],
            StoreError::Server { .. } => vec!["`store:` in config.yaml".to_owned()],
            StoreError::Elsewhere { .. } => {
                vec!["pg_dump --schema=infrafabric, with the server's own tools".to_owned()]
            }
            StoreError::Shared(error) => error.hints(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(extended: i32) -> StoreError {
        StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(extended), None))
    }

    #[test]
    fn sqlite_codes_are_sorted_by_what_a_person_can_do() {
        for (extended, code) in [
            (ffi::SQLITE_BUSY, Code::StoreBusy),
            (ffi::SQLITE_BUSY_RECOVERY, Code::StoreBusy),
            (ffi::SQLITE_FULL, Code::StoreFull),
            (ffi::SQLITE_IOERR_SHMSIZE, Code::StoreFull),
            (ffi::SQLITE_IOERR_FSYNC, Code::Store),
            (ffi::SQLITE_READONLY, Code::Store),
            (ffi::SQLITE_CORRUPT, Code::Store),
            (ffi::SQLITE_NOTADB, Code::Store),
        ] {
            assert_eq!(sqlite(extended).code(), code, "{extended}");
        }
    }

    #[test]
    fn a_full_disk_under_a_plain_file_counts_as_full() {
        let error = StoreError::from(std::io::Error::from(std::io::ErrorKind::StorageFull));
        assert_eq!(error.code(), Code::StoreFull);
    }
}
