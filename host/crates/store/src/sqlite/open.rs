//! Opening the file: its mode, its settings, its migrations.
//!
//! Opening a database that is up to date writes nothing and flushes nothing: a cold command pays
//! for it every time. The settings are per connection, but for the journal mode, which the file
//! remembers.

use super::Sqlite;
use super::fold::{CHECKPOINT_PAGES_FORCED, log_of};
use crate::schema::{self, Schema};
use crate::{Session as _, Store, StoreError};
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// How long one process waits for another before it gives up. A commit takes milliseconds: whoever
/// waits this long is behind a stuck process, not behind a queue.
pub const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Bytes of write-ahead log that stay after a checkpoint; one huge entry is not kept for ever.
const JOURNAL_BYTES_KEPT: u32 = 4 << 20;

/// Pause between attempts to switch a new file to the write-ahead log: SQLite does not wait there.
const WAL_RETRY: Duration = Duration::from_millis(2);

/// Prepared statements that a connection keeps: more than all rooms together have.
const STATEMENTS_KEPT: usize = 128;

/// Only the owner reads or writes.
const FILE_MODE: u32 = 0o600;

impl Store {
    /// Opens or creates the database at `path` and brings the tables of `schemas` up to date.
    ///
    /// # Errors
    /// A newer database, a file others may read, one that is no database, a full disk, or another
    /// process that holds it for longer than [`BUSY_WAIT`].
    pub fn open(path: &Path, schemas: &[Schema]) -> Result<Store, StoreError> {
        Self::open_waiting(path, schemas, BUSY_WAIT)
    }

    /// As [`Store::open`], waiting at most `busy_wait` for other processes, now and later.
    pub fn open_waiting(
        path: &Path,
        schemas: &[Schema],
        busy_wait: Duration,
    ) -> Result<Store, StoreError> {
        let schemas = schema::all(schemas)?;
        create_if_missing(path)?;
        let log_is_new = !log_of(path).exists();
        let session = Sqlite::new(connect(path, busy_wait)?, path.to_owned());
        // Before the first setting that could write: a newer database stays untouched.
        let behind = schema::is_behind(&session, &schemas)?;
        if behind {
            use_wal(&session.connection, path, busy_wait)?;
        }
        configure(&session.connection)?;
        if behind {
            session.begin(false)?;
            schema::migrate(&session, &schemas).inspect_err(|_| session.roll_back())?;
            session.commit()?;
        }
        if log_is_new {
            // The names that SQLite made: it is built not to flush the folder at every first flush.
            sync_folder(path)?;
        }
        Ok(Store::new(Box::new(session), schemas))
    }
}

/// Creates an empty file that only its owner can read, and makes its name durable.
pub(super) fn create_if_missing(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o777;
            return match mode & 0o077 {
                0 => Ok(()),
                _ => Err(StoreError::Unsafe { path: path.to_owned(), mode }),
            };
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    // Not `create_new`: a process that is a moment ahead of us makes the same empty file. SQLite
    // gives the log and its index the mode of this file.
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(FILE_MODE);
    options.open(path)?.sync_all()?;
    sync_folder(path)
}

/// Makes the names beside `path` durable.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

pub(super) fn connect(path: &Path, busy_wait: Duration) -> Result<Connection, StoreError> {
    // No URI: a path with `?` in it is a path. The connection lives behind our own mutex.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_wait)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    if connection.is_readonly(MAIN_DB)? {
        return Err(StoreError::ReadOnly { path: path.to_owned() });
    }
    // The last process to leave would otherwise flush twice to tidy up.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // A plan does not depend on the values: else each new value would be a new plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // No statement can rewrite the schema table or the file behind SQLite's back.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(connection)
}

/// Switches the file to the write-ahead log, which it remembers.
pub(super) fn use_wal(
    connection: &Connection,
    path: &Path,
    busy_wait: Duration,
) -> Result<(), StoreError> {
    let mut waited = Duration::ZERO;
    loop {
        let set = connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))
            .map_err(StoreError::from);
        match set {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => return Err(StoreError::NoWal { path: path.to_owned(), mode }),
            Err(StoreError::Busy(_)) if waited < busy_wait => {
                std::thread::sleep(WAL_RETRY);
                waited += WAL_RETRY;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Settings of this connection. `FULL` flushes the log at every commit; `recursive_triggers` makes
/// a `REPLACE` fire the triggers that forbid deletion; `secure_delete` overwrites what is erased.
fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA recursive_triggers = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA secure_delete = ON;
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES_FORCED};
         PRAGMA journal_size_limit = {JOURNAL_BYTES_KEPT};"
    ))?;
    Ok(())
}
