//! Inputs by number, title or key, looked up in vMix's own state before anything is sent.
//!
//! vMix silently ignores an input it does not have, and takes the first of two with one title; both
//! are refused here instead, with what there is. What is sent is the number or the title as it was
//! given, or the key where vMix would not understand the given spelling.

use if_sdk::nearest;
use if_sdk::prelude::*;

/// What vMix itself understands as program and preview: they always exist.
const ALWAYS: [&str; 2] = ["-1", "0"];

/// An input that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// As it goes to vMix.
    pub sent: String,
    /// The state's entry; `null` for program and preview, which nobody looked up.
    pub entry: Value,
}

impl Input {
    /// For the result: number and title.
    pub fn shown(&self) -> Value {
        if self.entry.is_null() {
            return json!(self.sent);
        }
        self.entry.pick(&[("number", "number"), ("title", "title")])
    }
}

/// Whether a name needs no look-up.
pub fn is_role(name: &str) -> bool {
    ALWAYS.contains(&name)
}

/// The input meant.
///
/// # Errors
/// `refused`, with the nearest titles, when there is none; `usage` when there are several.
pub fn find(state: &Value, name: &str) -> Result<Input, Failure> {
    if is_role(name) {
        return Ok(Input { sent: name.to_owned(), entry: Value::Null });
    }
    let all = state.at("inputs").items();
    let found = |entry: &Value, sent: &str| Input { sent: sent.to_owned(), entry: entry.clone() };
    if let Ok(number) = name.parse::<i64>() {
        let entry = all.iter().find(|entry| entry.at("number").as_i64() == Some(number));
        return entry.map(|entry| found(entry, name)).ok_or_else(|| missing(state, name));
    }
    let is_key = |entry: &&Value| text(entry, "key").eq_ignore_ascii_case(name);
    if let Some(entry) = all.iter().find(is_key) {
        return Ok(found(entry, text(entry, "key")));
    }
    let exact: Vec<_> = all.iter().filter(|entry| text(entry, "title") == name).collect();
    match exact.as_slice() {
        [entry] => return Ok(found(entry, name)),
        [] => {}
        several => return Err(ambiguous(name, several)),
    }
    let folded = name.to_lowercase();
    let alike = |entry: &&Value| {
        text(entry, "shortTitle") == name || text(entry, "title").to_lowercase() == folded
    };
    match all.iter().filter(alike).collect::<Vec<_>>().as_slice() {
        [entry] => Ok(found(entry, text(entry, "key"))),
        [] => Err(missing(state, name)),
        several => Err(ambiguous(name, several)),
    }
}

fn text<'v>(entry: &'v Value, name: &str) -> &'v str {
    entry.at(name).as_str().unwrap_or_default()
}

fn ambiguous(name: &str, several: &[&Value]) -> Failure {
    let numbers: Vec<_> = several.iter().map(|entry| entry.at("number").to_string()).collect();
    Failure::usage(format!("`{name}` is the title of inputs {}: give a number", numbers.join(", ")))
}

fn missing(state: &Value, name: &str) -> Failure {
    let all = state.at("inputs").items();
    let titled = all.iter().find(|entry| text(entry, "title") == name);
    let titles = all.iter().map(|entry| text(entry, "title"));
    let hint = match (titled, nearest(name, titles)) {
        // vMix takes digits for a number, whatever inputs are called.
        (Some(entry), _) => format!("`{name}` is the title of input {}", entry.at("number")),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("there are inputs 1 to {}", all.len()),
    };
    Failure::refused("", format!("there is no input `{name}`")).hint(Some(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> Value {
        json!({ "inputs": [
            { "number": 1, "key": "aa-1", "title": "Camera 1", "shortTitle": "C1" },
            { "number": 2, "key": "bb-2", "title": "2024" },
            { "number": 3, "key": "cc-3", "title": "Logo" },
            { "number": 4, "key": "dd-4", "title": "Logo" },
            { "number": null, "key": null, "title": null },
        ]})
    }

    #[test]
    fn inputs_are_found_by_number_key_and_title() {
        for (name, sent) in [
            ("1", "1"),
            ("-1", "-1"),
            ("0", "0"),
            ("AA-1", "aa-1"),
            ("Camera 1", "Camera 1"),
            ("camera 1", "aa-1"),
            ("C1", "aa-1"),
        ] {
            assert_eq!(find(&state(), name).map(|input| input.sent), Ok(sent.to_owned()));
        }
    }

    #[test]
    fn what_does_not_exist_or_is_not_one_is_refused() {
        let hint = |name: &str| match find(&state(), name) {
            Err(Failure::Refused(refusal)) => refusal.hint.unwrap_or_default(),
            Err(Failure::Usage(text)) => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(hint("Camra 1"), "did you mean `Camera 1`?");
        assert_eq!(hint("7"), "there are inputs 1 to 5");
        assert_eq!(hint("2024"), "`2024` is the title of input 2", "a number is a number");
        assert_eq!(hint("Logo"), "`Logo` is the title of inputs 3, 4: give a number");
        assert!(find(&json!({ "inputs": "x" }), "1").is_err());
    }
}
