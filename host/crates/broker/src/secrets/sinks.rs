//! The last moment: a token becomes its value, in the one place where its manifest allows it.
//!
//! Everything is encoded for the place where it stands, so that a value cannot become structure:
//! percent-encoding in paths, queries and forms, JSON escapes in JSON, and no line breaks in lines
//! and headers. A token anywhere else is text and leaves as text.

use super::recipes::{UNRESERVED, Value, joined};
use super::spans;
use super::{Placeholder, Places, TOKEN_LENGTH, Vault};
use crate::BrokerError;
use crate::traffic::http::Parameter;
use crate::traffic::{http, json};
use if_core::{Header, Word};
use if_manifest::model::{Position, Sink};
use percent_encoding::percent_encode;
use std::sync::Arc;

/// Headers that say who asks: they carry a declared placeholder or do not leave.
const CREDENTIAL_HEADERS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// A place in a message.
#[derive(Debug, Clone, Copy)]
enum Spot<'a> {
    Header(&'a str),
    Query(&'a str),
    PathSegment(usize),
    Json(&'a str),
    Form(&'a str),
    Frame(&'a str),
    Line(&'a [u8]),
}

type Encode = fn(&[u8]) -> Result<Value, BrokerError>;

/// Puts values into one message to one endpoint.
pub struct Filler<'a> {
    vault: &'a Vault,
    endpoint: &'a Word,
    method: Option<&'a str>,
    path: Option<&'a str>,
    query: Option<&'a str>,
    used: Vec<Arc<Placeholder>>,
}

/// A request as it goes on the wire.
pub struct FilledRequest {
    pub path_and_query: Value,
    pub headers: Vec<(String, Value)>,
    pub body: Value,
    pub used: Vec<Arc<Placeholder>>,
}

/// A frame, line or datagram as it goes on the wire.
pub struct FilledFrame {
    pub bytes: Value,
    pub used: Vec<Arc<Placeholder>>,
}

impl<'a> Filler<'a> {
    /// For a message without method and path.
    pub fn new(vault: &'a Vault, endpoint: &'a Word) -> Self {
        Self { vault, endpoint, method: None, path: None, query: None, used: Vec::new() }
    }

    /// Fills a request's path, query, headers and body.
    pub fn request(
        mut self,
        method: &'a str,
        (path, query): (&'a str, Option<&'a str>),
        headers: &[Header],
        body: &[u8],
    ) -> Result<FilledRequest, BrokerError> {
        (self.method, self.path, self.query) = (Some(method), Some(path), query);
        let mut place = self.fill_path(path)?;
        if let Some(query) = query {
            place.push(plain(b"?"));
            place.extend(self.pairs(query.as_bytes(), |name| Spot::Query(name))?);
        }
        let mut filled = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            filled.push((name.clone(), self.header(name, value)?));
        }
        let kind = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let form = kind.is_some_and(|(_, kind)| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        let body = if form {
            joined(&self.pairs(body, |name| Spot::Form(name))?)
        } else {
            self.json(body, |pointer| Spot::Json(pointer))?
        };
        let path_and_query = joined(&place);
        Ok(FilledRequest { path_and_query, headers: filled, body, used: self.used })
    }

    /// Fills a WebSocket text message.
    pub fn frame(mut self, text: &str) -> Result<FilledFrame, BrokerError> {
        let bytes = self.json(text.as_bytes(), |pointer| Spot::Frame(pointer))?;
        Ok(FilledFrame { bytes, used: self.used })
    }

    /// Fills a line with its terminator, or a datagram.
    pub fn line(mut self, line: &[u8]) -> Result<FilledFrame, BrokerError> {
        let bytes = self.fill(line, Spot::Line(line), unbroken)?;
        Ok(FilledFrame { bytes, used: self.used })
    }

    fn header(&mut self, name: &str, value: &str) -> Result<Value, BrokerError> {
        let name = name.to_ascii_lowercase();
        let before = self.used.len();
        let filled = self.fill(value.as_bytes(), Spot::Header(&name), unbroken)?;
        if CREDENTIAL_HEADERS.contains(&name.as_str()) && self.used.len() == before {
            return Err(BrokerError::SecretSink(format!(
                "header `{name}` carries no placeholder that its recipe allows there"
            )));
        }
        Ok(filled)
    }

    fn fill_path(&mut self, path: &str) -> Result<Vec<Value>, BrokerError> {
        let mut parts = Vec::new();
        for (at, segment) in path.strip_prefix('/').unwrap_or(path).split('/').enumerate() {
            let filled = self.fill(segment.as_bytes(), Spot::PathSegment(at), escaped)?;
            let changed = *filled != *segment.as_bytes();
            if changed && matches!(filled.as_slice(), b"" | b"." | b"..") {
                return Err(BrokerError::SecretSink("a value would change the path".into()));
            }
            parts.extend([plain(b"/"), filled]);
        }
        Ok(parts)
    }

    /// Fills the values of `name=value&…`; names are never filled.
    fn pairs(
        &mut self,
        text: &[u8],
        spot: for<'s> fn(&'s str) -> Spot<'s>,
    ) -> Result<Vec<Value>, BrokerError> {
        let mut parts = Vec::new();
        for pair in text.split_inclusive(|byte| *byte == b'&') {
            let equals = pair.iter().position(|byte| *byte == b'=').map(|at| pair.split_at(at + 1));
            let Some((name, value)) = equals else {
                parts.push(plain(pair));
                continue;
            };
            parts.push(plain(name));
            let raw = std::str::from_utf8(name.strip_suffix(b"=").unwrap_or(name)).ok();
            parts.push(match raw.and_then(http::form_decoded) {
                Some(name) => self.fill(value, spot(&name), escaped)?,
                None => plain(value),
            });
        }
        Ok(parts)
    }

    fn json(
        &mut self,
        bytes: &[u8],
        spot: for<'s> fn(&'s str) -> Spot<'s>,
    ) -> Result<Value, BrokerError> {
        let unchanged = || Ok(plain(bytes));
        if self.vault.tokens_in(bytes).is_empty() {
            return unchanged();
        }
        let Some((value, text)) = json::parse(bytes).zip(std::str::from_utf8(bytes).ok()) else {
            return unchanged();
        };
        let holds_token = |text: &str| !self.vault.tokens_in(text.as_bytes()).is_empty();
        let mut edits = Vec::new();
        for pointer in spans::strings(&value, &holds_token) {
            let Some(range) = spans::locate(text, &pointer) else { continue };
            let literal = bytes.get(range.clone()).unwrap_or_default();
            edits.push((range, self.fill(literal, spot(&pointer), json_escaped)?));
        }
        edits.sort_by_key(|(range, _)| range.start);
        let mut parts = Vec::new();
        let mut from = 0;
        for (range, value) in edits {
            parts.extend([plain(bytes.get(from..range.start).unwrap_or_default()), value]);
            from = range.end;
        }
        parts.push(plain(bytes.get(from..).unwrap_or_default()));
        Ok(joined(&parts))
    }

    /// Replaces each token of a region that may stand at this spot.
    fn fill(
        &mut self,
        region: &[u8],
        spot: Spot<'_>,
        encode: Encode,
    ) -> Result<Value, BrokerError> {
        let mut parts = Vec::new();
        let mut from = 0;
        for (at, placeholder) in self.vault.tokens_in(region) {
            let before = region.get(..at).unwrap_or_default();
            if !self.fits(&placeholder, spot, before) {
                continue;
            }
            parts.push(plain(region.get(from..at).unwrap_or_default()));
            parts.push(encode(placeholder.value.expose())?);
            from = at + TOKEN_LENGTH;
            self.used.push(placeholder);
        }
        parts.push(plain(region.get(from..).unwrap_or_default()));
        Ok(joined(&parts))
    }

    fn fits(&self, placeholder: &Placeholder, spot: Spot<'_>, before: &[u8]) -> bool {
        match &placeholder.places {
            Places::Declared(sinks) => sinks.iter().any(|sink| self.sink_fits(sink, spot)),
            Places::Captured { endpoint, name, sinks } => {
                let declared = sinks.iter().any(|sink| self.sink_fits(sink, spot));
                let usual = sinks.is_empty()
                    && endpoint == self.endpoint
                    && usual_place(name, spot, before);
                declared || usual
            }
        }
    }

    fn sink_fits(&self, sink: &Sink, spot: Spot<'_>) -> bool {
        let place = match (&sink.position, spot) {
            (Position::Header(want), Spot::Header(name)) => want == name,
            (Position::Query(want), Spot::Query(name)) => want == name,
            (Position::PathSegment(want), Spot::PathSegment(at)) => usize::from(*want) == at,
            (Position::Json(want), Spot::Json(pointer)) => want == pointer,
            (Position::Form(want), Spot::Form(name)) => want == name,
            (Position::Frame(want), Spot::Frame(pointer)) => want == pointer,
            (Position::Line(want), Spot::Line(line)) => line.starts_with(want.as_bytes()),
            _ => false,
        };
        let method = sink.method.as_deref().is_none_or(|want| self.method == Some(want));
        let path = sink
            .path
            .as_deref()
            .is_none_or(|want| self.path.is_some_and(|path| http::path_matches(want, path)));
        let query = sink
            .query
            .iter()
            .all(|(name, want)| http::parameter(self.query, name) == Parameter::Once(want.clone()));
        place && method && path && query && sink.endpoint == *self.endpoint
    }
}

/// Where a captured value goes back when its manifest says nothing: `authorization`, the cookie of
/// its name, the form field or JSON member of its name.
fn usual_place(name: &str, spot: Spot<'_>, before: &[u8]) -> bool {
    let member = |pointer: &str| pointer.rsplit('/').next() == Some(name);
    match spot {
        Spot::Header("authorization") => true,
        Spot::Header("cookie") => {
            let pair = before.rsplit(|byte| *byte == b';').next().unwrap_or_default();
            pair.trim_ascii_start().strip_suffix(b"=") == Some(name.as_bytes())
        }
        Spot::Form(field) => field == name,
        Spot::Json(pointer) | Spot::Frame(pointer) => member(pointer),
        _ => false,
    }
}

fn plain(bytes: &[u8]) -> Value {
    Value::new(bytes.to_vec())
}

fn escaped(value: &[u8]) -> Result<Value, BrokerError> {
    let pieces = percent_encode(value, UNRESERVED).map(|piece| plain(piece.as_bytes()));
    Ok(joined(&pieces.collect::<Vec<_>>()))
}

fn unbroken(value: &[u8]) -> Result<Value, BrokerError> {
    if value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(BrokerError::SecretSink(
            "a value with a line break or NUL may not stand in a header or line".into(),
        ));
    }
    Ok(plain(value))
}

fn json_escaped(value: &[u8]) -> Result<Value, BrokerError> {
    let text = std::str::from_utf8(value).map_err(|_| {
        BrokerError::SecretSink("a value that is not UTF-8 cannot stand in JSON".into())
    })?;
    // Six bytes hold the longest escape of one: the buffer never moves.
    let mut quoted = Value::new(Vec::with_capacity(6 * text.len() + 2));
    serde_json::to_writer(&mut *quoted, text)
        .map_err(|error| BrokerError::Bug(format!("a text has no JSON: {error}")))?;
    Ok(plain(quoted.get(1..quoted.len() - 1).unwrap_or_default()))
}
