//! Members of foreign JSON, read without trust in its shape.
//!
//! Indexing a `Value` panics when the peer sends a list where an object was promised; a crash is
//! not an answer. These never panic: what is not there is `null`.

use serde_json::{Map, Value};

/// What `at` lends when there is nothing.
static NULL: Value = Value::Null;

/// Reading members of a [`Value`] that somebody else wrote.
pub trait Members {
    /// The member of this name; `null` when there is none, or no object.
    fn at(&self, name: &str) -> &Value;

    /// The same, taken out; `null` remains.
    fn take_at(&mut self, name: &str) -> Value;

    /// The items of a list; none when it is no list.
    fn items(&self) -> &[Value];

    /// A new object of some members under new names: `[("name", "sceneName")]`.
    fn pick(&self, names: &[(&str, &str)]) -> Value;
}

impl Members for Value {
    fn at(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&NULL)
    }

    fn take_at(&mut self, name: &str) -> Value {
        self.get_mut(name).map(Value::take).unwrap_or_default()
    }

    fn items(&self) -> &[Value] {
        self.as_array().map(Vec::as_slice).unwrap_or_default()
    }

    fn pick(&self, names: &[(&str, &str)]) -> Value {
        let member = |(new, old): &(&str, &str)| ((*new).to_owned(), self.at(old).clone());
        Value::Object(names.iter().map(member).collect::<Map<_, _>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wrong_shape_is_null_and_never_a_panic() {
        for mut foreign in [json!([]), json!("x"), Value::Null, json!({ "b": 1 })] {
            assert_eq!(foreign.at("a"), &Value::Null);
            assert_eq!(foreign.take_at("a"), Value::Null);
            assert_eq!(foreign.at("a").items(), &[] as &[Value]);
            assert_eq!(foreign.pick(&[("n", "a")]), json!({ "n": null }));
        }
        assert_eq!(json!({ "a": [1] }).take_at("a").items(), [json!(1)]);
    }
}
