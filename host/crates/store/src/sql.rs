//! Statements and rows for owners of tables who need not know whose database it is.
//!
//! Statements are written once, with `?1` for a value. What a row holds is asked for by column; a
//! cell of another type than was written was put there by somebody else, and is refused.

use crate::StoreError;
use std::borrow::Cow;
use std::ops::ControlFlow;

/// A value given to a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Null,
    Number(u64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Value::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Value::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Value::Bytes(bytes)
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
pub enum Cell<'a> {
    Null,
    Number(u64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    /// Nothing that this layer writes.
    Foreign,
}

impl Cell<'_> {
    fn owned(&self) -> Cell<'static> {
        match self {
            Cell::Null => Cell::Null,
            Cell::Number(number) => Cell::Number(*number),
            Cell::Text(text) => Cell::Text(Cow::Owned(text.to_string())),
            Cell::Bytes(bytes) => Cell::Bytes(Cow::Owned(bytes.to_vec())),
            Cell::Foreign => Cell::Foreign,
        }
    }
}

/// A row that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a>(Vec<Cell<'a>>);

impl<'a> Row<'a> {
    /// A row of these cells.
    pub fn new(cells: Vec<Cell<'a>>) -> Self {
        Self(cells)
    }

    /// The same, for keeping.
    pub fn owned(&self) -> Row<'static> {
        Row(self.0.iter().map(Cell::owned).collect())
    }

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

    /// The bytes in a column.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        self.maybe_bytes(column)?.ok_or(StoreError::Cell { column })
    }

    /// The bytes in a column that may hold none.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn maybe_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Bytes(bytes)) => Ok(Some(bytes)),
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

    /// Shows every row of the answer, in order, until `see` has seen enough. `see` may run other
    /// statements.
    ///
    /// # Errors
    /// Those of the database.
    fn visit(
        &self,
        statement: &str,
        values: &[Value<'_>],
        see: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;
}

/// What is asked of rows in most places.
pub trait Rows: Sql {
    /// Hands out every row of the answer, in order, without holding them; ends where `each` fails.
    ///
    /// # Errors
    /// Those of the database and of `each`.
    fn each<E: From<StoreError>>(
        &self,
        statement: &str,
        values: &[Value<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut failed = None;
        self.visit(statement, values, &mut |row| match each(row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// What `read` makes of every row of the answer.
    ///
    /// # Errors
    /// As [`Rows::each`].
    fn all<T, E: From<StoreError>>(
        &self,
        statement: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let mut all = Vec::new();
        self.each(statement, values, |row| {
            all.push(read(row)?);
            Ok::<_, E>(())
        })?;
        Ok(all)
    }

    /// The first row of the answer.
    ///
    /// # Errors
    /// Those of the database.
    fn first(
        &self,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<Option<Row<'static>>, StoreError> {
        let mut first = None;
        self.visit(statement, values, &mut |row| {
            first = Some(row.owned());
            ControlFlow::Break(())
        })?;
        Ok(first)
    }
}

impl<T: Sql + ?Sized> Rows for T {}

/// Databases have signed integers.
///
/// # Errors
/// A number beyond 63 bits.
pub fn integer(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Number(number))
}
