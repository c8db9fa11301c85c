//! Secrets: recipes that use what exists, sinks that name one exact place, captures likewise.

use super::at::At;
use super::commands::pointer;
use super::network::{Talks, method, path_pattern};
use super::{is_plain, line};
use crate::ManifestError;
use crate::model::{Jwt, Keyed, Position, Predicate, Recipe, Sink, Step};
use std::collections::BTreeSet;

/// Deepest derivation; AWS SigV4, the deepest known, has 7.
const STEP_DEPTH_MAX: u32 = 20;

/// Most nodes of a derivation: each costs the host a hash.
const STEP_COUNT_MAX: u32 = 128;

/// Most PBKDF2 rounds: OWASP asks for 1.3 million with SHA-1, a second of one core.
const ROUNDS_MAX: u32 = 2_000_000;

/// Longest derived key: 8 blocks of SHA-512.
const DERIVED_BYTES_MAX: u32 = 512;

/// Headers the host alone writes: with one of them a message could be cut in two or sent elsewhere.
const HEADERS_REFUSED: &[&str] = &[
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "proxy-connection",
];

/// All secrets of the plugin.
pub(super) fn secrets(at: &At<'_>, it: &Predicate) -> Result<(), ManifestError> {
    let mut names = BTreeSet::new();
    // A guest asks by the recipe's name alone, so recipes of different secrets must differ too.
    let mut recipes = BTreeSet::new();
    for (index, secret) in it.secrets.iter().enumerate() {
        let at = &at.index(index);
        at.field("name")
            .require(names.insert(&secret.name), || format!("`{}` stands twice", secret.name))?;
        line(&at.field("summary"), &secret.summary)?;
        let list = &at.field("recipes");
        list.require(!secret.recipes.is_empty(), || "without one the secret has no use".into())?;
        for (index, one) in secret.recipes.iter().enumerate() {
            let at = &list.index(index);
            at.field("name")
                .require(recipes.insert(&one.name), || format!("`{}` stands twice", one.name))?;
            recipe(at, it, one)?;
        }
    }
    Ok(())
}

/// All captures of the plugin. Without sinks of its own a capture goes back where it came from.
pub(super) fn captures(at: &At<'_>, it: &Predicate) -> Result<(), ManifestError> {
    for (index, capture) in it.captures.iter().enumerate() {
        let at = &at.index(index);
        let known = it.endpoints.iter().any(|one| one.name == capture.endpoint);
        at.field("endpoint")
            .require(known, || format!("there is no endpoint `{}`", capture.endpoint))?;
        let named = !capture.name.is_empty() && is_plain(&capture.name);
        at.field("name").require(named, || "must name a member or header".into())?;
        sinks(&at.field("sinks"), it, &capture.sinks)?;
    }
    Ok(())
}

fn recipe(at: &At<'_>, it: &Predicate, recipe: &Recipe) -> Result<(), ManifestError> {
    let mut inputs = BTreeSet::new();
    let list = &at.field("inputs");
    for (index, input) in recipe.inputs.iter().enumerate() {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let ok = (1..=63).contains(&input.len()) && input.bytes().all(legal);
        let at = &list.index(index);
        at.require(ok, || format!("`{input}` must match [A-Za-z0-9_-]+"))?;
        at.require(inputs.insert(input.as_str()), || format!("`{input}` stands twice"))?;
    }
    let mut tree = Tree { it, inputs: &inputs, used: BTreeSet::new(), nodes: 0, secret: false };
    let step = &at.field("step");
    tree.walk(step, &recipe.step, STEP_DEPTH_MAX)?;
    step.require(tree.secret, || "uses no secret: a public value needs no recipe".into())?;
    let unused = inputs.iter().find(|input| !tree.used.contains(*input));
    at.field("inputs").require(unused.is_none(), || {
        format!("`{}` is not used", unused.copied().unwrap_or_default())
    })?;
    at.field("sinks").require(!recipe.sinks.is_empty(), || {
        "must name a place: a value without a sink can never be used".into()
    })?;
    sinks(&at.field("sinks"), it, &recipe.sinks)
}

/// One walk over a derivation tree.
struct Tree<'a> {
    it: &'a Predicate,
    inputs: &'a BTreeSet<&'a str>,
    used: BTreeSet<&'a str>,
    nodes: u32,
    secret: bool,
}

impl<'a> Tree<'a> {
    fn walk(&mut self, at: &At<'_>, step: &'a Step, depth: u32) -> Result<(), ManifestError> {
        self.nodes += 1;
        at.require(self.nodes <= STEP_COUNT_MAX, || format!("has over {STEP_COUNT_MAX} nodes"))?;
        at.require(depth > 0, || format!("is deeper than {STEP_DEPTH_MAX}"))?;
        match step {
            Step::Secret(name) => {
                self.secret = true;
                let known = self.it.secrets.iter().any(|secret| secret.name == *name);
                at.require(known, || format!("there is no secret `{name}`"))?;
            }
            Step::Input(name) => {
                self.used.insert(name);
                at.require(self.inputs.contains(name.as_str()), || {
                    format!("there is no input `{name}`")
                })?;
            }
            Step::Concat(parts) => {
                at.require(!parts.is_empty(), || "concat of nothing".into())?;
            }
            Step::Pbkdf2Sha1(it) | Step::Pbkdf2Sha256(it) => {
                let ok = (1..=ROUNDS_MAX).contains(&it.rounds);
                at.require(ok, || format!("rounds must be 1 to {ROUNDS_MAX}"))?;
                let ok = (1..=DERIVED_BYTES_MAX).contains(&it.length_bytes);
                at.require(ok, || format!("length_bytes must be 1 to {DERIVED_BYTES_MAX}"))?;
            }
            Step::Jwt(Jwt { algorithm, .. }) => {
                let known = ["HS256", "RS256", "ES256", "EdDSA"].contains(&algorithm.as_str());
                at.require(known, || format!("`{algorithm}` is not HS256, RS256, ES256 or EdDSA"))?;
            }
            Step::Totp(it) => {
                let ok = (6..=8).contains(&it.digits) && (1..=300).contains(&it.period_seconds);
                at.require(ok, || "totp has 6 to 8 digits and a period of 1 to 300 s".into())?;
            }
            _ => {}
        }
        children(step).into_iter().try_for_each(|child| self.walk(at, child, depth - 1))
    }
}

fn children(step: &Step) -> Vec<&Step> {
    match step {
        Step::Secret(_) | Step::Input(_) | Step::Text(_) => Vec::new(),
        Step::Concat(parts) => parts.iter().collect(),
        Step::Md5(of)
        | Step::Sha1(of)
        | Step::Sha256(of)
        | Step::Sha384(of)
        | Step::Sha512(of)
        | Step::Sha512T256(of)
        | Step::Base64(of)
        | Step::Base64Url(of)
        | Step::UnBase64(of)
        | Step::UnBase64Url(of)
        | Step::Hex(of)
        | Step::UnHex(of)
        | Step::Percent(of) => vec![of],
        Step::HmacSha1(Keyed { key, message })
        | Step::HmacSha256(Keyed { key, message })
        | Step::HmacSha384(Keyed { key, message })
        | Step::HmacSha512(Keyed { key, message })
        | Step::Rs256(Keyed { key, message })
        | Step::Es256(Keyed { key, message })
        | Step::EdDsa(Keyed { key, message }) => vec![key, message],
        Step::Pbkdf2Sha1(it) | Step::Pbkdf2Sha256(it) => vec![&it.password, &it.salt],
        Step::Jwt(it) => vec![&it.key, &it.header, &it.claims],
        Step::Totp(it) => vec![&it.key],
    }
}

fn sinks(at: &At<'_>, it: &Predicate, sinks: &[Sink]) -> Result<(), ManifestError> {
    sinks.iter().enumerate().try_for_each(|(index, one)| sink(&at.index(index), it, one))
}

fn sink(at: &At<'_>, it: &Predicate, sink: &Sink) -> Result<(), ManifestError> {
    let endpoint = it.endpoints.iter().find(|one| one.name == sink.endpoint);
    let endpoint = endpoint.ok_or_else(|| {
        at.field("endpoint").fault(format!("there is no endpoint `{}`", sink.endpoint))
    })?;
    let talks = Talks::of(endpoint);
    if let Some(text) = &sink.method {
        method(&at.field("method"), text)?;
    }
    if let Some(text) = &sink.path {
        path_pattern(&at.field("path"), text)?;
    }
    at.field("query")
        .require(sink.query.is_empty() || talks.http, || "needs an http endpoint".into())?;
    for (name, value) in &sink.query {
        let fine = !name.is_empty() && is_plain(name) && is_plain(value);
        at.field("query").key(name).require(fine, || "must be plain text".into())?;
    }
    let at = &at.field("position");
    let needs = |ok: bool, what: &str| at.require(ok, || format!("needs {what} endpoint"));
    match &sink.position {
        Position::Header(name) => {
            needs(talks.http || talks.websocket, "an http or ws")?;
            header(at, name)
        }
        Position::Query(name) => {
            needs(talks.http || talks.websocket, "an http or ws")?;
            at.require(!name.is_empty() && is_plain(name), || "must name a parameter".into())
        }
        Position::PathSegment(_) => needs(talks.http || talks.websocket, "an http or ws"),
        Position::Json(place) => {
            needs(talks.http, "an http")?;
            member(at, place)
        }
        Position::Form(name) => {
            needs(talks.http, "an http")?;
            at.require(!name.is_empty() && is_plain(name), || "must name a field".into())
        }
        Position::Frame(place) => {
            needs(talks.websocket, "a ws")?;
            member(at, place)
        }
        Position::Line(prefix) => {
            needs(talks.lines, "a tcp, tls or udp")?;
            at.require(is_plain(prefix), || "must be one line".into())
        }
    }
}

/// A pointer to one member: the whole document is no exact place.
fn member(at: &At<'_>, place: &str) -> Result<(), ManifestError> {
    at.require(!place.is_empty(), || "must point at one member".into())?;
    pointer(at, place)
}

fn header(at: &At<'_>, name: &str) -> Result<(), ManifestError> {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    at.require(!name.is_empty() && name.bytes().all(legal), || {
        format!("`{name}` must be a header's name in lower case")
    })?;
    at.require(!HEADERS_REFUSED.contains(&name), || format!("`{name}` is the host's to write"))
}
