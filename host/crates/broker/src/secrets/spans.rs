//! Where a JSON string stands in its text, so that it can be changed without rewriting the rest.
//!
//! Numbers, key order and blanks of a body stay exactly as the guest wrote them; only bytes inside
//! the one literal change.

use serde::de::IgnoredAny;
use serde_json::Value;
use std::ops::Range;

/// Deepest JSON that is walked: the parser's own limit.
const DEPTH_MAX: usize = 128;

/// Pointers of all strings that `wanted` picks.
pub fn strings(value: &Value, wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    walk(value, &mut String::new(), wanted, DEPTH_MAX, &mut found);
    found
}

fn walk(
    value: &Value,
    here: &mut String,
    wanted: &dyn Fn(&str) -> bool,
    depth: usize,
    found: &mut Vec<String>,
) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let mut inner = |step: &str, value: &Value, here: &mut String| {
        let length = here.len();
        here.push('/');
        here.push_str(step);
        walk(value, here, wanted, depth, found);
        here.truncate(length);
    };
    match value {
        Value::String(text) if wanted(text) => found.push(here.clone()),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                inner(&at.to_string(), item, here);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                inner(&key.replace('~', "~0").replace('/', "~1"), value, here);
            }
        }
        _ => {}
    }
}

/// The bytes of the value at a pointer, quotes included. Of equal keys the last one counts, as for
/// the parser.
pub fn locate(text: &str, pointer: &str) -> Option<Range<usize>> {
    let steps = pointer.split('/').skip(1);
    steps.map(|step| step.replace("~1", "/").replace("~0", "~")).try_fold(
        value_at(text, 0)?,
        |here, step| match text.as_bytes().get(here.start)? {
            b'[' => item(text, here.start + 1, step.parse().ok()?),
            b'{' => member(text, here.start + 1, &step),
            _ => None,
        },
    )
}

/// The value that begins behind the blanks from here.
fn value_at(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..)?;
    let start = from + rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let rest = serde_json::Deserializer::from_str(text.get(start..)?);
    let mut values = rest.into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(start..start + values.byte_offset())
}

/// Behind this sign, if nothing but blanks stands before it.
fn behind(text: &str, from: usize, sign: char) -> Option<usize> {
    let rest = text.get(from..)?.trim_start_matches([' ', '\t', '\n', '\r']);
    rest.strip_prefix(sign).map(|rest| text.len() - rest.len())
}

fn item(text: &str, mut at: usize, index: usize) -> Option<Range<usize>> {
    for _ in 0..index {
        at = behind(text, value_at(text, at)?.end, ',')?;
    }
    value_at(text, at)
}

fn member(text: &str, mut at: usize, name: &str) -> Option<Range<usize>> {
    let mut found = None;
    while let Some(key) = value_at(text, at) {
        let value = value_at(text, behind(text, key.end, ':')?)?;
        let key: String = serde_json::from_str(text.get(key)?).ok()?;
        let next = behind(text, value.end, ',');
        if key == name {
            found = Some(value);
        }
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_and_located_in_place() {
        let text = "{ \"a/b\" : [1.10, {\"x~\": \"TOKEN\"}], \"y\":\"TOKEN\" }";
        let value: Value = serde_json::from_str(text).unwrap();
        let pointers = strings(&value, &|string| string == "TOKEN");
        assert_eq!(pointers, ["/a~1b/1/x~0", "/y"]);
        for pointer in pointers {
            assert_eq!(&text[locate(text, &pointer).unwrap()], "\"TOKEN\"");
        }
        assert_eq!(locate(text, "/nope"), None);
        assert_eq!(locate("\"TOKEN\"", ""), Some(0..7));
    }
}
