//! Secrets from a KV engine of version 2, as HashiCorp Vault and OpenBao have it: one GET for each
//! path, before a guest runs.
//!
//! The server is the operator's, named in their own file or environment; no plugin can name one.
//! `https` only, verified, except to this very machine; no address of a metadata service; no
//! redirect followed, to whomever; answers bounded in size, all of it bounded in time. The token
//! leaves in one header, to that server alone, and is in no message. What the server says in words
//! is not repeated. Source: the published HTTP API, "KV secrets engine version 2".

mod answer;
mod error;

pub use answer::KvSecret;
pub use error::{KvError, KvWhy};

use crate::grants::target::HttpTarget;
use crate::net::reach::reach;
use crate::net::system::{Machine, System};
use crate::net::tls::Tls;
use crate::net::{http as wire, http::host_header};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{ACCEPT, ACCEPT_ENCODING, HOST, HeaderName};
use http::{HeaderValue, Request};
use http_body_util::Full;
use if_core::Protocol;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

/// Largest answer: the engine itself refuses a secret of more than half of it.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// Paths asked for at once: enough that nobody waits for them one by one.
const CONCURRENCY_MAX: usize = 8;
/// Longest token: a service token has a hundred bytes, a batch token some hundreds more.
const TOKEN_BYTES_MAX: usize = 8 << 10;

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// An agent or proxy in between may insist on it, against requests that a browser was tricked into.
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");

/// What may stand in a path segment as it is (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How the server is reached. No `Debug`: the token is in it.
pub struct KvAccess {
    /// The URL, perhaps with a path in front of the API's own.
    pub address: String,
    pub namespace: Option<String>,
    /// PEM file with the only authorities trusted; the system's when absent.
    pub ca_file: Option<PathBuf>,
    pub token: Zeroizing<Vec<u8>>,
}

/// A secret's place in the engine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KvPath {
    /// Where the engine is mounted.
    pub mount: String,
    pub path: String,
}

/// A server whose address was checked. Nothing is connected yet.
pub struct KvServer {
    target: HttpTarget,
    namespace: Option<HeaderValue>,
    token: HeaderValue,
    tls: Tls,
    system: Arc<dyn System>,
}

impl KvServer {
    /// Checks the address and the form of token and namespace.
    ///
    /// # Errors
    /// [`KvWhy::Address`], [`KvWhy::Plain`], [`KvWhy::TokenForm`], [`KvWhy::Namespace`].
    pub fn new(access: KvAccess) -> Result<Self, KvWhy> {
        Self::over(access, Arc::new(Machine))
    }

    fn over(access: KvAccess, system: Arc<dyn System>) -> Result<Self, KvWhy> {
        let target = HttpTarget::parse(&access.address).map_err(|_| KvWhy::Address)?;
        if target.query.is_some() {
            return Err(KvWhy::Address);
        }
        let namespace = access.namespace.map(HeaderValue::try_from).transpose();
        Ok(Self {
            namespace: namespace.map_err(|_| KvWhy::Namespace)?,
            token: token(access.token)?,
            tls: Tls::new(access.ca_file),
            target,
            system,
        })
    }

    /// The server's name in messages and in the log: `https://vault.example.com:8200`.
    pub fn name(&self) -> String {
        let scheme = if self.is_plain() { "http" } else { "https" };
        let prefix = self.target.path.trim_end_matches('/');
        format!("{scheme}://{}{prefix}", self.target.host.with_port(self.target.port))
    }

    /// The newest version of each of these secrets, in their order, or why there is none. All of
    /// it takes no longer than `within`.
    pub async fn read_all(
        &self,
        paths: &[KvPath],
        within: Duration,
    ) -> Vec<Result<KvSecret, KvWhy>> {
        // One end for all, also for those that wait for their turn.
        let end = Instant::now() + within;
        let one = |path| async move {
            let waited_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
            let late = |_| Err(KvWhy::TimedOut { waited_ms });
            timeout_at(end, self.read(path)).await.unwrap_or_else(late)
        };
        stream::iter(paths).map(one).buffered(CONCURRENCY_MAX).collect().await
    }

    async fn read(&self, path: &KvPath) -> Result<KvSecret, KvWhy> {
        let request = self.request(path)?;
        let io = reach(&*self.system, &self.tls, &self.target).await?;
        let target = self.target.host.with_port(self.target.port);
        let response = wire::converse(io, &target, request, ANSWER_BYTES_MAX, || ()).await?;
        answer::read(response.status, &Zeroizing::new(response.body))
    }

    fn request(&self, path: &KvPath) -> Result<Request<Full<Bytes>>, KvWhy> {
        let prefix = self.target.path.trim_end_matches('/');
        let segments = path.path.split('/').map(encoded).collect::<Vec<_>>().join("/");
        let uri = format!("{prefix}/v1/{}/data/{segments}", encoded(&path.mount));
        let mut request = Request::get(uri).body(Full::default()).map_err(|_| KvWhy::Address)?;
        let headers = request.headers_mut();
        headers.insert(HOST, host_header(&self.target).map_err(|_| KvWhy::Address)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(REQUEST, HeaderValue::from_static("true"));
        headers.insert(TOKEN, self.token.clone());
        if let Some(namespace) = &self.namespace {
            headers.insert(NAMESPACE, namespace.clone());
        }
        Ok(request)
    }

    fn is_plain(&self) -> bool {
        self.target.protocol == Protocol::Http
    }
}

/// The token as a header: one line of visible ASCII, zeroed when it is dropped, marked so that no
/// library prints it.
fn token(token: Zeroizing<Vec<u8>>) -> Result<HeaderValue, KvWhy> {
    let visible = token.iter().all(u8::is_ascii_graphic);
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !visible {
        return Err(KvWhy::TokenForm);
    }
    let value = HeaderValue::from_maybe_shared(Bytes::from_owner(token));
    let mut value = value.map_err(|_| KvWhy::TokenForm)?;
    value.set_sensitive(true);
    Ok(value)
}

fn encoded(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

#[cfg(test)]
mod tests;
