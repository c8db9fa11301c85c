//! Folding the write-ahead log back into the database, without a command paying more flushes.
//!
//! A checkpoint flushes the log and then the database. The log's flush also makes a commit durable
//! that was not flushed itself; so the commit that comes with a checkpoint skips its own, and the
//! two flushes of the checkpoint are all that a folding transaction pays. It is acknowledged only
//! when the checkpoint has said that every page is in the database; where it cannot (a reader holds
//! an older view), the log is flushed here. What this never does is leave a commit unflushed, or
//! flush again what a flush has failed to keep: the second one would say nothing of what is lost.
//!
//! The log is cut to nothing, not merely folded: each process finds out anew what the log holds,
//! and would take pages that are long in the database for pages that are not.

use crate::StoreError;
use fs_err as fs;
use rusqlite::{Connection, ffi};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pages in the write-ahead log from which a transaction folds it. Each cold command reads the
/// whole log once, at about a microsecond a page, and adds a dozen; a fold costs it one flush.
pub const CHECKPOINT_PAGES: u32 = 64;

/// Pages at which SQLite itself folds, inside a commit: only when commands keep dying before their
/// last transaction is the log this long.
pub(super) const CHECKPOINT_PAGES_FORCED: u32 = 16 * CHECKPOINT_PAGES;

/// The log's length and how much of it is in the database already, in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    busy: bool,
    logged: i64,
    folded: i64,
}

impl Progress {
    fn of(connection: &Connection, mode: &str) -> Result<Self, StoreError> {
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let found = connection.query_row(&sql, [], |row| {
            Ok(Self { busy: row.get(0)?, logged: row.get(1)?, folded: row.get(2)? })
        })?;
        Ok(found)
    }

    fn is_due(self) -> bool {
        self.logged >= i64::from(CHECKPOINT_PAGES)
    }

    fn is_whole(self) -> bool {
        !self.busy && self.folded == self.logged
    }
}

/// Folds the whole log and cuts it; false where somebody reads an older view of it.
pub(super) fn whole(connection: &Connection) -> Result<bool, StoreError> {
    Ok(Progress::of(connection, "TRUNCATE")?.is_whole())
}

/// Begins a fold if the log is long enough: until it ends, commits are not flushed. Must stand
/// outside a transaction.
pub(super) fn begin_if_due(connection: &Connection) -> Result<bool, StoreError> {
    let due = Progress::of(connection, "NOOP")?.is_due();
    if due {
        connection.execute_batch("PRAGMA synchronous = NORMAL")?;
    }
    Ok(due)
}

/// Folds, and returns when what was committed since the beginning is on the disk.
pub(super) fn finish(connection: &Connection, database: &Path) -> Result<(), StoreError> {
    let patience: u32 = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
    // Whoever reads an older view is not waited for: then a later command folds.
    connection.busy_timeout(Duration::ZERO)?;
    let folded = Progress::of(connection, "TRUNCATE");
    connection.busy_timeout(Duration::from_millis(patience.into()))?;
    match folded {
        Ok(progress) if progress.is_whole() => return Ok(()),
        Err(error) if is_failed_flush(&error) => return Err(error),
        _ => fs::File::open(log_of(database))?.sync_data()?,
    }
    Ok(())
}

/// Ends it: commits are flushed again.
pub(super) fn end(connection: &Connection) {
    // Touches no file, so it cannot fail; a connection that refused it refuses all else too.
    let _ = connection.execute_batch("PRAGMA synchronous = FULL");
}

/// Whether a flush was asked for and failed.
fn is_failed_flush(error: &StoreError) -> bool {
    let StoreError::Sqlite(error) = error else { return false };
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_FSYNC)
}

/// SQLite's name for the write-ahead log of a database.
pub(super) fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_due_when_long() {
        let due = |logged| Progress { busy: false, logged, folded: 0 }.is_due();
        let long = i64::from(CHECKPOINT_PAGES);
        assert!(due(long) && !due(long - 1));
    }

    #[test]
    fn only_a_checkpoint_of_every_page_spares_the_flush() {
        let whole = |busy, logged, folded| Progress { busy, logged, folded }.is_whole();
        assert!(whole(false, 300, 300));
        assert!(!whole(false, 300, 299) && !whole(true, 300, 300));
    }

    #[test]
    fn a_flush_that_failed_is_told_from_one_that_was_not_made() {
        let failed = |code| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            is_failed_flush(&error.into())
        };
        assert!(failed(ffi::SQLITE_IOERR_FSYNC));
        assert!(!failed(ffi::SQLITE_IOERR_WRITE) && !failed(ffi::SQLITE_BUSY));
    }

    #[test]
    fn the_log_lies_beside_the_database() {
        assert_eq!(log_of(Path::new("/home/if.db")), Path::new("/home/if.db-wal"));
    }

    /// With a log long enough, and one page more committed since the fold began.
    fn folding(folder: &Path, between: impl FnOnce(&Path)) -> Result<(), StoreError> {
        let path = folder.join("if.db");
        let connection = Connection::open(&path).unwrap();
        let script = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
             CREATE TABLE t (b BLOB);";
        connection.execute_batch(script).unwrap();
        for _ in 0..CHECKPOINT_PAGES {
            connection.execute("INSERT INTO t VALUES (zeroblob(8000))", []).unwrap();
        }
        assert!(begin_if_due(&connection)?);
        between(&path);
        connection.execute("INSERT INTO t VALUES (x'01')", []).unwrap();
        // A log that is not there: flushing it fails, so whether it was flushed is seen.
        finish(&connection, &folder.join("nowhere"))
    }

    #[test]
    fn a_whole_checkpoint_is_the_flush() {
        let folder = tempfile::tempdir().unwrap();
        folding(folder.path(), |_| {}).unwrap();
    }

    #[test]
    fn while_a_reader_holds_the_log_back_the_commit_is_flushed_here() {
        let folder = tempfile::tempdir().unwrap();
        let mut reader = None;
        let flushed = folding(folder.path(), |path| {
            let view = Connection::open(path).unwrap();
            view.execute_batch("BEGIN; SELECT count(*) FROM t").unwrap();
            reader = Some(view);
        });
        assert!(matches!(flushed, Err(StoreError::File(_))), "{flushed:?}");
    }
}
