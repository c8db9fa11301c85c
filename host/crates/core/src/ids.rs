//! Names that were checked when they were made, so that no later code has to check them again.
//!
//! Everything that reaches a path, a table key or a prompt is lower-case ASCII without separators:
//! `../x`, a homoglyph or a terminal escape cannot be said in these types.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest provider word, instance name or recipe name. Names are printed in tables of 80 columns.
const WORD_LENGTH_MAX: usize = 63;

/// Longest capability id, `if://capability/` included.
const CAPABILITY_LENGTH_MAX: usize = 200;

/// Why a name was refused. The message names the rule and the offending text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error(
        "name `{0}` must match [a-z0-9-]+, start with a letter or digit and have at most 63 \
             characters"
    )]
    Word(String),
    #[error("id `{0}` must look like if://capability/<dotted-name> with [a-z0-9.-] only")]
    Capability(String),
    #[error("operation id `{0}` must be 32 hexadecimal digits")]
    Operation(String),
    #[error("currency `{0}` must be an ISO 4217 code such as USD")]
    Currency(String),
}

/// A provider word, instance name, endpoint or recipe name: `[a-z0-9-]+`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Word(String);

impl Word {
    /// Checks `text` against the one rule for names.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let ok = !text.is_empty()
            && text.len() <= WORD_LENGTH_MAX
            && !text.starts_with('-')
            && text.bytes().all(legal);
        if ok { Ok(Self(text)) } else { Err(IdError::Word(text)) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `if://capability/vmix.switcher`: what a plugin is, for ever, whatever its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CapabilityId(String);

impl CapabilityId {
    /// Checks the fixed prefix and the dotted name behind it.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let legal = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
        };
        let ok = text.strip_prefix("if://capability/").is_some_and(|name| {
            !name.is_empty()
                && !name.starts_with('.')
                && !name.ends_with('.')
                && !name.contains("..")
                && name.bytes().all(legal)
        });
        if ok && text.len() <= CAPABILITY_LENGTH_MAX {
            Ok(Self(text))
        } else {
            Err(IdError::Capability(text))
        }
    }

    /// The whole id, prefix included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The dotted name behind the prefix: `vmix.switcher`. Safe as a folder name.
    pub fn name(&self) -> &str {
        self.0.strip_prefix("if://capability/").unwrap_or(&self.0)
    }
}

/// One operation: 128 bits as 32 lower-case hexadecimal digits, time-ordered (UUID version 7).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperationId(String);

impl OperationId {
    /// Checks length and alphabet.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let legal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 32 && text.bytes().all(legal) {
            Ok(Self(text))
        } else {
            Err(IdError::Operation(text))
        }
    }

    /// The 32 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_id {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
text_id!(Word, CapabilityId, OperationId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_refuse_separators_escapes_and_homoglyphs() {
        for good in ["obs", "studio-2", "9lives"] {
            assert_eq!(Word::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "-x", "a/b", "..", "Ob", "о", "a\u{1b}[31m", "a b", &"x".repeat(64)] {
            assert_eq!(Word::new(bad), Err(IdError::Word(bad.to_string())), "{bad:?}");
        }
    }

    #[test]
    fn capabilities_cannot_climb_out_of_their_folder() {
        assert_eq!(
            CapabilityId::new("if://capability/vmix.switcher").unwrap().name(),
            "vmix.switcher"
        );
        for bad in [
            "vmix",
            "if://capability/",
            "if://capability/a..b",
            "if://capability/.a",
            "if://capability/a/b",
        ] {
            assert!(CapabilityId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn deserialising_checks_too() {
        assert!(serde_json::from_str::<Word>("\"../x\"").is_err());
        assert!(serde_json::from_str::<OperationId>("\"zz\"").is_err());
    }
}
