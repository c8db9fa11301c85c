//! What a database must be able to do to carry the log: one connection, used by one thread at a
//! time.
//!
//! A commit is on the disk when it returns. Whoever writes has the write lock from the beginning:
//! what is read in a transaction cannot change before it is committed.

use crate::{Schema, Sql, StoreError};
use std::fmt;
use std::path::Path;

/// A connection to a database, of whatever make.
pub trait Session: Sql + fmt::Debug + Send {
    /// What the database is called in messages.
    fn place(&self) -> String;

    /// The version of this owner's tables; 0 where it was never here.
    ///
    /// # Errors
    /// The database fails.
    fn version(&self, owner: &str) -> Result<u64, StoreError>;

    /// Runs a script that makes or changes tables, inside a transaction.
    ///
    /// # Errors
    /// The database fails.
    fn run(&self, script: &str) -> Result<(), StoreError>;

    /// Waits for the write lock and begins. `last`: it is the last one of a command, so this is the
    /// time for tidying up that costs no more flushes.
    ///
    /// # Errors
    /// [`StoreError::Busy`] after the patience of this connection; the database fails.
    fn begin(&self, last: bool) -> Result<(), StoreError>;

    /// Makes what was written durable, and gives the lock back. After an error there is no
    /// transaction any more.
    ///
    /// # Errors
    /// The database fails.
    fn commit(&self) -> Result<(), StoreError>;

    /// Undoes what was written, and gives the lock back.
    fn roll_back(&self);

    /// Begins one unchanging view, in which writing fails.
    ///
    /// # Errors
    /// The database fails.
    fn look(&self) -> Result<(), StoreError>;

    /// Ends it.
    fn look_away(&self);

    /// Sees to it that what was deleted is in no file any more. False where a reader holds an older
    /// view: a later transaction does it.
    ///
    /// # Errors
    /// The database fails.
    fn forget(&self) -> Result<bool, StoreError>;

    /// Whether the database is sound: its pages and indexes, as far as it can tell, and its tables
    /// as these schemas make them.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] says what is wrong; the database fails.
    fn check(&self, schemas: &[Schema]) -> Result<(), StoreError>;

    /// Copies what was committed into a new SQLite file. The caller holds the write lock.
    ///
    /// # Errors
    /// The database or the copy fails.
    fn copy_to(&self, to: &Path) -> Result<(), StoreError>;
}
