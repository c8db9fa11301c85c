//! HTTP over `wasi:http`: one request, one whole answer.
//!
//! Deliberately small: no redirects (the host returns them), no cookies, no retries, no connection
//! pool. Whoever wants an ordinary client may link one; the host enforces the same things below.
//! The request's head goes out before its body, because a body written first can block for ever.

mod json;
mod wire;

pub use json::{Api, Meaning, Statuses};

use crate::{Call, Failure};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Path segments and query values keep only RFC 3986's unreserved characters as they are; a
/// placeholder consists of these alone and so survives.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// `host:port` for a URL; an IPv6 literal gets its brackets.
pub fn authority(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// A request being built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    method: &'static str,
    /// `http` or `https`.
    secure: bool,
    authority: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A whole answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// A request to `http://<host>:<port><path>`; `path` starts with `/` and is sent as it is.
    pub fn new(method: &'static str, host: &str, port: u16, path: &str) -> Self {
        Self {
            method,
            secure: false,
            authority: authority(host, port),
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// `https` instead.
    #[must_use]
    pub fn secure(mut self) -> Self {
        self.secure = true;
        self
    }

    /// Appends one path segment, percent-encoded.
    #[must_use]
    pub fn segment(mut self, segment: &str) -> Self {
        if !self.path.ends_with('/') {
            self.path.push('/');
        }
        self.path.push_str(&percent_encode(segment));
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// A body with its type.
    #[must_use]
    pub fn body(self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { body: bytes.into(), ..self.header("content-type", content_type) }
    }

    /// A JSON body.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    fn path_with_query(&self) -> String {
        let mut target = self.path.clone();
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target.push_str(&format!("{}={}", percent_encode(name), percent_encode(value)));
        }
        target
    }

    /// Sends it and waits for the whole answer.
    ///
    /// # Errors
    /// `unreachable`, `timeout`, `planned`, or the host's refusal. A status is not an error.
    pub fn send(self, call: &Call) -> Result<Response, Failure> {
        wire::exchange(&self, call.patience_ms()).map_err(|failure| failure.at(&self.authority))
    }
}

impl Response {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Errors
    /// `protocol` when it is not UTF-8.
    pub fn text(&self) -> Result<&str, Failure> {
        std::str::from_utf8(&self.body)
            .map_err(|_| Failure::protocol("the answer is not UTF-8 text"))
    }

    /// The body as your own type.
    ///
    /// # Errors
    /// `protocol` when it does not fit.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::protocol(format!("the answer is not as expected: {error}")))
    }

    /// The same answer if its status is 2xx.
    ///
    /// # Errors
    /// `auth` for 401 and 403, else `refused` with the status as code and the body's first words.
    pub fn success(self) -> Result<Self, Failure> {
        let words = self.words();
        match self.status {
            200..=299 => Ok(self),
            401 | 403 => Err(Failure::Auth(format!("status {}: {words}", self.status))),
            status if words.is_empty() => Err(Failure::refused(status, "no reason given")),
            status => Err(Failure::refused(status, words)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_encoded_and_placeholders_survive() {
        let request = Request::new("GET", "::1", 8088, "/api/")
            .query("Function", "SetText")
            .query("Value", "a b&c=ü")
            .query("token", "ifp-0aB_~.x");
        assert_eq!(request.authority, "[::1]:8088");
        assert_eq!(
            request.path_with_query(),
            "/api/?Function=SetText&Value=a%20b%26c%3D%C3%BC&token=ifp-0aB_~.x"
        );
    }

    #[test]
    fn segments_cannot_climb() {
        let request = Request::new("GET", "h", 80, "/lamps").segment("../admin?x");
        assert_eq!(request.path_with_query(), "/lamps/..%2Fadmin%3Fx");
    }

    #[test]
    fn statuses_become_failures() {
        let answer =
            |status, body: &str| Response { status, headers: vec![], body: body.as_bytes().into() };
        assert!(answer(204, "").success().is_ok());
        assert_eq!(answer(500, " no ").success(), Err(Failure::refused(500, "no")));
        assert!(matches!(answer(401, "").success(), Err(Failure::Auth(_))));
    }
}
