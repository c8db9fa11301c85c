//! YAML as this room reads it: one document, a size cap, no doubled key, and errors that name file,
//! line and column without repeating a value.
//!
//! Only `true` and `false` are booleans: an instance called `on` or a host called `no` stays text.

use crate::{ConfigError, nearest};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Error, Location, Spanned};
use std::fmt;
use std::io::{self, Read};
use std::marker::PhantomData;
use std::path::Path;

/// Largest configuration file. A thousand instances are 200 KiB; the parser's own budgets bound
/// what
/// aliases can make of it.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;

/// The file's text; `None` when there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    let file = match fs_err::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut text = String::new();
    let read = file.take(FILE_BYTES_MAX as u64 + 1).read_to_string(&mut text);
    if text.len() > FILE_BYTES_MAX {
        let path = path.to_owned();
        return Err(ConfigError::FileTooLarge { path, bytes_max: FILE_BYTES_MAX });
    }
    match read {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(at(path, Location::UNKNOWN, "is not UTF-8 text".to_owned(), None))
        }
        other => Ok(other.map(|_| Some(text))?),
    }
}

/// Parses the one document of a file. A file of nothing but comments is an empty mapping.
pub(crate) fn parse<T: DeserializeOwned + Default>(
    path: &Path,
    text: &str,
) -> Result<T, ConfigError> {
    let options = serde_saphyr::options! { strict_booleans: true };
    let parsed = serde_saphyr::from_str_with_options::<Option<T>>(text, options);
    parsed.map(Option::unwrap_or_default).map_err(|error| explain(path, &error))
}

/// An error of ours at a place in a file.
pub(crate) fn at(path: &Path, place: Location, what: String, hint: Option<String>) -> ConfigError {
    ConfigError::in_file(path, (place.line(), place.column()), &what, hint)
}

/// The parser's error in our words, without any value that stood in the file.
fn explain(path: &Path, error: &Error) -> ConfigError {
    let place = error.location().unwrap_or(Location::UNKNOWN);
    let (what, hint) = match error.without_snippet() {
        Error::SerdeUnknownField { field, expected, .. } => {
            let near = nearest(field, expected.iter().copied());
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known keys here: {}", expected.join(", ")),
            };
            (format!("unknown key `{field}`"), Some(hint))
        }
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            (format!("key `{key}` stands twice"), None)
        }
        Error::MultipleDocuments { .. } => ("a second document begins".to_owned(), None),
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            (format!("expected {expected}"), None)
        }
        Error::NonFiniteFloat { .. } => ("number is not finite".to_owned(), None),
        other => (without_place(&other.to_string()), None),
    };
    at(path, place, what, hint)
}

/// `… at line 2, column 1` is said already.
fn without_place(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    first.rsplit_once(" at line ").map_or(first, |(what, _)| what).to_owned()
}

/// A mapping in the order of the file, each key and value with its place.
#[derive(Debug)]
pub(crate) struct Pairs<V>(pub(crate) Vec<(Spanned<String>, Spanned<V>)>);

impl<V> Default for Pairs<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

struct PairsVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
    type Value = Pairs<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}
