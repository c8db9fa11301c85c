//! Secrets that a provider hands out: they become placeholders before the guest sees them.
//!
//! In answers to requests that carried a secret, members `access_token`, `refresh_token`,
//! `id_token` and `session…`, cookies, and whatever names the manifest adds are replaced; the guest
//! sends the placeholder back where the value belongs and never holds it. Strings only: a number
//! under such a name stays what it is. Bodies that are neither JSON nor a form are left to the
//! names of headers. Once captured, a value is replaced in every later answer too (`Vault::hide`).
//!
//! A secret that was sent and comes back under such a name is no new one: it is left to the search
//! for echoes. Captured, it could go to places that its recipe does not name, and whoever guesses
//! would learn by its placeholder what no echo told.

use super::Vault;
use crate::BrokerError;
use crate::traffic::http;
use if_core::{Header, HttpResponse, Word};
use if_manifest::model::{Capture, Sink};
use serde_json::Value;

/// Shorter values are no secrets: `"session": "on"` is a state, and anybody could guess it.
const VALUE_BYTES_MIN: usize = 8;

/// Captures for one endpoint.
pub struct Capturer<'a> {
    vault: &'a Vault,
    endpoint: &'a Word,
    captures: &'a [Capture],
}

impl<'a> Capturer<'a> {
    /// `captures` are the manifest's, of all endpoints.
    pub fn new(vault: &'a Vault, endpoint: &'a Word, captures: &'a [Capture]) -> Self {
        Self { vault, endpoint, captures }
    }

    /// Replaces secrets in headers and body.
    pub fn response(&self, response: &mut HttpResponse) -> Result<(), BrokerError> {
        for (name, value) in &mut response.headers {
            self.header(name, value)?;
        }
        if let Some(body) = self.body(&response.headers, &response.body)? {
            response.body = body;
        }
        Ok(())
    }

    /// Replaces secrets in a text message.
    pub fn text(&self, text: &str) -> Result<Option<String>, BrokerError> {
        self.json(text.as_bytes())
    }

    fn sinks_of(&self, name: &str) -> Option<Vec<Sink>> {
        let named = self.captures.iter().find(|capture| {
            capture.endpoint == *self.endpoint && capture.name.eq_ignore_ascii_case(name)
        });
        if let Some(capture) = named {
            return Some(capture.sinks.clone());
        }
        let lower = name.to_ascii_lowercase();
        let usual = matches!(lower.as_str(), "access_token" | "refresh_token" | "id_token")
            || lower.starts_with("session");
        usual.then(Vec::new)
    }

    /// The token for a value, or `None` when it is too short to be a secret, or one that was sent.
    fn take(&self, name: &str, value: &str, sinks: &[Sink]) -> Result<Option<String>, BrokerError> {
        if value.len() < VALUE_BYTES_MIN || self.vault.repeats(value.as_bytes()) {
            return Ok(None);
        }
        self.vault.capture(value.as_bytes(), name, self.endpoint, sinks).map(Some)
    }

    fn header(&self, name: &str, value: &mut String) -> Result<(), BrokerError> {
        if name.eq_ignore_ascii_case("set-cookie") {
            let end = value.find(';').unwrap_or(value.len());
            let (pair, attributes) = value.split_at(end);
            let (cookie, secret) = pair.split_once('=').unwrap_or(("", pair));
            let sinks = self.sinks_of(cookie.trim()).unwrap_or_default();
            if let Some(token) = self.take(cookie.trim(), secret, &sinks)? {
                *value = format!("{cookie}={token}{attributes}");
            }
        } else if let Some(sinks) = self.sinks_of(name)
            && let Some(token) = self.take(name, value, &sinks)?
        {
            *value = token;
        }
        Ok(())
    }

    fn body(&self, headers: &[Header], body: &[u8]) -> Result<Option<Vec<u8>>, BrokerError> {
        let kind = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let form = kind.is_some_and(|(_, kind)| {
            kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
        });
        if !form {
            return Ok(self.json(body)?.map(String::into_bytes));
        }
        let Ok(text) = std::str::from_utf8(body) else { return Ok(None) };
        let mut pairs = Vec::new();
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = http::form_decoded(name).unwrap_or_default();
            let token = match (self.sinks_of(&key), http::form_decoded(value)) {
                (Some(sinks), Some(secret)) => self.take(&key, &secret, &sinks)?,
                _ => None,
            };
            pairs.push(token.map_or(pair.to_owned(), |token| format!("{name}={token}")));
        }
        Ok(Some(pairs.join("&").into_bytes()))
    }

    /// The body written anew if something was captured; doubled keys do not survive that.
    fn json(&self, body: &[u8]) -> Result<Option<String>, BrokerError> {
        let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return Ok(None) };
        let changed = self.members(&mut value)?;
        Ok(changed.then(|| value.to_string()))
    }

    fn members(&self, value: &mut Value) -> Result<bool, BrokerError> {
        let mut changed = false;
        match value {
            Value::Array(items) => {
                for item in items {
                    changed |= self.members(item)?;
                }
            }
            Value::Object(members) => {
                for (name, value) in members {
                    changed |= match self.sinks_of(name) {
                        Some(sinks) => self.replace(name, value, &sinks)?,
                        None => self.members(value)?,
                    };
                }
            }
            _ => {}
        }
        Ok(changed)
    }

    /// Strings directly under a captured name, or in a list there; objects are searched as usual.
    fn replace(&self, name: &str, value: &mut Value, sinks: &[Sink]) -> Result<bool, BrokerError> {
        match value {
            Value::String(secret) => match self.take(name, secret, sinks)? {
                Some(token) => {
                    *secret = token;
                    Ok(true)
                }
                None => Ok(false),
            },
            Value::Array(items) => {
                let mut changed = false;
                for item in items {
                    changed |= self.replace(name, item, sinks)?;
                }
                Ok(changed)
            }
            other => self.members(other),
        }
    }
}
