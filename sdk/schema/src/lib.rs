//! What `describe` returns, as wire types: the mirror of the manifest's `Description`.
//!
//! Separate from the host's own types on purpose: a component is built against a released schema,
//! and the schema of a release never changes. The tests of both SDKs hold the two together.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Summary and settings; commands of a provider, rules of a policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description<'a> {
    pub summary: &'a str,
    pub settings: &'a [Parameter],
    pub commands: Vec<&'a Command>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<&'a Rules>,
}

/// What a policy may say, beside its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// Every code that a decision may name, and what it means.
    pub reasons: BTreeMap<String, String>,
    /// Facts that are gathered only for those who need them.
    pub needs: Vec<Need>,
}

/// Facts that cost something to gather.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// How often it was asked for lately.
    Recent,
    /// The budgets it counts for, and what is left of them.
    Budgets,
    /// What the swarm that asks is good at.
    Capabilities,
}

/// One command: words behind the provider, effect, parameters, how its result is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Command {
    pub path: String,
    pub summary: String,
    pub effect: EffectSource,
    pub parameters: Vec<Parameter>,
    pub view: View,
    pub streams: bool,
    pub examples: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub details: String,
}

/// A parameter of a command or a setting of an instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    pub name: String,
    pub summary: String,
    pub kind: Kind,
    pub required: bool,
    pub positional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<Completion>,
}

/// The read command that lists a parameter's values, and where in its result they stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completion {
    pub command: String,
    pub pointer: String,
}

/// What a command does to the world, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    Read,
    Write,
    Dangerous,
}

/// An effect, or the signed table that knows it by a parameter's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum EffectSource {
    Fixed(Effect),
    Table { table: String, key: String },
}

/// How people see the result; `--json` always shows all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    Fields,
    Table { rows: String, columns: Vec<String> },
    Text { pointer: String },
    Json,
}

/// The closed schema language: `"bool"`, or `{"int": {"min": 0}}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Bool,
    Int {
        #[serde(skip_serializing_if = "Option::is_none")]
        min: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
    },
    Decimal {
        #[serde(skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
    },
    String {
        length_max: u32,
    },
    Enum {
        values: Vec<String>,
    },
    Url {
        schemes: Vec<String>,
    },
    Duration {
        #[serde(skip_serializing_if = "Option::is_none")]
        max_ms: Option<u64>,
    },
    List {
        of: Box<Kind>,
        count_max: u32,
    },
    Record {
        count_max: u32,
    },
    Json {
        bytes_max: u64,
    },
    FileIn {
        bytes_max: u64,
    },
    FileOut {
        bytes_max: u64,
    },
}
