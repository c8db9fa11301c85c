//! JSON that comes out of a guest: must be JSON, and no deeper than every reader can follow.

/// Nesting allowed. `serde_json` reads 128 levels; wrapping in our own output adds a few.
const DEPTH_MAX: usize = 100;

/// Why a text is not acceptable, in one line.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if depth(text.as_bytes()) > DEPTH_MAX {
        return Err(format!("is nested deeper than {DEPTH_MAX} levels"));
    }
    // Skipping a string does not look into its escapes; half a surrogate pair is found by reading.
    let read = match text.contains("\\u") {
        true => serde_json::from_str::<serde_json::Value>(text).map(|_| ()),
        false => serde_json::from_str::<serde::de::IgnoredAny>(text).map(|_| ()),
    };
    read.map_err(|error| format!("is not JSON: {error}"))
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
    fn depth_is_bounded() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(check(&nested(DEPTH_MAX)), Ok(()));
        assert!(check(&nested(DEPTH_MAX + 1)).unwrap_err().contains("deeper"));
        assert!(check(&nested(200_000)).is_err());
    }
}
