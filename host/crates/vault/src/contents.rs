//! What stands inside the encrypted file: a JSON object of values with their version and time.
//!
//! Values pass from and to base64 without an intermediate copy that nobody zeroes. A parser's own
//! words are never repeated: they quote what they could not read.

use crate::{SecretName, VaultError};
use base64::display::Base64Display;
use base64::engine::{Engine, general_purpose::STANDARD};
use if_core::UnixMillis;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// The only form so far. A later one gets its own number, and this version refuses it.
const FORMAT: u32 = 1;

/// Largest plain text. All of it is decrypted for one secret and written anew for each change: at
/// this size that still takes a few tens of milliseconds.
pub(crate) const CONTENTS_BYTES_MAX: usize = 8 << 20;

/// All secrets of an installation. No `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contents {
    format: u32,
    pub(crate) secrets: BTreeMap<SecretName, Entry>,
}

/// One value. No `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) value: Bytes,
    /// 1 for the first value; rises with every new one.
    pub(crate) version: u64,
    pub(crate) set_at: UnixMillis,
    /// The operator's own words, shown in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

impl Contents {
    pub(crate) fn empty() -> Self {
        Self { format: FORMAT, secrets: BTreeMap::new() }
    }

    /// Reads the plain text. `path` is only named in errors.
    pub(crate) fn from_json(plain: &[u8], path: &Path) -> Result<Self, VaultError> {
        serde_json::from_slice(plain)
            .ok()
            .filter(|contents: &Self| contents.format == FORMAT)
            .ok_or_else(|| VaultError::UnknownForm(path.to_owned()))
    }

    /// Writes the plain text into one buffer of the exact size.
    pub(crate) fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let mut length = Count(0);
        serde_json::to_writer(&mut length, self).map_err(io::Error::from)?;
        if length.0 > CONTENTS_BYTES_MAX {
            return Err(VaultError::Full { bytes_max: CONTENTS_BYTES_MAX });
        }
        let mut plain = Zeroizing::new(Vec::with_capacity(length.0));
        serde_json::to_writer(&mut *plain, self).map_err(io::Error::from)?;
        Ok(plain)
    }
}

/// A writer that only measures.
struct Count(usize);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A value's bytes, base64 in JSON, zeroed when dropped. No `Debug`.
pub(crate) struct Bytes(Zeroizing<Vec<u8>>);

impl Bytes {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(&self.0, &STANDARD))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Base64Text)
    }
}

struct Base64Text;

impl Visitor<'_> for Base64Text {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64 text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Bytes, E> {
        let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
        let length = STANDARD
            .decode_slice(text, bytes.as_mut_slice())
            .map_err(|_| E::custom("not base64"))?;
        bytes.truncate(length);
        Ok(Bytes(bytes))
    }
}
