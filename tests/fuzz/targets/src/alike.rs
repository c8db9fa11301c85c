//! Whether two JSON values say the same.
//!
//! Decimals may differ in their last place: serde_json reads them faster than exactly, and no
//! promise hangs on the seventeenth digit.

use serde_json::Value;

/// Equal, but for the last place of decimals.
pub fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| alike(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(key, value)| other.get(key).is_some_and(|found| alike(value, found));
            one.len() == other.len() && one.iter().all(same)
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() || other.is_f64() => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            (one - other).abs() <= one.abs().max(other.abs()) * 4.0 * f64::EPSILON
        }
        (one, other) => one == other,
    }
}
