//! A SHA-256 digest as a value: 32 bytes, written `sha256:<64 hex digits>`.
//!
//! This type only holds and prints; computing it is the business of whoever owns the bytes.

use serde::{Deserialize, Serialize};
use std::fmt;

/// 32 bytes of SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a digest: expected sha256:<64 lower-case hexadecimal digits>")]
pub struct DigestError(String);

impl Digest {
    /// Wraps the output of a SHA-256.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits without the `sha256:` in front.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first 12 digits: enough for a person to tell two apart.
    pub fn short(&self) -> String {
        self.hex().chars().take(12).collect()
    }

    /// Reads 64 hexadecimal digits, with or without `sha256:` in front.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text).as_bytes();
        let mut bytes = [0u8; 32];
        if digits.len() != 64 {
            return Err(DigestError(text.to_owned()));
        }
        for (slot, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *slot = pair_value(pair).ok_or_else(|| DigestError(text.to_owned()))?;
        }
        Ok(Self(bytes))
    }
}

fn pair_value(pair: &[u8]) -> Option<u8> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (high, low) = (pair.first()?, pair.get(1)?);
    Some(value(*high)? << 4 | value(*low)?)
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        Self::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_prints_and_refuses_the_rest() {
        let digest = Digest::from_bytes([0xab; 32]);
        assert_eq!(Digest::parse(&digest.to_string()), Ok(digest));
        assert_eq!(Digest::parse(&digest.hex()), Ok(digest));
        for bad in ["", "sha256:", "sha256:zz", &"AB".repeat(32), &"ab".repeat(33)] {
            assert!(Digest::parse(bad).is_err(), "{bad}");
        }
    }
}
