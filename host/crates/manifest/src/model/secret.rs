//! Secrets: named derivations (recipes) and the exact places (sinks) where their results may stand.
//!
//! A plugin names a recipe and gets a token; nothing in these types can hold a value.

use crate::schema::text;
use if_core::Word;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A secret of an instance, and the only ways in which it may be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    #[schemars(with = "text::Word")]
    pub name: Word,
    pub summary: String,
    #[serde(default)]
    pub optional: bool,
    pub recipes: Vec<Recipe>,
}

/// A derivation of a secret under a name, and where its result may stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    #[schemars(with = "text::Word")]
    pub name: Word,
    /// Public inputs the guest must give.
    #[serde(default)]
    pub inputs: Vec<String>,
    pub step: Step,
    pub sinks: Vec<Sink>,
}

/// A node of a derivation tree. Each yields bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The secret itself; a name because binary steps may use several secrets of the instance.
    Secret(#[schemars(with = "text::Word")] Word),
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
    /// The URL alphabet, without padding.
    #[serde(rename = "un-base64-url")]
    UnBase64Url(Box<Step>),
    Hex(Box<Step>),
    UnHex(Box<Step>),
    /// All but RFC 3986's unreserved characters as `%XX`, for a query in a line.
    Percent(Box<Step>),
    /// PKCS#8 PEM or DER key, message → signature.
    Rs256(Keyed),
    Es256(Keyed),
    EdDsa(Keyed),
    Jwt(Jwt),
    Totp(Totp),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keyed {
    pub key: Box<Step>,
    pub message: Box<Step>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pbkdf2 {
    pub password: Box<Step>,
    pub salt: Box<Step>,
    pub rounds: u32,
    pub length_bytes: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Totp {
    pub key: Box<Step>,
    pub digits: u8,
    pub period_seconds: u32,
    /// The HMAC's hash; SHA-1 when absent, as authenticators have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<TotpHash>,
}

/// The hashes of RFC 6238 §1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TotpHash {
    Sha1,
    Sha256,
    Sha512,
}

/// An exact position in which a placeholder becomes its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    #[schemars(with = "text::Word")]
    pub endpoint: Word,
    pub position: Position,
    /// HTTP: upper case; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// HTTP: path pattern as in rules; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// HTTP: query parameters that stand there exactly once, with these values. Where one path does
    /// many things by its query, this is what makes the place exact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    #[schemars(with = "text::Word")]
    pub endpoint: Word,
    /// JSON member name (any depth), or header name.
    pub name: String,
    /// Where the captured value may be sent back to.
    pub sinks: Vec<Sink>,
}
