//! A consistent copy of the database in another file, made while nobody can write.

use crate::open::{connect, create_if_missing, use_wal};
use crate::{BUSY_WAIT, Store, StoreError};
use rusqlite::Connection;
use std::path::Path;

impl Store {
    /// Copies the database to `to`, which must not exist, and runs `also` before anybody can write
    /// again: what `also` copies belongs to the same moment.
    ///
    /// # Errors
    /// Those of `also`, and the database's own as `E`. A half-made copy may be left behind.
    pub fn copy_to<T, E: From<StoreError>>(
        &self,
        to: &Path,
        also: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        // The transaction writes nothing; it holds the lock that every writer needs.
        self.transaction(|_held| {
            copy(self.path(), to)?;
            also()
        })
    }
}

/// A second connection reads the last commit and writes it, without its gaps, into a file that only
/// its owner can read. The copy uses the write-ahead log as the original does.
fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    create_if_missing(to)?;
    let reader = connect(from, BUSY_WAIT)?;
    reader.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    let copy = Connection::open(to)?;
    use_wal(&copy, to, BUSY_WAIT)?;
    copy.close().map_err(|(_, error)| StoreError::from(error))
}
