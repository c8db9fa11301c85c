//! The manifest's predicate: every field that an author writes, a component describes, or a
//! reviewer signs. Wire types; a released one is never changed, only succeeded.

mod command;
mod discover;
mod limits;
mod price;
mod rules;
mod secret;
mod traffic;

pub use command::{Command, Completion, Kind, Parameter, View};
pub use discover::{Discover, Probe};
pub use limits::Limits;
pub use price::{Price, Transaction};
pub use rules::{Need, Rules};
pub use secret::{
    Capture, Jwt, Keyed, Pbkdf2, Position, Recipe, Secret, Sink, Step, Totp, TotpHash,
};
pub use traffic::{EffectSource, Endpoint, Rule, TableKey};

use crate::schema::text;
use if_core::{CapabilityId, Digest, Effect, Word};
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// in-toto's statement type.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The predicate defined by this file.
pub const PREDICATE_TYPE: &str = "if://predicate/plugin-manifest/v0.1";
/// What a provider implements.
pub const WORLD_PROVIDER: &str = "infrafabric:adapter/adapter@0.1.0";
/// What a policy implements.
pub const WORLD_POLICY: &str = "infrafabric:adapter/policy@0.1.0";
/// The subject that is the component itself.
pub const COMPONENT_FILE: &str = "component.wasm";

/// `manifest.json`: an in-toto Statement v1 over the package's files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// `component.wasm` first, then `data/…` files, each by SHA-256.
    pub subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    pub predicate: Predicate,
}

/// A file of the package by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Path inside the package, `/`-separated: `component.wasm`, `data/sbom.json`.
    pub name: String,
    pub digest: SubjectDigest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectDigest {
    /// 64 hexadecimal digits, without prefix, as in-toto writes it.
    #[schemars(with = "text::Sha256")]
    pub sha256: String,
}

/// Everything declared about one plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    #[schemars(with = "text::Capability")]
    pub id: CapabilityId,
    /// The word typed behind `if`.
    #[schemars(with = "text::Word")]
    pub provider: Word,
    #[schemars(with = "text::Version")]
    pub version: Version,
    /// Rises with every release; an installation never goes back.
    pub release: u64,
    /// What kind of thing it drives, for budgets over several providers: `ai`, `studio`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Word>")]
    pub category: Option<Word>,
    pub kind: PluginKind,
    /// `infrafabric:adapter/adapter@0.1.0` or `…/policy@0.1.0`.
    pub world: String,
    /// One line for lists and help.
    pub summary: String,
    /// Interfaces beyond the baseline, without patch version: `wasi:http/outgoing-handler@0.2`.
    #[serde(default)]
    pub imports: Vec<String>,
    /// What a command of it may touch, in the operator's words: `studio:control`.
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    #[serde(default)]
    pub secrets: Vec<Secret>,
    #[serde(default)]
    pub captures: Vec<Capture>,
    /// The provider legitimately repeats credentials; shown in `plugin diff`.
    #[serde(default)]
    pub echoes: bool,
    #[serde(default)]
    pub limits: Limits,
    /// What the host looks for when the operator types `discover`.
    #[serde(default, skip_serializing_if = "Discover::is_empty")]
    pub discover: Discover,
    /// Schema of an instance's settings; those used in an endpoint's address have no default.
    #[serde(default)]
    pub settings: Vec<Parameter>,
    #[serde(default)]
    pub commands: Vec<Command>,
    /// Effect by argument: table name → key → effect. See [`EffectSource::Table`].
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, BTreeMap<String, text::Effect>>")]
    pub tables: BTreeMap<String, BTreeMap<String, Effect>>,
    /// Command path → what it costs, in millionths of `currency`.
    #[serde(default)]
    pub prices: BTreeMap<String, Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// A policy's reasons and needs; a provider has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Rules>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    Provider,
    Policy,
}

/// What `describe` returns: the part of a manifest that the code itself knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Description {
    pub summary: String,
    #[serde(default)]
    pub settings: Vec<Parameter>,
    #[serde(default)]
    pub commands: Vec<Command>,
    /// Of a policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Rules>,
}

/// `plugin.toml`: the part of a manifest that the author writes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    pub id: CapabilityId,
    pub provider: Word,
    pub version: Version,
    pub release: u64,
    #[serde(default)]
    pub category: Option<Word>,
    #[serde(default = "provider_kind")]
    pub kind: PluginKind,
    /// Path of the built component, relative to plugin.toml.
    pub component: String,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    #[serde(default)]
    pub secrets: Vec<Secret>,
    #[serde(default)]
    pub captures: Vec<Capture>,
    #[serde(default)]
    pub echoes: bool,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub discover: Discover,
    /// Table name → CSV file `key,effect` beside plugin.toml.
    #[serde(default)]
    pub tables: BTreeMap<String, String>,
    /// Further files of the package: name under `data/` → path beside plugin.toml.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
    #[serde(default)]
    pub prices: BTreeMap<String, Price>,
    #[serde(default)]
    pub currency: Option<String>,
}

fn provider_kind() -> PluginKind {
    PluginKind::Provider
}

impl Manifest {
    /// The digest of a packaged file, by its name inside the package.
    pub fn subject_digest(&self, name: &str) -> Option<Digest> {
        let subject = self.subject.iter().find(|subject| subject.name == name)?;
        Digest::parse(&subject.digest.sha256).ok()
    }
}
