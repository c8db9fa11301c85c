//! One Home Assistant: its address, its token as a placeholder, and REST requests to it.
//!
//! Source: developers.home-assistant.io, `docs/api/rest.md`. The token never comes here; the host
//! fills it into the header as the request leaves. Home Assistant answers 401 both to a wrong token
//! and to a user without the right; which of the two it was is asked for, not guessed.

use if_sdk::http::{Request, Response};
use if_sdk::prelude::*;

/// A web page instead of an answer begins like this.
const MARKUP: &[u8] = b"<";

#[derive(serde::Deserialize)]
struct Settings {
    url: String,
}

/// The instance of a call.
pub struct Home<'c> {
    pub call: &'c Call,
    pub address: Address,
}

/// Where it is, taken out of the setting `url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub secure: bool,
    /// Without brackets.
    pub host: String,
    pub port: u16,
}

impl Address {
    /// Splits `http://host:8123`. The host has checked the setting; this only takes it apart.
    pub fn parse(url: &str) -> Option<Self> {
        let (secure, rest) = match url.split_once("://")? {
            ("http", rest) => (false, rest),
            ("https", rest) => (true, rest),
            _ => return None,
        };
        let rest = rest.trim_end_matches('/');
        let usual = if secure { 443 } else { 80 };
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => rest.split_at(rest.find(':').unwrap_or(rest.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(digits) => digits.parse().ok()?,
            None => usual,
        };
        (!host.is_empty()).then(|| Self { secure, host: host.to_owned(), port })
    }
}

impl<'c> Home<'c> {
    /// The instance's Home Assistant.
    pub fn of(call: &'c Call) -> Result<Self, Failure> {
        let Settings { url } = call.settings()?;
        let address = Address::parse(&url)
            .ok_or_else(|| Failure::usage(format!("`{url}` is not http://host:port")))?;
        Ok(Self { call, address })
    }

    /// The token, as a placeholder.
    pub fn token(&self) -> Result<String, Failure> {
        if !self.call.has_secret("token") {
            let fault = "Home Assistant asks for a token, and this instance has none";
            return Err(Failure::Auth(fault.into()));
        }
        self.call.placeholder("token", &[])
    }

    /// A request to `/api/…` with the token.
    pub fn request(&self, method: &'static str, path: &str) -> Result<Request, Failure> {
        let Address { secure, host, port } = &self.address;
        let request = Request::new(method, host, *port, path)
            .header("authorization", &format!("Bearer {}", self.token()?));
        Ok(if *secure { request.secure() } else { request })
    }

    /// Sends it; any 2xx is an answer.
    pub fn send(&self, request: Request) -> Result<Response, Failure> {
        let response = request.send(self.call)?;
        match response.status {
            200..=299 => Ok(response),
            401 => Err(self.unauthorised()),
            403 => Err(Failure::Auth(
                "Home Assistant refuses this machine (403): after too many wrong tokens it bans an \
                 address, see ip_bans.yaml in its configuration"
                    .into(),
            )),
            status => {
                let words = response.words();
                let words = if words.is_empty() { "no reason given" } else { words.as_str() };
                Err(Failure::refused(status, words))
            }
        }
    }

    /// Sends it and reads its JSON.
    fn json(&self, request: Request) -> Outcome {
        let response = self.send(request)?;
        if response.body.trim_ascii_start().starts_with(MARKUP) {
            return Err(Failure::protocol(
                "a web page instead of JSON: is `url` Home Assistant itself, or a login page?",
            ));
        }
        response.value()
    }

    /// Sends it and reads a list.
    pub fn list(&self, request: Request) -> Outcome {
        shaped(self.json(request)?, Value::is_array, "list")
    }

    /// Sends it and reads an object.
    pub fn object(&self, request: Request) -> Outcome {
        shaped(self.json(request)?, Value::is_object, "object")
    }

    /// The list at a path that needs no escaping.
    pub fn list_at(&self, path: &str) -> Outcome {
        self.list(self.request("GET", path)?)
    }

    /// The object at a path that needs no escaping.
    pub fn object_at(&self, path: &str) -> Outcome {
        self.object(self.request("GET", path)?)
    }

    /// Who was refused: the token, or the user it belongs to.
    fn unauthorised(&self) -> Failure {
        let known = self
            .request("GET", "/api/")
            .and_then(|request| request.send(self.call))
            .is_ok_and(|answer| answer.status == 200);
        Failure::Auth(match known {
            true => "the token is good, but its user has no right to that: it needs a token of an \
                     administrator"
                .into(),
            false => bad_token("401"),
        })
    }
}

/// The answer, if it is what the API promises there.
fn shaped(answer: Value, is: impl Fn(&Value) -> bool, what: &str) -> Outcome {
    match is(&answer) {
        true => Ok(answer),
        false => Err(Failure::protocol(format!("the answer is JSON, but no {what}"))),
    }
}

/// A token that was not accepted, and where to get another.
pub fn bad_token(words: &str) -> String {
    format!(
        "Home Assistant did not accept the token ({words}): it is wrong, expired or was deleted; \
         make one in its web page under your profile, `Long-lived access tokens`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_becomes_an_address() {
        let at = |secure, host: &str, port| Some(Address { secure, host: host.into(), port });
        for (url, expect) in [
            ("http://homeassistant.local:8123", at(false, "homeassistant.local", 8123)),
            ("http://homeassistant.local:8123/", at(false, "homeassistant.local", 8123)),
            ("https://ha.example", at(true, "ha.example", 443)),
            ("http://10.0.0.7", at(false, "10.0.0.7", 80)),
            ("http://[::1]:8123", at(false, "::1", 8123)),
            ("ws://a", None),
            ("http://", None),
            ("a:1", None),
        ] {
            assert_eq!(Address::parse(url), expect, "{url}");
        }
    }
}
