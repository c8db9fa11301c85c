//! What goes to the server and comes from it.

use if_store::{Cell, StoreError, Value, integer};
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use std::borrow::Cow;
use std::error::Error;

/// A value on its way to the connection's thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owned {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

pub(crate) fn owned(values: &[Value<'_>]) -> Result<Vec<Owned>, StoreError> {
    let one = |value: &Value<'_>| {
        Ok(match value {
            Value::Null => Owned::Null,
            Value::Number(number) => Owned::Number(integer(*number)?),
            Value::Text(text) => Owned::Text((*text).to_owned()),
            Value::Bytes(bytes) => Owned::Bytes(bytes.to_vec()),
        })
    };
    values.iter().map(one).collect()
}

impl ToSql for Owned {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Owned::Null => Ok(IsNull::Yes),
            Owned::Number(number) if *wanted == Type::INT4 => {
                i32::try_from(*number)?.to_sql(wanted, out)
            }
            Owned::Number(number) => number.to_sql_checked(wanted, out),
            Owned::Text(text) => text.to_sql_checked(wanted, out),
            Owned::Bytes(bytes) => bytes.to_sql_checked(wanted, out),
        }
    }

    /// Which of them fits is decided value by value.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A row on its way back.
pub(crate) fn cells(row: &postgres::Row) -> Vec<Cell<'static>> {
    let one = |(at, column): (usize, &postgres::Column)| cell(row, at, column.type_());
    row.columns().iter().enumerate().map(one).collect()
}

fn cell(row: &postgres::Row, at: usize, kind: &Type) -> Cell<'static> {
    let number = |found: i64| u64::try_from(found).map_or(Cell::Foreign, Cell::Number);
    let read = match *kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(at).map(|it| it.map(number)),
        Type::INT4 => row.try_get::<_, Option<i32>>(at).map(|it| it.map(|it| number(it.into()))),
        Type::BOOL => row.try_get::<_, Option<bool>>(at).map(|it| it.map(|it| number(it.into()))),
        Type::TEXT => {
            let text = row.try_get::<_, Option<String>>(at);
            text.map(|it| it.map(|it| Cell::Text(Cow::Owned(it))))
        }
        Type::BYTEA => {
            let bytes = row.try_get::<_, Option<Vec<u8>>>(at);
            bytes.map(|it| it.map(|it| Cell::Bytes(Cow::Owned(it))))
        }
        _ => Ok(Some(Cell::Foreign)),
    };
    read.map_or(Cell::Foreign, |cell| cell.unwrap_or(Cell::Null))
}
