//! What a policy says of itself: summary, settings, reasons, needs.

use if_sdk_schema::{Description, Kind, Need, Parameter, Rules};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Longest text of a setting: a page of rules.
const LENGTH_MAX: u32 = 64 << 10;

/// Most items of a list.
const COUNT_MAX: u32 = 1_000;

/// Largest setting of any shape.
const JSON_BYTES_MAX: u64 = 256 << 10;

/// What `describe` says.
#[derive(Debug, Clone)]
pub struct About {
    summary: String,
    settings: Vec<Parameter>,
    rules: Rules,
}

impl About {
    /// One line of what it is for.
    pub fn new(summary: &str) -> Self {
        let rules = Rules { reasons: BTreeMap::new(), needs: Vec::new() };
        Self { summary: summary.to_owned(), settings: Vec::new(), rules }
    }

    /// What the operator may write under `settings:`.
    #[must_use]
    pub fn setting(mut self, setting: Setting) -> Self {
        self.settings.push(setting.0);
        self
    }

    /// A code that its decisions name, and what it means. One that is not named here is not
    /// believed.
    #[must_use]
    pub fn reason(mut self, code: &str, meaning: &str) -> Self {
        self.rules.reasons.insert(code.to_owned(), meaning.to_owned());
        self
    }

    /// Facts that are gathered only for those who need them.
    #[must_use]
    pub fn needs(mut self, need: Need) -> Self {
        self.rules.needs.push(need);
        self
    }

    /// The description that is signed.
    pub fn describe(&self) -> String {
        let description = Description {
            summary: &self.summary,
            settings: &self.settings,
            commands: Vec::new(),
            rules: Some(&self.rules),
        };
        json!(description).to_string()
    }
}

/// A setting: its name, a sentence, and which values it takes.
#[derive(Debug, Clone)]
pub struct Setting(Parameter);

impl Setting {
    /// Of any kind.
    pub fn new(name: &str, summary: &str, kind: Kind) -> Self {
        Self(Parameter {
            name: name.to_owned(),
            summary: summary.to_owned(),
            kind,
            required: false,
            positional: false,
            default: None,
            complete: None,
        })
    }

    /// There is no policy without it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.0.required = true;
        self
    }

    /// What holds where the operator says nothing.
    #[must_use]
    pub fn or(mut self, value: impl Into<Value>) -> Self {
        self.0.default = Some(value.into());
        self
    }
}

/// Text.
pub fn text(name: &str, summary: &str) -> Setting {
    Setting::new(name, summary, text_kind())
}

/// A whole number within bounds.
pub fn int(name: &str, summary: &str, min: i64, max: i64) -> Setting {
    Setting::new(name, summary, Kind::Int { min: Some(min), max: Some(max) })
}

/// A number within bounds.
pub fn decimal(name: &str, summary: &str, min: f64, max: f64) -> Setting {
    Setting::new(name, summary, Kind::Decimal { min: Some(min), max: Some(max) })
}

/// True or false; false where the operator says nothing.
pub fn flag(name: &str, summary: &str) -> Setting {
    Setting::new(name, summary, Kind::Bool).or(false)
}

/// One of these words.
pub fn choice(name: &str, summary: &str, values: &[&str]) -> Setting {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Setting::new(name, summary, Kind::Enum { values })
}

/// A list of one kind.
pub fn list(name: &str, summary: &str, of: Kind) -> Setting {
    Setting::new(name, summary, Kind::List { of: Box::new(of), count_max: COUNT_MAX })
}

/// Text, as the kind of a list's items.
pub fn text_kind() -> Kind {
    Kind::String { length_max: LENGTH_MAX }
}

/// Any shape, as the kind of a list's items; `validate` says what is wrong with it.
pub fn json_kind() -> Kind {
    Kind::Json { bytes_max: JSON_BYTES_MAX }
}
