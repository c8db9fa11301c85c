//! The open database: transactions that are durable when they return, and reads that cannot write.

use crate::StoreError;
use crate::fold::{self, Fold};
use crate::schema::Schema;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// `if.db`, open. Threads of one process queue on a mutex, processes on SQLite's lock.
#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
    path: PathBuf,
    schemas: Vec<Schema>,
}

impl Store {
    pub(crate) fn new(connection: Connection, path: PathBuf, schemas: Vec<Schema>) -> Self {
        Self { connection: Mutex::new(connection), path, schemas }
    }

    /// Of whose tables it consists, as far as this build knows.
    pub(crate) fn schemas(&self) -> &[Schema] {
        &self.schemas
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in one transaction that is on the disk when this returns, or leaves no trace.
    ///
    /// The write lock is taken first (`BEGIN IMMEDIATE`): what `work` reads cannot change before
    /// it commits. `work` must not use this store again; it has the transaction.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError::Busy`], [`StoreError::Full`] and the like as `E`.
    pub fn transaction<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        committed(&self.lock(), work)
    }

    /// As [`Store::transaction`], for the last one of a command: when the write-ahead log has grown
    /// long, it is folded into the database with the same flushes that make `work` durable.
    ///
    /// # Errors
    /// As [`Store::transaction`].
    pub fn last_transaction<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.lock();
        let fold = Fold::if_due(&connection)?;
        let result = committed(&connection, work)?;
        if let Some(fold) = fold {
            fold.finish(&self.path)?;
        }
        Ok(result)
    }

    /// Folds the write-ahead log into the database and cuts it to nothing, so that what was deleted
    /// is in neither. False where a reader holds an older view: a later command folds.
    ///
    /// # Errors
    /// The disk fails.
    pub fn fold(&self) -> Result<bool, StoreError> {
        fold::whole(&self.lock())
    }

    /// Runs `work` on one unchanging view of the database. A statement in it that writes fails.
    ///
    /// # Errors
    /// Those of `work`, and the database's own as `E`.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.lock();
        let reader = QueryOnly::on(&connection).map_err(StoreError::from)?;
        // Dropped before `reader`: the view ends first, then writing is possible again.
        let view = reader.0.unchecked_transaction().map_err(StoreError::from)?;
        work(&view)
    }

    /// A panic under the mutex left no open transaction behind: its guard rolled back.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the write lock, works, commits.
fn committed<T, E: From<StoreError>>(
    connection: &Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
        .map_err(StoreError::from)?;
    // An error drops the transaction, and dropping rolls back.
    let result = work(&transaction)?;
    transaction.commit().map_err(StoreError::from)?;
    Ok(result)
}

/// While it lives, the connection refuses to write.
struct QueryOnly<'a>(&'a Connection);

impl<'a> QueryOnly<'a> {
    fn on(connection: &'a Connection) -> rusqlite::Result<Self> {
        connection.execute_batch("PRAGMA query_only = ON")?;
        Ok(Self(connection))
    }
}

impl Drop for QueryOnly<'_> {
    fn drop(&mut self) {
        // Cannot fail: the pragma touches no file. If it did, later writes would fail, not pass.
        let _ = self.0.execute_batch("PRAGMA query_only = OFF");
    }
}
