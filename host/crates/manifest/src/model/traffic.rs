//! Where a plugin may talk to, and what each message to it does.
//!
//! An endpoint is a template over an instance's settings, never a wildcard; its rules are data, so
//! that the host, not the plugin, says whether a message reads or writes.

use crate::schema::text;
use if_core::{Effect, Protocol, Word};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A place the plugin may talk to, and what each message to it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    #[schemars(with = "text::Word")]
    pub name: Word,
    /// Any of these; the first is the usual one.
    #[schemars(with = "Vec<text::Protocol>")]
    pub protocols: Vec<Protocol>,
    /// Template over instance settings, `{host}` or `{url.host}`; or a literal name.
    pub host: String,
    /// Template over instance settings, `{port}` or `{url.port}`; or a literal number.
    pub port: String,
    /// First match decides; without a match a message is `dangerous`.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// One traffic rule: when it matches, the message has this effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// HTTP: method, upper case. SIP over UDP or TCP: the request method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// HTTP: path pattern; `*` is one segment, a trailing `**` the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// HTTP: each query parameter occurs exactly once and equals; `*` is any value. `!` is absent.
    /// With `line`: the same in what stands behind the line's second blank (`FUNCTION Cut
    /// Input=1`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// HTTP body or WebSocket text frame as JSON: pointer → value it must equal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub json: BTreeMap<String, Value>,
    /// TCP, TLS, UDP: the line or datagram starts with this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    pub effect: EffectSource,
    /// What a dry run answers instead: an HTTP body or a frame, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<Value>,
}

/// An effect, or the table that knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EffectSource {
    Fixed(#[schemars(with = "text::Effect")] Effect),
    Table(TableKey),
}

/// A look-up in a signed table; a key that is not there is `dangerous`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableKey {
    pub table: String,
    /// In a traffic rule: `json:/d/requestType`, `query:Function`, `path:2` (the segment of that
    /// index, from 0), or `line:1` (the blank-separated word of that index); several with ` . `
    /// between them, `json:/domain . json:/service`, for a key such as `light.turn_on`. In a
    /// command: the parameter's name, or, for a JSON parameter, name and pointer,
    /// `data:/requestType`. A step `*` of a pointer means every item of a list: the highest of
    /// their effects counts, and a list that is empty or of another shape is `dangerous`.
    pub key: String,
}

impl TableKey {
    /// The places of a traffic rule's key, in order: what each looks into, and where. `None` for a
    /// text that is none.
    pub fn places(&self) -> impl Iterator<Item = Option<(&str, &str)>> {
        self.key.split(" . ").map(|place| place.split_once(':'))
    }
}
