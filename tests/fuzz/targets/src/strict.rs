//! Strict JSON: what it accepts, every reader reads alike.

use if_manifest::parse_strict;
use serde_json::Value;

/// Larger than what the fuzzer makes, also when it is written anew.
const BYTES_MAX: usize = 1 << 20;
/// The deepest that may be accepted.
const DEPTH_MAX: usize = 48;

/// `strict-json`.
pub fn json(data: &[u8]) {
    let Ok(value) = parse_strict::<Value>(data, BYTES_MAX) else { return };
    let text = std::str::from_utf8(data).expect("JSON is text");
    // Counted without a parser: a doubled key would be one colon more than there are members.
    assert_eq!(colons(text), members(&value), "a key stands twice");
    assert!(depth(&value) <= DEPTH_MAX + 1);
    assert!(numbers_are_safe(&value));
    let written = serde_json::to_vec(&value).unwrap();
    let again: Value = parse_strict(&written, BYTES_MAX).expect("its own writing is strict");
    assert!(crate::alike::alike(&value, &again), "{value} became {again}");
    assert!(parse_strict::<Value>(data, data.len() - 1).is_err(), "it is larger than allowed");
}

/// Colons outside of strings.
fn colons(text: &str) -> usize {
    let (mut count, mut inside, mut escaped) = (0, false, false);
    for sign in text.chars() {
        match sign {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            ':' if !inside => count += 1,
            _ => {}
        }
    }
    count
}

fn members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(members).sum(),
        Value::Object(inner) => inner.len() + inner.values().map(members).sum::<usize>(),
        _ => 0,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(inner) => 1 + inner.values().map(depth).max().unwrap_or(0),
        _ => 1,
    }
}

fn numbers_are_safe(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            number.as_f64().is_some_and(|it| it.abs() <= 9_007_199_254_740_991.0)
        }
        Value::Array(items) => items.iter().all(numbers_are_safe),
        Value::Object(inner) => inner.values().all(numbers_are_safe),
        _ => true,
    }
}
