//! Statements and rows for owners of tables who need not know whose database it is.
//!
//! Statements are written once, with `?1` for a value. What a row holds is asked for by column; a
//! cell of another type than was written was put there by somebody else, and is refused.

use crate::StoreError;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

/// A value given to a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Null,
    Number(u64),
    Text(&'a str),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Value::Number(number)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// A cell of a row that was read.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Null,
    Number(u64),
    Text(String),
    /// Nothing that this layer writes.
    Foreign,
}

/// A row that was read, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(Vec<Cell>);

impl Row {
    /// The text in a column.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.maybe_text(column)?.ok_or(StoreError::Cell { column })
    }

    /// The text in a column that may hold none.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Text(text)) => Ok(Some(text)),
            _ => Err(StoreError::Cell { column }),
        }
    }

    /// The number in a column.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn number(&self, column: usize) -> Result<u64, StoreError> {
        self.maybe_number(column)?.ok_or(StoreError::Cell { column })
    }

    /// The number in a column that may hold none.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn maybe_number(&self, column: usize) -> Result<Option<u64>, StoreError> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Number(number)) => Ok(Some(*number)),
            _ => Err(StoreError::Cell { column }),
        }
    }
}

/// An open view or transaction, as far as portable statements need it.
pub trait Sql {
    /// Runs a statement that answers with no rows; how many it changed.
    ///
    /// # Errors
    /// Those of the database, and a number beyond 63 bits.
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<usize, StoreError>;

    /// Hands out every row of the answer, in order, without holding them.
    ///
    /// # Errors
    /// Those of the database and of `each`.
    fn each(
        &self,
        statement: &str,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// The first row of the answer.
    ///
    /// # Errors
    /// Those of the database.
    fn first(&self, statement: &str, values: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        let mut first = None;
        self.each(statement, values, &mut |row| {
            first.get_or_insert_with(|| row.clone());
            Ok(())
        })?;
        Ok(first)
    }
}

impl Sql for Connection {
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        let values = bound(values)?;
        Ok(self.prepare_cached(statement)?.execute(params_from_iter(values))?)
    }

    fn each(
        &self,
        statement: &str,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.prepare_cached(statement)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(bound(values)?))?;
        while let Some(row) = rows.next()? {
            let cells = (0..columns).map(|column| Ok(cell(row.get_ref(column)?)));
            each(&Row(cells.collect::<Result<_, StoreError>>()?))?;
        }
        Ok(())
    }
}

/// A value as SQLite is given it.
enum Bound<'a> {
    Null,
    Number(i64),
    Text(&'a str),
}

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Bound::Null => ValueRef::Null,
            Bound::Number(number) => ValueRef::Integer(*number),
            Bound::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

fn bound<'a>(values: &[Value<'a>]) -> Result<Vec<Bound<'a>>, StoreError> {
    let one = |value: &Value<'a>| {
        Ok(match value {
            Value::Null => Bound::Null,
            Value::Text(text) => Bound::Text(text),
            Value::Number(number) => Bound::Number(integer(*number)?),
        })
    };
    values.iter().map(one).collect()
}

/// Databases have signed integers.
fn integer(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Number(number))
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => u64::try_from(number).map_or(Cell::Foreign, Cell::Number),
        ValueRef::Text(text) => {
            std::str::from_utf8(text).map_or(Cell::Foreign, |text| Cell::Text(text.to_owned()))
        }
        ValueRef::Real(_) | ValueRef::Blob(_) => Cell::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_anything_else_refused() {
        let database = Connection::open_in_memory().unwrap();
        database.execute_batch("CREATE TABLE t (a, b, c)").unwrap();
        let values = [Value::from("x"), Value::from(7), Value::from(None::<&str>)];
        Sql::execute(&database, "INSERT INTO t VALUES (?1, ?2, ?3)", &values).unwrap();
        let row = database.first("SELECT a, b, c FROM t", &[]).unwrap().unwrap();
        assert_eq!((row.text(0).unwrap(), row.number(1).unwrap()), ("x", 7));
        assert_eq!((row.maybe_text(2).unwrap(), row.maybe_number(2).unwrap()), (None, None));
        for wrong in [row.text(1).err(), row.text(2).err(), row.number(0).err(), row.text(3).err()]
        {
            assert!(matches!(wrong, Some(StoreError::Cell { .. })), "{wrong:?}");
        }
        database.execute_batch("INSERT INTO t VALUES (-1, 1.5, x'00')").unwrap();
        let row = database.first("SELECT * FROM t WHERE a = -1", &[]).unwrap().unwrap();
        assert!((0..3).all(|column| row.maybe_number(column).is_err()));
        let much = Sql::execute(&database, "INSERT INTO t VALUES (?1, 0, 0)", &[u64::MAX.into()]);
        assert!(matches!(much, Err(StoreError::Number(u64::MAX))));
    }
}
