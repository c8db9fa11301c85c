//! A consistent copy of the database in another file, made while nobody can write.

use super::open::{BUSY_WAIT, connect, create_if_missing, use_wal};
use crate::StoreError;
use rusqlite::Connection;
use std::path::Path;

/// A second connection reads the last commit and writes it, without its gaps, into a file that only
/// its owner can read. The copy uses the write-ahead log as the original does.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    create_if_missing(to)?;
    let reader = connect(from, BUSY_WAIT)?;
    reader.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    let copy = Connection::open(to)?;
    use_wal(&copy, to, BUSY_WAIT)?;
    copy.close().map_err(|(_, error)| StoreError::from(error))
}
