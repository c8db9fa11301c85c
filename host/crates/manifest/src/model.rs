//! The manifest's predicate: every field that an author writes, a component describes, or a
//! reviewer signs. Wire types; a released one is never changed, only succeeded.

use if_core::{CapabilityId, Digest, Effect, Micros, Protocol, Word};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// in-toto's statement type.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The predicate defined by this file.
pub const PREDICATE_TYPE: &str = "if://predicate/plugin-manifest/v0.1";

/// `manifest.json`: an in-toto Statement v1 over the package's files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Path inside the package, `/`-separated: `component.wasm`, `data/sbom.json`.
    pub name: String,
    pub digest: SubjectDigest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectDigest {
    /// 64 hexadecimal digits, without prefix, as in-toto writes it.
    pub sha256: String,
}

/// Everything declared about one plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    pub id: CapabilityId,
    /// The word typed behind `if`.
    pub provider: Word,
    pub version: Version,
    /// Rises with every release; an installation never goes back.
    pub release: u64,
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
    /// Schema of an instance's settings; those used in an endpoint's address have no default.
    #[serde(default)]
    pub settings: Vec<Parameter>,
    #[serde(default)]
    pub commands: Vec<Command>,
    /// Effect by argument: table name → key → effect. See [`EffectSource::Table`].
    #[serde(default)]
    pub tables: BTreeMap<String, BTreeMap<String, Effect>>,
    /// Price per call of a command path, in micro-units of `currency`.
    #[serde(default)]
    pub prices: BTreeMap<String, Micros>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    Provider,
    Policy,
}

/// A place the plugin may talk to, and what each message to it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    pub name: Word,
    /// Any of these; the first is the usual one.
    pub protocols: Vec<Protocol>,
    /// Template over instance settings, `{host}`; or a literal name.
    pub host: String,
    /// Template over instance settings, `{port}`; or a literal number.
    pub port: String,
    /// First match decides; without a match a message is `dangerous`.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// One traffic rule: when it matches, the message has this effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// HTTP: method, upper case. SIP over UDP or TCP: the request method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// HTTP: path pattern; `*` is one segment, a trailing `**` the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// HTTP: each query parameter occurs exactly once and equals; `*` is any value. `!` is absent.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EffectSource {
    Fixed(Effect),
    Table(TableKey),
}

/// A look-up in a signed table; a key that is not there is `dangerous`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableKey {
    pub table: String,
    /// In a traffic rule: `json:/d/requestType`, `query:Function`, or `line:1` (the blank-separated
    /// word of that index). In a command: the parameter's name.
    pub key: String,
}

/// A secret of an instance, and the only ways in which it may be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    pub name: Word,
    pub summary: String,
    #[serde(default)]
    pub optional: bool,
    pub recipes: Vec<Recipe>,
}

/// A derivation of a secret under a name, and where its result may stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    pub name: Word,
    /// Public inputs the guest must give.
    #[serde(default)]
    pub inputs: Vec<String>,
    pub step: Step,
    pub sinks: Vec<Sink>,
}

/// A node of a derivation tree. Each yields bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The secret itself; a name because binary steps may use several secrets of the instance.
    Secret(Word),
    /// A public input, as UTF-8.
    Input(String),
    /// Literal text.
    Text(String),
    Concat(Vec<Step>),
    Md5(Box<Step>),
    Sha1(Box<Step>),
    Sha256(Box<Step>),
    Sha384(Box<Step>),
    Sha512(Box<Step>),
    #[serde(rename = "sha512-256")]
    Sha512T256(Box<Step>),
    HmacSha1(Keyed),
    HmacSha256(Keyed),
    HmacSha384(Keyed),
    HmacSha512(Keyed),
    Pbkdf2Sha1(Pbkdf2),
    Pbkdf2Sha256(Pbkdf2),
    Base64(Box<Step>),
    Base64Url(Box<Step>),
    UnBase64(Box<Step>),
    Hex(Box<Step>),
    UnHex(Box<Step>),
    /// PKCS#8 PEM or DER key, message → signature.
    Rs256(Keyed),
    Es256(Keyed),
    EdDsa(Keyed),
    Jwt(Jwt),
    Totp(Totp),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyed {
    pub key: Box<Step>,
    pub message: Box<Step>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pbkdf2 {
    pub password: Box<Step>,
    pub salt: Box<Step>,
    pub rounds: u32,
    pub length_bytes: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// `HS256`, `RS256`, `ES256` or `EdDSA`.
    pub algorithm: String,
    pub key: Box<Step>,
    /// JSON object with the header's fields beside `alg` and `typ`.
    pub header: Box<Step>,
    /// JSON object with the claims.
    pub claims: Box<Step>,
}

/// RFC 6238 over the call's time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totp {
    pub key: Box<Step>,
    pub digits: u8,
    pub period_seconds: u32,
}

/// An exact position in which a placeholder becomes its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    pub endpoint: Word,
    pub position: Position,
    /// HTTP: upper case; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// HTTP: path pattern as in rules; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// A request header, lower case; literals may stand around the placeholder.
    Header(String),
    /// A query parameter.
    Query(String),
    /// The path segment of this index, from 0; literals may stand around it.
    PathSegment(u16),
    /// JSON pointer in an HTTP body.
    Json(String),
    /// Field of an `application/x-www-form-urlencoded` body.
    Form(String),
    /// JSON pointer in a WebSocket text frame.
    Frame(String),
    /// A line (TCP, TLS) or datagram (UDP) that starts with this text.
    Line(String),
}

/// A value in an answer that becomes a secret before the guest sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    pub endpoint: Word,
    /// JSON member name (any depth), or header name.
    pub name: String,
    /// Where the captured value may be sent back to.
    pub sinks: Vec<Sink>,
}

/// Ceilings of one call. Each is enforced; the manifest may only lower the host's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Sum over all linear memories of a call.
    pub memory_bytes_max: u64,
    /// Wasm instructions, roughly.
    pub fuel_max: u64,
    /// Guest, host calls and queueing together.
    pub deadline_ms: u64,
    /// Bytes lifted from the guest in one host call.
    pub host_call_bytes_max: u64,
    /// Host calls of one call.
    pub host_calls_max: u64,
    /// Live component handles.
    pub handles_max: u32,
    /// Result and events together.
    pub output_bytes_max: u64,
    /// Log lines, stdout and stderr together.
    pub log_bytes_max: u64,
    /// Connections open at once, HTTP requests included.
    pub connections_max: u32,
    /// One HTTP body or frame, either way.
    pub message_bytes_max: u64,
}

impl Default for Limits {
    /// What a well-made provider command never notices, and a hostile one cannot do much with.
    fn default() -> Self {
        Self {
            memory_bytes_max: 64 << 20,
            fuel_max: 2_000_000_000,
            deadline_ms: 10_000,
            host_call_bytes_max: 4 << 20,
            host_calls_max: 20_000,
            handles_max: 1_000,
            output_bytes_max: 4 << 20,
            log_bytes_max: 64 << 10,
            connections_max: 8,
            message_bytes_max: 8 << 20,
        }
    }
}

/// One command of a provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
}

/// How the result is shown to people; `--json` always shows all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
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
}

/// The closed schema language: `"bool"`, or `{"int": {"min": 0}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// What `describe` returns: the part of a manifest that the code itself knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    pub summary: String,
    #[serde(default)]
    pub settings: Vec<Parameter>,
    #[serde(default)]
    pub commands: Vec<Command>,
}

/// `plugin.toml`: the part of a manifest that the author writes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    pub id: CapabilityId,
    pub provider: Word,
    pub version: Version,
    pub release: u64,
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
    /// Table name → CSV file `key,effect` beside plugin.toml.
    #[serde(default)]
    pub tables: BTreeMap<String, String>,
    /// Further files of the package: name under `data/` → path beside plugin.toml.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
    #[serde(default)]
    pub prices: BTreeMap<String, Micros>,
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
