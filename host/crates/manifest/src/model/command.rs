//! Commands, their parameters, and the closed schema language both are written in.

use super::EffectSource;
use crate::schema::text;
use if_core::Word;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One command of a provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Words behind the provider: `scene switch`. None is a prefix of another.
    pub path: String,
    /// One line for help.
    pub summary: String,
    pub effect: EffectSource,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    #[serde(default)]
    pub view: View,
    /// Emits events until stopped.
    #[serde(default)]
    pub streams: bool,
    /// Whole lines as a user would type them, without `if`.
    #[serde(default)]
    pub examples: Vec<String>,
    /// Lines at the end of its help: what may be given, say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub details: String,
}

/// How the result is shown to people; `--json` always shows all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum View {
    /// `key: value` lines for an object, one line per item for a list.
    #[default]
    Fields,
    /// A table of these members over the list at this pointer.
    Table { rows: String, columns: Vec<String> },
    /// The string at this pointer, as it is.
    Text { pointer: String },
    /// Pretty JSON.
    Json,
}

/// A parameter of a command or a setting of an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    #[schemars(with = "text::Word")]
    pub name: Word,
    pub summary: String,
    pub kind: Kind,
    #[serde(default)]
    pub required: bool,
    /// Stands without its name, in the order of declaration; accepted as `--name` too.
    #[serde(default)]
    pub positional: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Who knows the values there are right now; asked when a shell completes the word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete: Option<Completion>,
}

/// Where the values of a parameter are listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// Path of a read command of the same plugin that needs nothing but the instance.
    pub command: String,
    /// Where they stand in its result: a JSON pointer in which `*` is every item of a list.
    pub pointer: String,
}

/// The closed schema language: `"bool"`, or `{"int": {"min": 0}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    Bool,
    Int {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
    },
    /// Written as a JSON number; bounds inclusive.
    Decimal {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
    },
    String {
        #[serde(default = "length_default")]
        length_max: u32,
    },
    Enum {
        values: Vec<String>,
    },
    /// Scheme, host and perhaps port: `http://name.local:8123`. Grants may name its parts.
    Url {
        /// Of `http`, `https`, `ws`, `wss`.
        schemes: Vec<String>,
    },
    /// `250ms`, `5s`, `2m`; crosses as integer milliseconds.
    Duration {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_ms: Option<u64>,
    },
    List {
        of: Box<Kind>,
        #[serde(default = "count_default")]
        count_max: u32,
    },
    /// `key=value` words; crosses as an object of strings.
    Record {
        #[serde(default = "count_default")]
        count_max: u32,
    },
    /// Any JSON text, `@file` reads one.
    Json {
        #[serde(default = "json_default")]
        bytes_max: u64,
    },
    /// Settings only: never a value, always a name in the vault.
    Secret,
    FileIn {
        bytes_max: u64,
    },
    FileOut {
        bytes_max: u64,
    },
}

/// Longest string argument unless the manifest says otherwise.
fn length_default() -> u32 {
    4096
}

/// Most items of a list argument unless the manifest says otherwise.
fn count_default() -> u32 {
    256
}

/// Largest JSON argument unless the manifest says otherwise.
fn json_default() -> u64 {
    256 << 10
}
