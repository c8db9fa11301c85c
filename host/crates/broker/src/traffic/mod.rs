//! What a message does to the world, decided by the signed rules alone.
//!
//! Pure: same message, same rules, same answer. The first rule that matches decides; a message that
//! no rule matches, or that two parsers could read differently, is `dangerous`. Nothing a plugin
//! says about itself is asked.

pub mod http;
pub mod json;
pub mod lines;

use http::Parameter;
use if_core::{Effect, Header};
use if_manifest::model::{EffectSource, Endpoint, Rule, TableKey};
use json::Found;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Signed tables: name → key → effect.
pub type Tables = BTreeMap<String, BTreeMap<String, Effect>>;

/// A message as it would leave, with placeholders instead of values.
#[derive(Debug, Clone, Copy)]
pub enum Outgoing<'a> {
    Request {
        method: &'a str,
        path: &'a str,
        query: Option<&'a str>,
        headers: &'a [Header],
        body: &'a [u8],
    },
    /// The GET that opens a WebSocket: a server that ignores the upgrade sees a plain request.
    Handshake {
        path: &'a str,
        query: Option<&'a str>,
        headers: &'a [Header],
    },
    /// A WebSocket text message.
    Text(&'a str),
    /// A WebSocket binary message, or a piece of a byte stream on an endpoint without line rules.
    Binary(&'a [u8]),
    /// One line without its terminator.
    Line(&'a [u8]),
    Datagram(&'a [u8]),
}

/// The verdict on one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Classified {
    pub effect: Effect,
    /// What a dry run answers instead.
    pub planned: Option<Value>,
}

/// Request headers by which some frameworks let the sender change method or path.
const OVERRIDE_HEADERS: [&str; 6] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-original-method",
];

/// Classifies a message to this endpoint.
pub fn classify(endpoint: &Endpoint, message: &Outgoing<'_>, tables: &Tables) -> Classified {
    let dangerous = Classified { effect: Effect::Dangerous, planned: None };
    if !is_plain(message) {
        return dangerous;
    }
    let view = View { message, json: OnceCell::new() };
    let is_handshake = matches!(message, Outgoing::Handshake { .. });
    for rule in endpoint.rules.iter().filter(|rule| !is_handshake || rule.path.is_some()) {
        match view.matches(rule) {
            Match::No => {}
            Match::Ambiguous => return dangerous,
            Match::Yes => {
                let effect = view.effect(&rule.effect, tables);
                return Classified { effect, planned: rule.planned.clone() };
            }
        }
    }
    match message {
        Outgoing::Handshake { path: "/", query: None, .. } => {
            Classified { effect: Effect::Session, planned: None }
        }
        _ => dangerous,
    }
}

/// Whether any rule of the endpoint looks at lines; without one a byte stream need not be cut.
pub fn judges_lines(endpoint: &Endpoint) -> bool {
    endpoint.rules.iter().any(|rule| {
        rule.line.is_some() || rule.method.is_some() || looks_into(&rule.effect, "line")
    })
}

/// Whether a table is asked by something of this kind.
fn looks_into(effect: &EffectSource, kind: &str) -> bool {
    let EffectSource::Table(key) = effect else { return false };
    key.places().flatten().any(|(one, _)| one == kind)
}

fn is_plain(message: &Outgoing<'_>) -> bool {
    let (path, headers) = match message {
        Outgoing::Request { path, headers, .. } | Outgoing::Handshake { path, headers, .. } => {
            (*path, *headers)
        }
        Outgoing::Line(line) => return !lines::has_break(line),
        _ => return true,
    };
    let overrides = |name: &str| OVERRIDE_HEADERS.iter().any(|odd| odd.eq_ignore_ascii_case(name));
    http::path_is_plain(path) && !headers.iter().any(|(name, _)| overrides(name))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    No,
    Ambiguous,
}

impl From<bool> for Match {
    fn from(yes: bool) -> Self {
        if yes { Match::Yes } else { Match::No }
    }
}

/// A message and, once somebody asked, its JSON.
struct View<'a> {
    message: &'a Outgoing<'a>,
    json: OnceCell<Option<Value>>,
}

impl View<'_> {
    fn matches(&self, rule: &Rule) -> Match {
        let about_http = rule.path.is_some() || !rule.query.is_empty();
        match *self.message {
            Outgoing::Request { method, path, query, body, .. } => {
                // Some servers read a GET's body: only a rule that looks into it may let it pass.
                let unread = matches!(method, "GET" | "HEAD") && !body.is_empty();
                if rule.line.is_some() || is_about_frames(rule) || unread && rule.json.is_empty() {
                    return Match::No;
                }
                let head = head_matches(rule, method, path, query);
                if head == Match::Yes { self.json_matches(rule) } else { head }
            }
            Outgoing::Handshake { path, query, .. } => {
                if rule.line.is_some() || !rule.json.is_empty() {
                    return Match::No;
                }
                head_matches(rule, "GET", path, query)
            }
            Outgoing::Text(_) => {
                if about_http || rule.method.is_some() || rule.line.is_some() {
                    return Match::No;
                }
                self.json_matches(rule)
            }
            Outgoing::Binary(_) => {
                let plain = !about_http && rule.method.is_none() && rule.line.is_none();
                Match::from(plain && rule.json.is_empty())
            }
            Outgoing::Line(line) => {
                let plain = rule.path.is_none() && rule.json.is_empty();
                if !(plain && line_matches(rule, line)) {
                    return Match::No;
                }
                line_query_matches(rule, line)
            }
            Outgoing::Datagram(datagram) => {
                let plain = !about_http && rule.json.is_empty();
                Match::from(plain && datagram_matches(rule, datagram))
            }
        }
    }

    fn json(&self) -> Option<&Value> {
        self.json
            .get_or_init(|| match self.message {
                Outgoing::Request { body, .. } => json::parse(body),
                Outgoing::Text(text) => json::parse(text.as_bytes()),
                _ => None,
            })
            .as_ref()
    }

    fn is_empty(&self) -> bool {
        match self.message {
            Outgoing::Request { body, .. } => body.is_empty(),
            Outgoing::Text(text) => text.is_empty(),
            _ => true,
        }
    }

    fn json_matches(&self, rule: &Rule) -> Match {
        if rule.json.is_empty() {
            return Match::Yes;
        }
        if self.is_empty() {
            return Match::No;
        }
        let Some(value) = self.json() else { return Match::Ambiguous };
        let mut all = Match::Yes;
        for (pointer, wanted) in &rule.json {
            match json::find(value, pointer) {
                Found::Ambiguous => return Match::Ambiguous,
                Found::Value(found) if found == wanted => {}
                _ => all = Match::No,
            }
        }
        all
    }

    fn effect(&self, source: &EffectSource, tables: &Tables) -> Effect {
        match source {
            EffectSource::Fixed(effect) => *effect,
            EffectSource::Table(key) => self.by_table(key, tables).unwrap_or(Effect::Dangerous),
        }
    }

    /// The highest effect of all words that the key names; none when one of them is not listed.
    fn by_table(&self, key: &TableKey, tables: &Tables) -> Option<Effect> {
        let table = tables.get(&key.table)?;
        let effects = self.words(key)?.into_iter().map(|word| table.get(&word).copied());
        effects.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// The words by which a table is asked. Several places make one word together, with dots
    /// between; a part with a dot of its own could be read as two, so it is no key.
    fn words(&self, key: &TableKey) -> Option<Vec<String>> {
        let places: Vec<_> = key.places().collect::<Option<_>>()?;
        if let [(kind, place)] = places.as_slice() {
            return self.words_at(kind, place);
        }
        let mut parts = Vec::new();
        for (kind, place) in places {
            match self.words_at(kind, place)?.as_slice() {
                [word] if !word.contains('.') => parts.push(word.clone()),
                _ => return None,
            }
        }
        Some(vec![parts.join(".")])
    }

    fn words_at(&self, kind: &str, place: &str) -> Option<Vec<String>> {
        if kind == "json" {
            let texts = json::texts(self.json()?, place)?;
            return Some(texts.into_iter().map(str::to_owned).collect());
        }
        Some(vec![self.word(kind, place)?])
    }

    fn word(&self, kind: &str, place: &str) -> Option<String> {
        match (kind, *self.message) {
            ("query", Outgoing::Request { query, .. } | Outgoing::Handshake { query, .. }) => {
                match http::parameter(query, place) {
                    Parameter::Once(word) => Some(word),
                    _ => None,
                }
            }
            ("path", Outgoing::Request { path, .. } | Outgoing::Handshake { path, .. }) => {
                http::segment(path, place.parse().ok()?)
            }
            ("line", Outgoing::Line(text) | Outgoing::Datagram(text)) => {
                let text = std::str::from_utf8(lines::without_end(text)).ok()?;
                text.split(' ').nth(place.parse().ok()?).map(str::to_owned)
            }
            _ => None,
        }
    }
}

/// Whether a rule judges JSON without saying at which path: then it means frames. On an endpoint
/// with HTTP and WebSocket a harmless frame must not be a password for any request with that body.
fn is_about_frames(rule: &Rule) -> bool {
    let by_json = looks_into(&rule.effect, "json");
    rule.path.is_none() && (by_json || !rule.json.is_empty())
}

fn head_matches(rule: &Rule, method: &str, path: &str, query: Option<&str>) -> Match {
    let method_fits = rule.method.as_deref().is_none_or(|wanted| wanted == method);
    let path_fits = rule.path.as_deref().is_none_or(|wanted| http::path_matches(wanted, path));
    if !(method_fits && path_fits) {
        return Match::No;
    }
    let all = query_matches(rule, query);
    // A table by a parameter that is there twice decides nothing either.
    let EffectSource::Table(key) = &rule.effect else { return all };
    let twice = |(kind, name): (&str, &str)| {
        kind == "query" && http::parameter(query, name) == Parameter::Ambiguous
    };
    if key.places().flatten().any(twice) { Match::Ambiguous } else { all }
}

fn query_matches(rule: &Rule, query: Option<&str>) -> Match {
    let mut all = Match::Yes;
    for (name, wanted) in &rule.query {
        match (http::parameter(query, name), wanted.as_str()) {
            (Parameter::Ambiguous, _) => return Match::Ambiguous,
            (Parameter::Absent, "!") => {}
            (Parameter::Once(_), "*") => {}
            (Parameter::Once(value), wanted) if value == wanted && wanted != "!" => {}
            _ => all = Match::No,
        }
    }
    all
}

/// What stands behind a line's second blank, read as a query; without `line` a query is not about
/// lines.
fn line_query_matches(rule: &Rule, line: &[u8]) -> Match {
    if rule.query.is_empty() {
        return Match::Yes;
    }
    if rule.line.is_none() {
        return Match::No;
    }
    let Ok(text) = std::str::from_utf8(lines::without_end(line)) else { return Match::Ambiguous };
    query_matches(rule, text.splitn(3, ' ').nth(2))
}

fn line_matches(rule: &Rule, line: &[u8]) -> bool {
    let starts = rule.line.as_deref().is_none_or(|start| line.starts_with(start.as_bytes()));
    let method = rule.method.as_deref();
    starts && method.is_none_or(|wanted| lines::sip_method(line) == Some(wanted))
}

/// A rule by line start takes a datagram of one line only: a second line could be a second command.
fn datagram_matches(rule: &Rule, datagram: &[u8]) -> bool {
    if let Some(wanted) = rule.method.as_deref() {
        let first = datagram.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let first = first.strip_suffix(b"\r").unwrap_or(first);
        return rule.line.is_none() && lines::sip_method(first) == Some(wanted);
    }
    let Some(start) = rule.line.as_deref() else { return true };
    let single = lines::without_end(datagram);
    !lines::has_break(single) && single.starts_with(start.as_bytes())
}

#[cfg(test)]
mod tests;
