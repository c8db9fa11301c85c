//! A programmable HTTP server: every request is recorded and answered by a function of the test.
//!
//! It can answer late, never, with garbage, or hang up: what a device does on a bad day.

use crate::background::{self, Background, lock};
use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Largest request body recorded; larger ones are refused with 413.
const BODY_BYTES_MAX: usize = 64 << 20;
/// Requests remembered; later ones are answered and forgotten.
const RECORDED_MAX: usize = 10_000;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub method: String,
    /// As written: `/path?query`.
    pub target: String,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Recorded {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text, with replacement characters where it is none.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How a request is met.
#[derive(Debug, Clone)]
pub struct Canned {
    how: How,
    after: Duration,
}

#[derive(Debug, Clone)]
enum How {
    Answer { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    Never,
    HangUp,
}

impl Canned {
    /// 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200, body)
    }

    /// This status with this body.
    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let how = How::Answer { status, headers: Vec::new(), body: body.into() };
        Self { how, after: Duration::ZERO }
    }

    /// 200 with this JSON and its content type.
    pub fn json(value: &serde_json::Value) -> Self {
        Self::ok(value.to_string()).header("content-type", "application/json")
    }

    /// Takes the request and never answers.
    pub fn never() -> Self {
        Self { how: How::Never, after: Duration::ZERO }
    }

    /// Closes the connection instead of answering.
    pub fn hang_up() -> Self {
        Self { how: How::HangUp, after: Duration::ZERO }
    }

    /// Adds a header to an answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let How::Answer { headers, .. } = &mut self.how {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Waits before answering or hanging up.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }
}

type Handler = Arc<dyn Fn(&Recorded) -> Canned + Send + Sync>;
type Log = Arc<Mutex<Vec<Recorded>>>;

/// A running fake; gone when dropped.
pub struct HttpFake {
    pub port: u16,
    log: Log,
    _server: Background,
}

impl HttpFake {
    /// Starts on a free port of 127.0.0.1 and meets each request as `handler` says.
    pub fn start(handler: impl Fn(&Recorded) -> Canned + Send + Sync + 'static) -> Result<Self> {
        let (listener, port) = background::bind(0)?;
        let log = Log::default();
        let (for_server, handler) = (log.clone(), Arc::new(handler) as Handler);
        let server = Background::start(move || serve(listener, handler, for_server))?;
        Ok(Self { port, log, _server: server })
    }

    /// What arrived so far, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.log).clone()
    }

    /// `http://127.0.0.1:<port>` and this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

async fn serve(listener: TcpListener, handler: Handler, log: Log) {
    background::accept(listener, |stream| {
        let (handler, log) = (handler.clone(), log.clone());
        async move {
            let service = service_fn(move |request| meet(request, handler.clone(), log.clone()));
            let connection = hyper::server::conn::http1::Builder::new();
            // An error here is the hanging up that was asked for, or the client's own.
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        }
    })
    .await;
}

async fn meet(
    request: Request<Incoming>,
    handler: Handler,
    log: Log,
) -> Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return response(StatusCode::PAYLOAD_TOO_LARGE.as_u16(), &[], Vec::new());
    };
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let recorded = Recorded {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.to_bytes().to_vec(),
    };
    let canned = handler(&recorded);
    {
        let mut log = lock(&log);
        if log.len() < RECORDED_MAX {
            log.push(recorded);
        }
    }
    tokio::time::sleep(canned.after).await;
    match canned.how {
        How::Answer { status, headers, body } => response(status, &headers, body),
        How::Never => std::future::pending().await,
        How::HangUp => anyhow::bail!("hanging up, as asked"),
    }
}

fn response(
    status: u16,
    headers: &[(String, String)],
    body: Vec<u8>,
) -> Result<Response<Full<Bytes>>> {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    Ok(builder.body(Full::new(Bytes::from(body)))?)
}
