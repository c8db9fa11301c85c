//! A JSON API over HTTP: one place for address, headers and what its statuses mean.

use super::{Request, Response};
use crate::{Call, Failure, Outcome};
use serde_json::Value;

/// What a status means to this API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The credentials were not accepted.
    Auth,
    /// The API understood, and refused.
    Refused,
    /// The arguments make no sense to it.
    Usage,
    /// Somebody in between, or the API itself, is not there now.
    Unreachable,
}

/// A table of statuses: what each means, and in which words if the answer has none. A status that
/// is not in it means what [`Response::success`] says.
pub type Statuses = &'static [(u16, Meaning, &'static str)];

/// A JSON API.
#[derive(Debug, Clone)]
pub struct Api {
    host: String,
    port: u16,
    secure: bool,
    headers: Vec<(String, String)>,
    statuses: Statuses,
}

impl Api {
    /// The API of this host.
    pub fn new(host: &str, port: u16, secure: bool) -> Self {
        let (host, headers) = (host.to_owned(), Vec::new());
        Self { host, port, secure, headers, statuses: &[] }
    }

    /// A header of every request.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What its statuses mean.
    #[must_use]
    pub fn statuses(mut self, statuses: Statuses) -> Self {
        self.statuses = statuses;
        self
    }

    /// A request to this path, to be completed and given to [`Api::send`].
    pub fn request(&self, method: &'static str, path: &str) -> Request {
        let request = Request::new(method, &self.host, self.port, path);
        let request = if self.secure { request.secure() } else { request };
        let headers = self.headers.iter();
        headers.fold(request, |request, (name, value)| request.header(name, value))
    }

    /// Sends it; the answer with a good status.
    ///
    /// # Errors
    /// As the request's, and as the status means.
    pub fn send(&self, call: &Call, request: Request) -> Result<Response, Failure> {
        request.send(call)?.judged(self.statuses)
    }

    /// The JSON at this path.
    ///
    /// # Errors
    /// As [`Api::send`]; `protocol` when the answer is no JSON.
    pub fn get(&self, call: &Call, path: &str) -> Outcome {
        self.send(call, self.request("GET", path))?.value()
    }

    /// Posts JSON; the JSON of the answer, `null` when it has no body.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub fn post(&self, call: &Call, path: &str, body: &Value) -> Outcome {
        self.send(call, self.request("POST", path).json(body))?.value()
    }
}

impl Response {
    /// The same answer if its status is 2xx; else the failure that the table gives it.
    ///
    /// # Errors
    /// As the table says; as [`Response::success`] for what is not in it.
    pub fn judged(self, statuses: Statuses) -> Result<Self, Failure> {
        let found = statuses.iter().find(|(status, ..)| *status == self.status);
        let Some((status, meaning, words)) = found else { return self.success() };
        let said = self.words();
        let words = if said.is_empty() { (*words).to_owned() } else { said };
        Err(match meaning {
            Meaning::Auth => Failure::Auth(words),
            Meaning::Refused => Failure::refused(status, words),
            Meaning::Usage => Failure::usage(words),
            Meaning::Unreachable => Failure::unreachable(format!("status {status}: {words}"), true),
        })
    }

    /// The body as JSON; `null` when there is none.
    ///
    /// # Errors
    /// `protocol`, naming what came instead.
    pub fn value(&self) -> Outcome {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            let kind = self.header("content-type").unwrap_or("no content type");
            Failure::protocol(format!("the answer ({kind}) is no JSON: {error}"))
        })
    }

    /// The reason that a failed answer gives: `message` or `error` of its JSON, else the beginning
    /// of its text; nothing of a page for a browser.
    pub fn words(&self) -> String {
        /// Enough for a reason, too little for a page.
        const WORDS_MAX: usize = 300;
        let json: Option<Value> = serde_json::from_slice(&self.body).ok();
        let member = |name: &str| Some(json.as_ref()?.get(name)?.as_str()?.to_owned());
        if let Some(words) = member("message").or_else(|| member("error")) {
            return words;
        }
        if self.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            return String::new();
        }
        let text: String = String::from_utf8_lossy(&self.body).chars().take(WORDS_MAX).collect();
        text.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const STATUSES: Statuses = &[
        (401, Meaning::Auth, "the token is not accepted"),
        (404, Meaning::Refused, "there is no such thing"),
        (400, Meaning::Usage, "it makes no sense"),
        (502, Meaning::Unreachable, "the gateway has nobody behind it"),
    ];

    fn answer(status: u16, kind: &str, body: &str) -> Response {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Response { status, headers, body: body.into() }
    }

    #[test]
    fn statuses_mean_what_the_table_says_in_the_answers_words_or_its_own() {
        let judged = |status, kind, body| answer(status, kind, body).judged(STATUSES).unwrap_err();
        let plain = "text/plain";
        assert_eq!(judged(401, plain, ""), Failure::Auth("the token is not accepted".into()));
        let json = "application/json";
        let said = judged(404, json, r#"{"message": "Entity not found."}"#);
        assert_eq!(said, Failure::refused(404, "Entity not found."));
        let page = judged(404, "text/html; charset=utf-8", "<html>…");
        assert_eq!(page, Failure::refused(404, "there is no such thing"));
        assert_eq!(judged(400, plain, "400: bad"), Failure::usage("400: bad"));
        assert!(matches!(judged(502, plain, ""), Failure::Unreachable(_)));
        assert_eq!(judged(500, plain, "no"), Failure::refused(500, "no"));
        assert!(answer(200, json, "{}").judged(STATUSES).is_ok());
    }

    #[test]
    fn what_is_no_json_says_what_it_is_instead() {
        assert_eq!(answer(200, "application/json", r#"{"a": 1}"#).value(), Ok(json!({ "a": 1 })));
        assert_eq!(answer(204, "", "").value(), Ok(Value::Null));
        let Err(Failure::Protocol(text)) = answer(200, "text/html", "<html>").value() else {
            panic!("an answer")
        };
        assert!(text.starts_with("the answer (text/html) is no JSON"), "{text}");
    }
}
