//! Strict JSON for signed documents: what two parsers could read differently is refused.
//!
//! serde alone takes the last of two equal keys in a map and reads 2^53+1 where a reader with
//! doubles sees 2^53. So a first walk, which keeps nothing but the keys of the objects it stands
//! in, refuses size, depth, doubled keys and large integers; only then the typed parse runs, which
//! refuses unknown fields. Byte order marks, comments and trailing text are not JSON and fail.

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// Deepest nesting. The deepest real recipe (a signature over a derived key) needs 24; a stack is
/// exhausted by thousands.
const DEPTH_MAX: u32 = 48;

/// 2^53 - 1: the largest integer every JSON reader reads exactly (RFC 8259 §6).
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Objects up to this size are searched for a doubled key one by one; larger ones are hashed.
const LINEAR_KEYS_MAX: usize = 16;

/// Why bytes are not a strict document. Line and column where the parser knows them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrictError {
    #[error("{found} bytes, more than the {most} that are read")]
    TooLarge { found: usize, most: usize },
    #[error("{0}")]
    Json(String),
}

/// Parses `bytes` (at most `bytes_max`) as a `T` that refuses unknown fields.
pub fn parse_strict<T: DeserializeOwned>(bytes: &[u8], bytes_max: usize) -> Result<T, StrictError> {
    if bytes.len() > bytes_max {
        return Err(StrictError::TooLarge { found: bytes.len(), most: bytes_max });
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    Walk(DEPTH_MAX).deserialize(&mut json).and_then(|()| json.end()).map_err(refused)?;
    serde_json::from_slice(bytes).map_err(refused)
}

fn refused(error: serde_json::Error) -> StrictError {
    StrictError::Json(error.to_string())
}

/// Reads a value and keeps nothing of it; holds how many levels may still open.
#[derive(Clone, Copy)]
struct Walk(u32);

impl Walk {
    fn deeper<E: Error>(self) -> Result<Walk, E> {
        let levels = self.0.checked_sub(1);
        levels.map(Walk).ok_or_else(|| E::custom(format!("nested deeper than {DEPTH_MAX} levels")))
    }
}

impl<'de> DeserializeSeed<'de> for Walk {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> serde::de::Visitor<'de> for Walk {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        if number <= INTEGER_MAX { Ok(()) } else { Err(too_large()) }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        if number.unsigned_abs() <= INTEGER_MAX { Ok(()) } else { Err(too_large()) }
    }

    // serde_json hands integers beyond 64 bits over as doubles, so doubles get the same bound.
    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        if number.abs() <= INTEGER_MAX as f64 { Ok(()) } else { Err(too_large()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut keys = Keys::default();
        while let Some(key) = members.next_key_seed(Key)? {
            if let Some(twice) = keys.insert(key) {
                return Err(A::Error::custom(format!("key `{twice}` stands twice in one object")));
            }
            members.next_value_seed(inner)?;
        }
        Ok(())
    }
}

fn too_large<E: Error>() -> E {
    E::custom("a number beyond 2^53-1 cannot be read alike by every parser")
}

/// The keys of one object, decoded: `"a"` and `"\u0061"` are the same key.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    /// Gives the key back if it was there.
    fn insert(&mut self, key: Cow<'de, str>) -> Option<Cow<'de, str>> {
        if self.few.contains(&key) || self.many.contains(&key) {
            return Some(key);
        }
        if self.few.len() < LINEAR_KEYS_MAX {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
        None
    }
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> serde::de::Visitor<'de> for Key {
    type Value = Cow<'de, str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }
    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn check(text: &str) -> Result<Value, StrictError> {
        parse_strict(text.as_bytes(), 4096)
    }

    #[test]
    fn refuses_what_two_parsers_read_differently() {
        let deep = format!("{}{}", "[".repeat(49), "]".repeat(49));
        let many: String = (0..40).map(|n| format!("\"k{n}\":1,")).collect();
        let rows = [
            (r#"{"a":1,"a":2}"#.to_owned(), "key `a` stands twice"),
            (r#"{"a":1,"\u0061":2}"#.to_owned(), "key `a` stands twice"),
            (r#"[{"x":{"b":[],"c":0,"b":{}}}]"#.to_owned(), "key `b` stands twice"),
            (format!("{{{many}\"k39\":2}}"), "key `k39` stands twice"),
            (format!("{{{many}\"k3\":2}}"), "key `k3` stands twice"),
            ("9007199254740992".to_owned(), "2^53-1"),
            ("-9007199254740992".to_owned(), "2^53-1"),
            ("99999999999999999999999".to_owned(), "2^53-1"),
            (deep, "nested deeper"),
            ("{} x".to_owned(), "trailing characters"),
            ("\u{feff}{}".to_owned(), "expected value"),
            (r#""\ud800""#.to_owned(), "hex escape"),
            ("[1,]".to_owned(), "trailing comma"),
            (" ".repeat(4097), "4097 bytes"),
        ];
        for (text, why) in rows {
            let error = check(&text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(parse_strict::<Value>(b"\"\xff\"", 10).is_err());
    }

    #[test]
    fn reads_the_rest() {
        for text in [
            "9007199254740991",
            "-9007199254740991",
            r#"{"a":{"a":1},"b":[{"a":1}]}"#,
            // Magic in every `Value` if serde_json were built with `raw_value`.
            r#"{"$serde_json::private::RawValue":"[1]"}"#,
        ] {
            assert_eq!(check(text).unwrap().to_string(), text);
        }
        let deep = format!("{}{}", "[".repeat(48), "]".repeat(48));
        assert!(check(&deep).is_ok());
    }
}
