//! The closed schema language at work: does a value fit, and what does a word on the command line
//! mean. The same answers for arguments, instance settings and defaults.

use crate::model::Kind;
use crate::url::UrlParts;
use serde_json::{Map, Number, Value};

/// Integers cross as JSON numbers; beyond 2^53-1 readers disagree about them.
pub(crate) const INTEGER_MAX: i64 = (1 << 53) - 1;

impl Kind {
    /// Whether `value` is one of this kind, and if not, why not: `must be at most 65535`.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        match self {
            Kind::Bool => fits(value.is_boolean(), || "must be true or false"),
            Kind::Int { min, max } => check_int(value, *min, *max),
            Kind::Decimal { min, max } => check_decimal(value, *min, *max),
            Kind::String { length_max } => {
                let text = value.as_str().ok_or("must be text")?;
                fits(text.chars().count() <= *length_max as usize, || {
                    format!("must have at most {length_max} characters")
                })
            }
            Kind::Enum { values } => {
                let known = value.as_str().is_some_and(|text| values.iter().any(|one| one == text));
                fits(known, || match values.len() {
                    0..=12 => format!("must be one of {}", values.join(", ")),
                    count => format!("must be one of the {count} names the help lists"),
                })
            }
            Kind::Url { schemes } => check_url(value, schemes),
            Kind::Duration { max_ms } => {
                let millis = value.as_u64().ok_or("must be a duration in whole milliseconds")?;
                let most = max_ms.unwrap_or(INTEGER_MAX as u64);
                fits(millis <= most, || format!("must be at most {most} ms"))
            }
            Kind::List { of, count_max } => check_list(value, of, *count_max),
            Kind::Record { count_max } => check_record(value, *count_max),
            Kind::Json { bytes_max } => {
                let bytes = value.to_string().len() as u64;
                fits(bytes <= *bytes_max, || format!("must be at most {bytes_max} bytes of JSON"))
            }
            Kind::Secret => Err("is a secret: it has a name in the vault, never a value".into()),
            Kind::FileIn { .. } | Kind::FileOut { .. } => {
                let path = value.as_str().ok_or("must be the path of a file")?;
                fits(!path.is_empty() && !path.contains('\0'), || "must be the path of a file")
            }
        }
    }

    /// What one word of a command line means as this kind, checked. A list gives a list of this
    /// one item, a record (`key=value`) an object of this one pair: the caller joins several.
    pub fn parse_text(&self, text: &str) -> Result<Value, String> {
        let value = match self {
            Kind::Bool => Value::Bool(parse_bool(text)?),
            Kind::Int { .. } => {
                let number: i64 = text.parse().map_err(|_| "must be a whole number")?;
                Value::from(number)
            }
            Kind::Decimal { .. } => Value::Number(parse_decimal(text)?),
            Kind::Duration { .. } => Value::from(parse_duration(text)?),
            Kind::Json { bytes_max } => {
                fits(text.len() as u64 <= *bytes_max, || {
                    format!("must be at most {bytes_max} bytes of JSON")
                })?;
                serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?
            }
            Kind::List { of, .. } => Value::Array(vec![of.parse_text(text)?]),
            Kind::Record { .. } => {
                let (key, value) = text.split_once('=').ok_or("must be key=value")?;
                Value::Object(Map::from_iter([(key.to_owned(), Value::from(value))]))
            }
            Kind::String { .. }
            | Kind::Enum { .. }
            | Kind::Url { .. }
            | Kind::Secret
            | Kind::FileIn { .. }
            | Kind::FileOut { .. } => Value::from(text),
        };
        self.check(&value)?;
        Ok(value)
    }
}

fn fits<T: Into<String>>(ok: bool, why: impl FnOnce() -> T) -> Result<(), String> {
    if ok { Ok(()) } else { Err(why().into()) }
}

fn check_int(value: &Value, min: Option<i64>, max: Option<i64>) -> Result<(), String> {
    let number = value.as_i64().ok_or("must be a whole number")?;
    let (min, max) = (min.unwrap_or(-INTEGER_MAX), max.unwrap_or(INTEGER_MAX));
    fits(number >= min, || format!("must be at least {min}"))?;
    fits(number <= max, || format!("must be at most {max}"))
}

fn check_decimal(value: &Value, min: Option<f64>, max: Option<f64>) -> Result<(), String> {
    let number = value.as_f64().filter(|number| number.is_finite()).ok_or("must be a number")?;
    fits(min.is_none_or(|min| number >= min), || {
        format!("must be at least {}", min.unwrap_or_default())
    })?;
    fits(max.is_none_or(|max| number <= max), || {
        format!("must be at most {}", max.unwrap_or_default())
    })
}

fn check_url(value: &Value, schemes: &[String]) -> Result<(), String> {
    let url = UrlParts::parse(value.as_str().ok_or("must be a URL")?)?;
    let known = schemes.iter().any(|scheme| scheme == url.scheme.as_str());
    fits(known, || format!("must begin with {}://", schemes.join(":// or ")))
}

fn check_list(value: &Value, of: &Kind, count_max: u32) -> Result<(), String> {
    let items = value.as_array().ok_or("must be a list")?;
    fits(items.len() <= count_max as usize, || format!("must have at most {count_max} items"))?;
    for (index, item) in items.iter().enumerate() {
        of.check(item).map_err(|why| format!("item {}: {why}", index + 1))?;
    }
    Ok(())
}

fn check_record(value: &Value, count_max: u32) -> Result<(), String> {
    let members = value.as_object().ok_or("must be an object of key=value pairs")?;
    fits(members.len() <= count_max as usize, || format!("must have at most {count_max} pairs"))?;
    for (key, member) in members {
        fits(!key.is_empty(), || "has a pair without a key")?;
        fits(member.is_string(), || format!("`{key}` must be text"))?;
    }
    Ok(())
}

fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "true" | "yes" | "on" => Ok(true),
        "false" | "no" | "off" => Ok(false),
        _ => Err("must be true or false".into()),
    }
}

fn parse_decimal(text: &str) -> Result<Number, String> {
    // Rust also reads `inf`, `nan` and `1.`; what crosses is a JSON number, so JSON's rule holds.
    let number: Number = serde_json::from_str(text).map_err(|_| "must be a number")?;
    Ok(number)
}

/// `250ms`, `5s`, `2m`, `1h` in milliseconds. A bare number is refused: it could mean either.
fn parse_duration(text: &str) -> Result<u64, String> {
    let shape = || "must be a duration such as 250ms, 5s, 2m or 1h".to_owned();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(shape)?;
    let (digits, unit) = text.split_at(unit_at);
    let factor: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(shape()),
    };
    let count: u64 = digits.parse().map_err(|_| shape())?;
    count.checked_mul(factor).ok_or_else(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kind(value: Value) -> Kind {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn words_become_values() {
        for (of, text, expect) in [
            (json!("bool"), "on", json!(true)),
            (json!({"int": {"min": -3}}), "-3", json!(-3)),
            (json!({"decimal": {}}), "0.5", json!(0.5)),
            (json!({"decimal": {}}), "2", json!(2)),
            (json!({"string": {}}), "-3", json!("-3")),
            (json!({"enum": {"values": ["a", "b"]}}), "b", json!("b")),
            (json!({"duration": {}}), "250ms", json!(250)),
            (json!({"duration": {}}), "5s", json!(5000)),
            (json!({"duration": {}}), "2m", json!(120_000)),
            (json!({"duration": {"max_ms": 3_600_000}}), "1h", json!(3_600_000)),
            (json!({"json": {}}), "{\"a\": 1}", json!({"a": 1})),
            (json!({"list": {"of": {"int": {}}}}), "4", json!([4])),
            (json!({"record": {}}), "Input=a=b", json!({"Input": "a=b"})),
            (json!({"url": {"schemes": ["http"]}}), "http://a:1", json!("http://a:1")),
            (json!({"file-in": {"bytes_max": 9}}), "x.png", json!("x.png")),
        ] {
            assert_eq!(kind(of.clone()).parse_text(text), Ok(expect), "{of} {text}");
        }
    }

    #[test]
    fn words_that_do_not_fit_say_why() {
        for (of, text, why) in [
            (json!("bool"), "1", "true or false"),
            (json!({"int": {"max": 9}}), "10", "at most 9"),
            (json!({"int": {"min": 1}}), "0", "at least 1"),
            (json!({"int": {}}), "9007199254740992", "at most 9007199254740991"),
            (json!({"int": {}}), "1.5", "whole number"),
            (json!({"int": {}}), "", "whole number"),
            (json!({"decimal": {}}), "NaN", "number"),
            (json!({"decimal": {}}), "1e999", "number"),
            (json!({"decimal": {"max": 1.5}}), "1.6", "at most 1.5"),
            (json!({"decimal": {"min": 1.5}}), "1.4", "at least 1.5"),
            (json!({"string": {"length_max": 2}}), "äöü", "at most 2 characters"),
            (json!({"enum": {"values": ["a", "b"]}}), "c", "one of a, b"),
            (json!({"duration": {}}), "5", "such as 250ms"),
            (json!({"duration": {}}), "5 s", "such as 250ms"),
            (json!({"duration": {}}), "ms", "such as 250ms"),
            (json!({"duration": {}}), "99999999999999999999h", "such as 250ms"),
            (json!({"duration": {"max_ms": 1000}}), "2s", "at most 1000 ms"),
            (json!({"json": {}}), "{a}", "is not JSON"),
            (json!({"json": {"bytes_max": 4}}), "[1,2,3]", "at most 4 bytes"),
            (json!({"list": {"of": {"int": {}}}}), "x", "whole number"),
            (json!({"record": {}}), "Input", "key=value"),
            (json!({"record": {}}), "=x", "without a key"),
            (json!({"url": {"schemes": ["http"]}}), "a.local", "such as http://"),
            (json!({"url": {"schemes": ["http"]}}), "https://a", "must begin with http://"),
            (json!({"url": {"schemes": ["http"]}}), "http://a/b", "must end behind"),
            (json!("secret"), "hunter2", "vault"),
            (json!({"file-out": {"bytes_max": 9}}), "", "path of a file"),
        ] {
            let error = kind(of.clone()).parse_text(text).unwrap_err();
            assert!(error.contains(why), "{of} {text}: {error}");
            assert!(!error.contains("hunter2"));
        }
    }

    #[test]
    fn lists_and_records_count_and_name_the_item() {
        let list = kind(json!({"list": {"of": {"int": {"max": 5}}, "count_max": 2}}));
        assert_eq!(list.check(&json!([1, 6])), Err("item 2: must be at most 5".into()));
        assert_eq!(list.check(&json!([1, 2, 3])), Err("must have at most 2 items".into()));
        assert_eq!(list.check(&json!({})), Err("must be a list".into()));
        let record = kind(json!({"record": {"count_max": 1}}));
        assert_eq!(record.check(&json!({"a": 1})), Err("`a` must be text".into()));
        assert!(record.check(&json!({"a": "", "b": ""})).is_err());
    }
}
