//! A few objects in a bucket, on a server that speaks S3: listed, read, and put there where there
//! is nothing yet. For the log's anchors.
//!
//! The server is the operator's, named in the home; no plugin can name one. `https` only, verified,
//! except to this very machine; no address of a metadata service; no redirect followed; answers
//! bounded in size and time. Buckets stand in the path, as every server of the kind has them, and
//! requests are signed by AWS Signature Version 4: the secret key leaves in no message. What is
//! there is never written over, and a server that would do so is told apart: the same object is put
//! a second time, and it must refuse. Source: the published API of Amazon S3 (2006-03-01).

mod answer;
mod error;
mod sign;

pub(crate) use answer::Listed;
#[cfg(feature = "fuzzing")]
pub(crate) use answer::{failure, listed};
pub use error::S3Why;

use crate::grants::target::HttpTarget;
use crate::net::reach::reach;
use crate::net::system::{Machine, System};
use crate::net::tls::Tls;
use crate::net::{http as wire, http::host_header};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HOST, IF_NONE_MATCH};
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;
use if_core::{Clock, HttpResponse, Protocol};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sign::{Keys, Message};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Largest answer: a list of a thousand objects has 400 KiB.
const ANSWER_BYTES_MAX: u64 = 4 << 20;
/// Pages of a list: a thousand objects each.
const PAGES_MAX: usize = 100;
/// Objects asked for at once: enough that nobody waits for them one by one.
const CONCURRENCY_MAX: usize = 8;
/// One request: a far server answers in a second or two.
const REQUEST_MS_MAX: u64 = 20_000;
/// Longest key: AWS has 20 and 40 signs, others up to 128.
const KEY_BYTES_MAX: usize = 512;

/// What may stand in a query as it is (RFC 3986 §2.3).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const DIGEST: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// How the bucket is reached. No `Debug`: the secret key is in it.
pub struct S3Access {
    /// `https://server:port/bucket/prefix`.
    pub url: String,
    pub region: String,
    /// PEM file with the only authorities trusted; the system's when absent.
    pub ca_file: Option<PathBuf>,
    pub access_key: Zeroizing<Vec<u8>>,
    pub secret_key: Zeroizing<Vec<u8>>,
    /// A signature holds for a quarter of an hour.
    pub clock: Arc<dyn Clock>,
}

/// A part of a bucket whose address was checked. Nothing is connected yet.
pub struct S3Store {
    place: Bucket,
    keys: Keys,
    tls: Tls,
    system: Arc<dyn System>,
    clock: Arc<dyn Clock>,
}

/// A part of a bucket.
#[derive(Debug)]
struct Bucket {
    target: HttpTarget,
    bucket: String,
    /// Ends with `/`, or is empty.
    prefix: String,
}

/// Whether these may be the address of a part of a bucket, and a region.
///
/// # Errors
/// [`S3Why::Address`], [`S3Why::Name`] or [`S3Why::Region`].
pub fn check(url: &str, region: &str) -> Result<(), S3Why> {
    Bucket::parse(url)?;
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match !region.is_empty() && region.bytes().all(legal) {
        true => Ok(()),
        false => Err(S3Why::Region),
    }
}

impl Bucket {
    fn parse(url: &str) -> Result<Self, S3Why> {
        let target = HttpTarget::parse(url).map_err(|_| S3Why::Address)?;
        if target.query.is_some() {
            return Err(S3Why::Address);
        }
        let path = target.path.trim_matches('/');
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        // Other signs are written in more than one way, and the signature is over one of them.
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let plain = |part: &str| !part.is_empty() && part.bytes().all(legal);
        if !plain(bucket) || (!prefix.is_empty() && !prefix.split('/').all(plain)) {
            return Err(S3Why::Name);
        }
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let bucket = bucket.to_owned();
        Ok(Self { bucket, prefix, target })
    }
}

impl S3Store {
    /// Checks the address and the form of the keys.
    ///
    /// # Errors
    /// As [`check`], and [`S3Why::KeyForm`].
    pub fn new(access: S3Access) -> Result<Self, S3Why> {
        Self::over(access, Arc::new(Machine))
    }

    fn over(access: S3Access, system: Arc<dyn System>) -> Result<Self, S3Why> {
        check(&access.url, &access.region)?;
        for key in [&access.access_key, &access.secret_key] {
            let visible = key.iter().all(u8::is_ascii_graphic);
            if key.is_empty() || key.len() > KEY_BYTES_MAX || !visible {
                return Err(S3Why::KeyForm);
            }
        }
        Ok(Self {
            place: Bucket::parse(&access.url)?,
            keys: Keys {
                access: String::from_utf8_lossy(&access.access_key).into_owned(),
                secret: access.secret_key,
                region: access.region,
            },
            tls: Tls::new(access.ca_file),
            system,
            clock: access.clock,
        })
    }

    /// In messages: `https://s3.example.com/bucket/studio`.
    pub fn name(&self) -> String {
        let Bucket { target, bucket, prefix } = &self.place;
        let scheme = if target.protocol == Protocol::Http { "http" } else { "https" };
        let server = target.host.with_port(target.port);
        format!("{scheme}://{server}/{bucket}/{prefix}").trim_end_matches('/').to_owned()
    }

    /// The names of all objects in this folder, without it.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or answers with something else.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, S3Why> {
        let folder = format!("{}{folder}/", self.place.prefix);
        let (mut names, mut next) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let Listed { keys, more } = self.page(&folder, next.as_deref()).await?;
            let inside = keys.iter().filter_map(|key| key.strip_prefix(&folder));
            names.extend(inside.map(str::to_owned));
            match more {
                Some(token) => next = Some(token),
                None => return Ok(names),
            }
        }
        Err(S3Why::Endless)
    }

    /// The objects of these names in this folder, in their order.
    ///
    /// # Errors
    /// As [`S3Store::list`], and when one is not there.
    pub async fn read_all(&self, folder: &str, names: &[String]) -> Result<Vec<Vec<u8>>, S3Why> {
        let one = |name: String| async move {
            let answer = self.ask(Method::GET, &self.path(folder, &name), "", Bytes::new()).await?;
            match answer.status {
                200 => Ok(answer.body),
                404 => Err(S3Why::Gone(format!("{folder}/{name}"))),
                _ => Err(answer::refused(&answer)),
            }
        };
        stream::iter(names.to_vec()).map(one).buffered(CONCURRENCY_MAX).try_collect().await
    }

    /// Puts an object there. False when there is one of that name: then it stays.
    ///
    /// # Errors
    /// As [`S3Store::list`], and [`S3Why::Overwrites`] for a server that does not keep what it has.
    pub async fn put(&self, folder: &str, name: &str, bytes: &[u8]) -> Result<bool, S3Why> {
        if !self.put_once(folder, name, bytes).await? {
            return Ok(false);
        }
        match self.put_once(folder, name, bytes).await? {
            true => Err(S3Why::Overwrites),
            false => Ok(true),
        }
    }

    async fn put_once(&self, folder: &str, name: &str, bytes: &[u8]) -> Result<bool, S3Why> {
        let body = Bytes::copy_from_slice(bytes);
        let answer = self.ask(Method::PUT, &self.path(folder, name), "", body).await?;
        match answer.status {
            200 => Ok(true),
            412 => Ok(false),
            _ => Err(answer::refused(&answer)),
        }
    }

    async fn page(&self, folder: &str, next: Option<&str>) -> Result<Listed, S3Why> {
        let encoded = |text: &str| utf8_percent_encode(text, QUERY).to_string();
        // In the order of their names, as they are signed.
        let mut query = format!("list-type=2&prefix={}", encoded(folder));
        if let Some(next) = next {
            query = format!("continuation-token={}&{query}", encoded(next));
        }
        let path = format!("/{}", self.place.bucket);
        let answer = self.ask(Method::GET, &path, &query, Bytes::new()).await?;
        match answer.status {
            200 => answer::listed(&answer.body),
            _ => Err(answer::refused(&answer)),
        }
    }

    fn path(&self, folder: &str, name: &str) -> String {
        format!("/{}/{}{folder}/{name}", self.place.bucket, self.place.prefix)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &str,
        body: Bytes,
    ) -> Result<HttpResponse, S3Why> {
        let request = self.request(method, path, query, body)?;
        let late = S3Why::TimedOut { waited_ms: REQUEST_MS_MAX };
        let target = self.place.target.host.with_port(self.place.target.port);
        let exchange = async {
            let io = reach(&*self.system, &self.tls, &self.place.target).await?;
            Ok(wire::converse(io, &target, request, ANSWER_BYTES_MAX, || ()).await?)
        };
        timeout(Duration::from_millis(REQUEST_MS_MAX), exchange).await.unwrap_or(Err(late))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        query: &str,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, S3Why> {
        let invalid = |_| S3Why::Address;
        let host = host_header(&self.place.target).map_err(invalid)?;
        let (stamp, digest) = (sign::stamp(self.clock.now()), sign::digest(&body));
        let mut headers = vec![
            ("host", host.to_str().map_err(|_| S3Why::Address)?.to_owned()),
            ("x-amz-content-sha256", digest.clone()),
            ("x-amz-date", stamp.clone()),
        ];
        if method == Method::PUT {
            headers.insert(1, ("if-none-match", "*".to_owned()));
        }
        let message = Message { method: method.as_str(), path, query, headers: &headers };
        let authorization = self.keys.authorization(&message, &digest, &stamp);
        let uri = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let is_put = method == Method::PUT;
        let request = Request::builder().method(method).uri(uri).body(Full::new(body));
        let mut request = request.map_err(|_| S3Why::Address)?;
        let sent = request.headers_mut();
        sent.insert(HOST, host);
        sent.insert(DATE, HeaderValue::try_from(stamp).map_err(invalid)?);
        sent.insert(DIGEST, HeaderValue::try_from(digest).map_err(invalid)?);
        sent.insert(AUTHORIZATION, HeaderValue::try_from(authorization).map_err(invalid)?);
        sent.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if is_put {
            sent.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests;
