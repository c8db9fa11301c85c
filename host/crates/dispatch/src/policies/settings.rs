//! A policy's settings, held against the schema of its signed manifest, with the place of whatever
//! does not fit.

use if_config::{ConfigError, PolicyEntry, PolicyFile, nearest};
use if_manifest::model::{Kind, Parameter};
use serde_json::{Map, Value};

/// The settings as the schema wants them: checked, with defaults filled in.
pub(super) fn checked(
    file: &PolicyFile,
    entry: &PolicyEntry,
    schema: &[Parameter],
) -> Result<Value, ConfigError> {
    let fault = |at: String, what: &str| file.fault(entry, &at, None, what);
    for key in entry.settings.keys() {
        if !schema.iter().any(|parameter| parameter.name.as_str() == key) {
            let known = schema.iter().map(|parameter| parameter.name.as_str());
            let near = nearest(key, known.clone()).map(str::to_owned);
            let what = match near {
                Some(near) => format!("unknown setting `{key}`; did you mean `{near}`?"),
                None => format!(
                    "unknown setting `{key}`; known: {}",
                    known.collect::<Vec<_>>().join(", ")
                ),
            };
            return Err(fault(format!("/{key}"), &what));
        }
    }
    let mut checked = Map::new();
    for parameter in schema {
        let key = parameter.name.as_str();
        let Some(value) = entry.settings.get(key).or(parameter.default.as_ref()) else {
            if parameter.required {
                return Err(fault(String::new(), &format!("lacks the setting `{key}`")));
            }
            continue;
        };
        let fitted = match (&parameter.kind, value) {
            (Kind::Duration { .. }, Value::String(text)) => parameter.kind.parse_text(text),
            (kind, value) => kind.check(value).map(|()| value.clone()),
        };
        let fitted = fitted.map_err(|why| fault(format!("/{key}"), &format!("`{key}` {why}")))?;
        checked.insert(key.to_owned(), fitted);
    }
    Ok(Value::Object(checked))
}
