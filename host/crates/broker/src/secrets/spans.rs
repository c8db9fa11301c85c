//! Where a JSON string stands in its text, so that it can be changed without rewriting the rest.
//!
//! Numbers, key order and blanks of a body stay exactly as the guest wrote them; only bytes inside
//! the one literal change.

use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
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

/// The bytes of the value at a pointer, quotes included.
pub fn locate(text: &str, pointer: &str) -> Option<Range<usize>> {
    let mut here: &RawValue = serde_json::from_str(text).ok()?;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        here = if here.get().starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(here.get()).ok()?;
            items.get(step.parse::<usize>().ok()?).copied()?
        } else {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(here.get()).ok()?;
            members.get(&step).copied()?
        };
    }
    let start = (here.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let end = start + here.get().len();
    (text.get(start..end)? == here.get()).then_some(start..end)
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
