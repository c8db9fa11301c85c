//! The database on this machine: SQLite in WAL mode.
//!
//! - `open`: the file, its settings, its migrations
//! - `fold`: the write-ahead log back into the database, at no more flushes
//! - `sound`: whether the file is whole, and its tables as they were made
//! - `copy`: the whole database in another file, while nobody writes

mod copy;
mod fold;
mod open;
mod sound;

pub use fold::CHECKPOINT_PAGES;
pub use open::BUSY_WAIT;

use crate::sql::{Cell, Row, Sql, Value, integer};
use crate::{Schema, Session, StoreError};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, params_from_iter};
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// An open connection.
#[derive(Debug)]
struct Sqlite {
    connection: Connection,
    path: PathBuf,
    /// The open transaction folds the write-ahead log, and is not flushed by itself.
    folds: AtomicBool,
}

impl Sqlite {
    fn new(connection: Connection, path: PathBuf) -> Self {
        Self { connection, path, folds: AtomicBool::new(false) }
    }
}

impl Session for Sqlite {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn version(&self, owner: &str) -> Result<u64, StoreError> {
        let select = "SELECT version FROM schema_version WHERE owner = ?1";
        let mut statement = match self.connection.prepare_cached(select) {
            Ok(statement) => statement,
            Err(error) if is_missing_table(&error) => return Ok(0),
            Err(error) => return Err(error.into()),
        };
        let version: Option<i64> = statement.query_row([owner], |row| row.get(0)).optional()?;
        Ok(version.unwrap_or(0).unsigned_abs())
    }

    fn run(&self, script: &str) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch(script)?)
    }

    fn begin(&self, last: bool) -> Result<(), StoreError> {
        let folds = last && fold::begin_if_due(&self.connection)?;
        self.folds.store(folds, Ordering::Relaxed);
        let begun = self.execute("BEGIN IMMEDIATE", &[]);
        begun.inspect_err(|_| self.fold_no_more()).map(|_| ())
    }

    fn commit(&self) -> Result<(), StoreError> {
        if let Err(error) = self.execute("COMMIT", &[]) {
            self.roll_back();
            return Err(error);
        }
        let folded = match self.folds.load(Ordering::Relaxed) {
            true => fold::finish(&self.connection, &self.path),
            false => Ok(()),
        };
        self.fold_no_more();
        folded
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            // It fails only where there is no transaction any more.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        self.fold_no_more();
    }

    fn look(&self) -> Result<(), StoreError> {
        let begun = self.connection.execute_batch("PRAGMA query_only = ON; BEGIN");
        begun.inspect_err(|_| self.look_away())?;
        Ok(())
    }

    fn look_away(&self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        // Cannot fail: the pragma touches no file. If it did, later writes would fail, not pass.
        let _ = self.connection.execute_batch("PRAGMA query_only = OFF");
    }

    fn forget(&self) -> Result<bool, StoreError> {
        fold::whole(&self.connection)
    }

    fn check(&self, schemas: &[Schema]) -> Result<(), StoreError> {
        self.look()?;
        let sound = sound::check(&self.connection, &self.path, schemas);
        self.look_away();
        sound
    }

    fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        copy::copy(&self.path, to)
    }
}

impl Sqlite {
    fn fold_no_more(&self) {
        if self.folds.swap(false, Ordering::Relaxed) {
            fold::end(&self.connection);
        }
    }
}

impl Sql for Sqlite {
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        let values = bound(values)?;
        Ok(self.connection.prepare_cached(statement)?.execute(params_from_iter(values))?)
    }

    fn visit(
        &self,
        statement: &str,
        values: &[Value<'_>],
        see: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(statement)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(bound(values)?))?;
        while let Some(row) = rows.next()? {
            let cells = (0..columns).map(|column| Ok(cell(row.get_ref(column)?)));
            let row = Row::new(cells.collect::<Result<_, StoreError>>()?);
            if see(&row).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// A value as SQLite is given it.
enum Bound<'a> {
    Null,
    Number(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Bound::Null => ValueRef::Null,
            Bound::Number(number) => ValueRef::Integer(*number),
            Bound::Text(text) => ValueRef::Text(text.as_bytes()),
            Bound::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn bound<'a>(values: &[Value<'a>]) -> Result<Vec<Bound<'a>>, StoreError> {
    let one = |value: &Value<'a>| {
        Ok(match value {
            Value::Null => Bound::Null,
            Value::Text(text) => Bound::Text(text),
            Value::Bytes(bytes) => Bound::Bytes(bytes),
            Value::Number(number) => Bound::Number(integer(*number)?),
        })
    };
    values.iter().map(one).collect()
}

fn cell(value: ValueRef<'_>) -> Cell<'_> {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => u64::try_from(number).map_or(Cell::Foreign, Cell::Number),
        ValueRef::Text(text) => {
            std::str::from_utf8(text).map_or(Cell::Foreign, |text| Cell::Text(Cow::Borrowed(text)))
        }
        ValueRef::Blob(bytes) => Cell::Bytes(Cow::Borrowed(bytes)),
        ValueRef::Real(_) => Cell::Foreign,
    }
}

fn is_missing_table(error: &rusqlite::Error) -> bool {
    let text = match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text,
        rusqlite::Error::SqlInputError { msg, .. } => msg,
        _ => return false,
    };
    text.starts_with("no such table")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rows;

    #[test]
    fn what_was_written_is_read_and_anything_else_refused() {
        let database = Sqlite::new(Connection::open_in_memory().unwrap(), PathBuf::new());
        database.run("CREATE TABLE t (a, b, c, d)").unwrap();
        let values = [Value::from("x"), 7.into(), None::<&str>.into(), b"y".into()];
        database.execute("INSERT INTO t VALUES (?1, ?2, ?3, ?4)", &values).unwrap();
        let row = database.first("SELECT a, b, c, d FROM t", &[]).unwrap().unwrap();
        assert_eq!((row.text(0).unwrap(), row.number(1).unwrap()), ("x", 7));
        assert_eq!((row.maybe_text(2).unwrap(), row.maybe_number(2).unwrap()), (None, None));
        assert_eq!((row.bytes(3).unwrap(), row.maybe_bytes(2).unwrap()), (&b"y"[..], None));
        for wrong in [
            row.text(1).err(),
            row.text(2).err(),
            row.text(3).err(),
            row.number(0).err(),
            row.bytes(0).err(),
            row.bytes(2).err(),
            row.text(4).err(),
        ] {
            assert!(matches!(wrong, Some(StoreError::Cell { .. })), "{wrong:?}");
        }
        database.run("INSERT INTO t VALUES (-1, 1.5, x'00', CAST(x'ff' AS TEXT))").unwrap();
        let row = database.first("SELECT * FROM t WHERE a = -1", &[]).unwrap().unwrap();
        assert!((0..4).all(|column| row.maybe_number(column).is_err()));
        assert!(row.maybe_text(3).is_err());
        let much = database.execute("INSERT INTO t VALUES (?1, 0, 0, 0)", &[u64::MAX.into()]);
        assert!(matches!(much, Err(StoreError::Number(u64::MAX))));
    }

    #[test]
    fn rows_are_shown_until_enough_is_seen() {
        let database = Sqlite::new(Connection::open_in_memory().unwrap(), PathBuf::new());
        database.run("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)").unwrap();
        let mut seen = Vec::new();
        let failed = database.each("SELECT a FROM t ORDER BY a", &[], |row| {
            seen.push(row.number(0)?);
            if seen.len() == 2 { Err(StoreError::Number(9)) } else { Ok(()) }
        });
        assert!(matches!(failed, Err(StoreError::Number(9))));
        assert_eq!(seen, [1, 2]);
    }
}
