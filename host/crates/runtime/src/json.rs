//! JSON that comes out of a guest: must be JSON, and no deeper than every reader can follow.

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Nesting allowed. `serde_json` reads 128 levels; wrapping in our own output adds a few.
const DEPTH_MAX: usize = 100;

/// Why a text is not acceptable, in one line.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if depth(text.as_bytes()) > DEPTH_MAX {
        return Err(format!("is nested deeper than {DEPTH_MAX} levels"));
    }
    let read = serde_json::from_str::<Read>(text);
    read.map(|Read| ()).map_err(|error| format!("is not JSON: {error}"))
}

/// A value that was read and not kept. Skipping it would not be enough: half a surrogate pair and a
/// number beyond a double's range are found by reading only, and the next reader would fail.
struct Read;

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Read)
    }
}

impl<'de> Visitor<'de> for Read {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_str<E>(self, _: &str) -> Result<Read, E> {
        Ok(Read)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Read, A::Error> {
        while items.next_element::<Read>()?.is_some() {}
        Ok(Read)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Read, A::Error> {
        while members.next_entry::<Read, Read>()?.is_some() {}
        Ok(Read)
    }
}

/// Deepest nesting of brackets outside strings; meaningful for JSON only.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_json_and_refuses_the_rest() {
        for good in ["null", "{\"a\": [1, \"]]]\\\"[[\"]}", "[]"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "{", "{a: 1}", "1 2", "nul"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_no_text() {
        assert_eq!(check(r#""\ud83d\ude00""#), Ok(()));
        for half in [r#""\ud83d""#, r#""\ude00""#, r#"{"\ud83d": 1}"#, r#"["\ud83dx"]"#] {
            assert!(check(half).unwrap_err().contains("not JSON"), "{half}");
        }
    }

    #[test]
    fn a_number_that_no_double_holds_is_no_number() {
        let digits = "9".repeat(400);
        for beyond in ["4e550", "-1e999", "[1, {\"a\": 2E+400}]", digits.as_str()] {
            assert!(check(beyond).unwrap_err().contains("out of range"), "{beyond}");
        }
        for fine in ["4e5", "-1.5E-400", "18446744073709551616", "1e308"] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(check(&nested(DEPTH_MAX)), Ok(()));
        assert!(check(&nested(DEPTH_MAX + 1)).unwrap_err().contains("deeper"));
        assert!(check(&nested(200_000)).is_err());
    }
}
