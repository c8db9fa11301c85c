//! JSON in which every parser sees the same: no doubled keys, valid UTF-8, bounded depth and
//! numbers.
//!
//! A rule that reads `/op` must not be talked out of it by a second `op` that the device's parser
//! prefers. Doubled keys are refused at every depth; on the path of a pointer even keys that differ
//! only in case are, because some servers match names without case.

use if_manifest::parse_strict;
use serde_json::Value;

/// Parses, refusing what two parsers could read differently. Sizes were capped before.
pub fn parse(bytes: &[u8]) -> Option<Value> {
    parse_strict(bytes, usize::MAX).ok()
}

/// What stands at a pointer.
#[derive(Debug, PartialEq)]
pub enum Found<'a> {
    Value(&'a Value),
    Absent,
    /// Two readers could disagree.
    Ambiguous,
}

/// Looks up a JSON pointer (RFC 6901).
pub fn find<'a>(value: &'a Value, pointer: &str) -> Found<'a> {
    let mut here = value;
    let Some(path) = pointer.strip_prefix('/') else {
        return if pointer.is_empty() { Found::Value(here) } else { Found::Absent };
    };
    for step in path.split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        let next = match here {
            Value::Object(members) => {
                let alike = members.keys().filter(|key| key.eq_ignore_ascii_case(&step)).count();
                if alike > 1 {
                    return Found::Ambiguous;
                }
                members.get(&step)
            }
            Value::Array(items) => step.parse().ok().and_then(|at: usize| items.get(at)),
            _ => None,
        };
        match next {
            Some(value) => here = value,
            None => return Found::Absent,
        }
    }
    Found::Value(here)
}

/// The texts at a pointer whose step `*` means every item of a list. `None` unless all of them are
/// there, unambiguous and strings, and there is at least one: a list of another shape names
/// nothing.
pub fn texts<'a>(value: &'a Value, pointer: &str) -> Option<Vec<&'a str>> {
    let Some((list, rest)) = pointer.split_once(EACH) else {
        return match find(value, pointer) {
            Found::Value(Value::String(text)) => Some(vec![text]),
            _ => None,
        };
    };
    // `/*x` is a member's name and no step of its own.
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let Found::Value(Value::Array(items)) = find(value, list) else { return None };
    let mut found = Vec::new();
    for item in items {
        found.extend(texts(item, rest)?);
    }
    (!found.is_empty()).then_some(found)
}

/// The step that means every item.
const EACH: &str = "/*";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_item_of_a_list_must_name_itself() {
        let good =
            json!({"d": {"r": [{"t": "A", "in": [["x"], ["y"]]}, {"t": "B", "in": [["z"]]}]}});
        assert_eq!(texts(&good, "/d/r/*/t"), Some(vec!["A", "B"]));
        assert_eq!(texts(&good, "/d/r/*/in/*/*"), Some(vec!["x", "y", "z"]));
        assert_eq!(texts(&good, "/d/r/1/t"), Some(vec!["B"]));
        assert_eq!(texts(&json!(["A"]), "/*"), Some(vec!["A"]));
        for bad in [
            json!({}),
            json!({"d": {"r": []}}),
            json!({"d": {"r": {"t": "A"}}}),
            json!({"d": {"r": {"*": {"t": "A"}}}}),
            json!({"d": {"r": "A"}}),
            json!({"d": {"r": [{"t": "A"}, {}]}}),
            json!({"d": {"r": [{"t": "A"}, {"t": 1}]}}),
            json!({"d": {"r": [{"t": "A"}, "A"]}}),
            json!({"d": {"r": [{"t": "A"}, [{"t": "A"}]]}}),
            json!({"d": {"r": [{"t": "A", "T": "B"}]}}),
            json!({"d": {"r": [{"t": "A"}], "R": [{"t": "B"}]}}),
        ] {
            assert_eq!(texts(&bad, "/d/r/*/t"), None, "{bad}");
        }
        assert_eq!(texts(&json!({"*x": "A"}), "/*x"), None);
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_not_parsed() {
        for bad in [
            r#"{"op":1,"op":6}"#,
            r#"{"d":{"x":1,"x":2}}"#,
            r#"[{"a":1,"\u0061":2}]"#,
            r#"{"op":1}{"op":6}"#,
            r#"{"op":1} x"#,
            r#"{"op":01}"#,
            r#"{"op":1e999}"#,
            r#"{"op":NaN}"#,
            r#"{op:1}"#,
            r#"{'op':1}"#,
            r#"{"op":1,}"#,
            r#"{"op":"\ud800"}"#,
            "\u{feff}{}",
            "",
            &("[".repeat(200) + &"]".repeat(200)),
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse(b"{\"op\":\"\xff\"}"), None);
        assert_eq!(
            parse(br#" {"op": [1, 2.5, null, "x"]} "#),
            Some(json!({"op": [1, 2.5, null, "x"]}))
        );
    }

    #[test]
    fn pointers_follow_the_rfc_and_notice_keys_that_differ_only_in_case() {
        let value = json!({"d": {"requestType": "A", "a/b": 1, "m~n": 2}, "list": [{"x": 1}]});
        assert_eq!(find(&value, "/d/requestType"), Found::Value(&json!("A")));
        assert_eq!(find(&value, "/d/a~1b"), Found::Value(&json!(1)));
        assert_eq!(find(&value, "/d/m~0n"), Found::Value(&json!(2)));
        assert_eq!(find(&value, "/list/0/x"), Found::Value(&json!(1)));
        assert_eq!(find(&value, ""), Found::Value(&value));
        for absent in ["/nope", "/d/requesttype", "/list/1", "/list/x", "d", "/d/requestType/x"] {
            assert_eq!(find(&value, absent), Found::Absent, "{absent}");
        }
        let doubled = json!({"op": 1, "Op": 6});
        assert_eq!(find(&doubled, "/op"), Found::Ambiguous);
    }
}
