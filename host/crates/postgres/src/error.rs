//! What the server says, sorted by what a person can do about it.

use if_store::{Cause, StoreError};
use postgres::error::SqlState;

/// What an error of the server at that place is to the store.
pub(crate) fn sorted(place: &str, error: postgres::Error) -> StoreError {
    let code = error.code().cloned();
    let cause = Cause::Other(Box::new(Said::of(error)));
    match code {
        Some(SqlState::LOCK_NOT_AVAILABLE) => StoreError::Busy(cause),
        Some(SqlState::DISK_FULL) => StoreError::Full(cause),
        Some(SqlState::UNIQUE_VIOLATION) => StoreError::Taken(cause),
        _ => StoreError::Server { place: place.to_owned(), cause },
    }
}

/// A refusal of our own.
pub(crate) fn refused(place: &str, why: impl Into<String>) -> StoreError {
    let cause = Cause::Other(Box::new(Said::Own(why.into())));
    StoreError::Server { place: place.to_owned(), cause }
}

/// The server's own sentence where it has one: the library's begins with what it was doing.
#[derive(Debug, thiserror::Error)]
enum Said {
    #[error("{0}")]
    Server(String),
    #[error("{0}")]
    Own(String),
    #[error(transparent)]
    Library(postgres::Error),
}

impl Said {
    fn of(error: postgres::Error) -> Self {
        match error.as_db_error() {
            Some(said) => Said::Server(said.message().to_owned()),
            None => Said::Library(error),
        }
    }
}
