//! Readers of foreign bytes, reachable for `tests/fuzz`. The feature `fuzzing` switches this module
//! on; no program that ships has it (`xtask tidy`).
//!
//! A peer here is bytes that come in pieces, and takes whatever is said to it.

use crate::BrokerError;
use crate::discover::packet::{self, Heard};
use crate::discover::probe;
use crate::net::{http as exchange, websocket};
use crate::s3;
use crate::secrets::sinks::Filler;
use crate::secrets::{Vault, capture::Capturer, recipes, spans};
use bytes::Bytes;
use http_body_util::Full;
use if_core::{Frame, HttpResponse, SecretValue, UnixMillis, Word};
use if_manifest::model::{Capture, Probe, Sink, Step};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub use crate::discover::Candidate;
pub use crate::secrets::echo::{Needles, Tail};

/// Somebody who says these bytes, so many at a time, and then closes.
struct Peer {
    said: Vec<u8>,
    at: usize,
    piece: usize,
}

impl Peer {
    fn boxed(said: &[u8], piece: usize) -> Box<Self> {
        Box::new(Self { said: said.to_vec(), at: 0, piece: piece.max(1) })
    }
}

impl AsyncRead for Peer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = self.piece.min(into.remaining());
        let rest = self.said.get(self.at..).unwrap_or_default();
        let piece = rest.get(..count).unwrap_or(rest);
        into.put_slice(piece);
        let length = piece.len();
        self.at += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(from.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Drives what a peer never lets wait.
fn now<T>(work: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(std::task::Waker::noop());
    let mut work = std::pin::pin!(work);
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return done;
        }
    }
}

/// What a server's bytes, so many at a time, are as an answer to a GET.
pub fn http_answer(said: &[u8], piece: usize, bytes_max: u64) -> Result<HttpResponse, BrokerError> {
    let mut request = http::Request::new(Full::<Bytes>::default());
    let host = http::HeaderValue::from_static("peer");
    request.headers_mut().insert(http::header::HOST, host);
    now(exchange::converse(Peer::boxed(said, piece), "peer:80", request, bytes_max, || {}))
}

/// The messages in what a WebSocket's peer says after the handshake.
pub fn messages(said: &[u8], piece: usize, bytes_max: u64) -> Vec<Frame> {
    now(websocket::messages(Peer::boxed(said, piece), bytes_max))
}

/// Status, server and the beginning of the body, as `discover` sees an answer to its probe.
pub fn probed(said: &[u8], piece: usize, probe: &Probe) -> Option<(u16, String, Vec<u8>)> {
    let target = probe::Target { address: Ipv4Addr::LOCALHOST, probe };
    let heard = now(probe::ask(Peer::boxed(said, piece), target))?;
    Some((heard.status, heard.server, heard.answer))
}

/// What `discover` makes of these packets, and what it would ask next.
pub fn announced(packets: &[&[u8]], services: &[String]) -> (Vec<Candidate>, Option<Vec<u8>>) {
    let mut heard = Heard::default();
    packets.iter().for_each(|packet| heard.take(packet, services));
    (heard.candidates(), packet::question(services, &heard.open()))
}

/// The answers as a guest sees them when these captures are declared: one call, one vault.
pub fn captured(
    answers: &[HttpResponse],
    endpoint: &Word,
    captures: &[Capture],
) -> Result<Vec<HttpResponse>, BrokerError> {
    let vault = Vault::new(false);
    let capturer = Capturer::new(&vault, endpoint, captures);
    let seen = answers.iter().map(|answer| {
        let mut answer = answer.clone();
        capturer.response(&mut answer)?;
        Ok(answer)
    });
    seen.collect()
}

/// Where the strings of a JSON text stand: pointers and ranges.
pub fn strings(text: &str) -> Option<Vec<(String, Option<Range<usize>>)>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let pointers = spans::strings(&value, &|_| true).into_iter();
    Some(pointers.map(|pointer| (pointer.clone(), spans::locate(text, &pointer))).collect())
}

/// What a recipe's step makes of the secret `s` and one input of each of these names.
pub fn derived(step: &Step, secret: &[u8], input: (&str, &str)) -> Result<Vec<u8>, String> {
    let name = Word::new("s").map_err(|error| error.to_string())?;
    let secrets = BTreeMap::from([(name, SecretValue::new(secret.to_vec()))]);
    let inputs = BTreeMap::from([(input.0.to_owned(), input.1.to_owned())]);
    let from = recipes::Ingredients { secrets: &secrets, inputs: &inputs, now: UnixMillis(59_000) };
    recipes::derive(step, &from).map(|value| value.to_vec()).map_err(|error| error.to_string())
}

/// Messages to the endpoint `web`, in which one token stands for one value.
pub struct Filling {
    vault: Vault,
    endpoint: Word,
    token: String,
}

impl Filling {
    /// A value that may stand in these places.
    #[allow(clippy::unwrap_used)] // there is no caller to tell
    pub fn new(value: &[u8], sinks: &[Sink]) -> Self {
        let (vault, endpoint) = (Vault::new(false), Word::new("web").unwrap());
        let token = vault.capture(value, "value", &endpoint, sinks).unwrap();
        Self { vault, endpoint, token }
    }

    /// What a guest writes for the value.
    pub fn token(&self) -> &str {
        &self.token
    }

    fn filler(&self) -> Filler<'_> {
        Filler::new(&self.vault, &self.endpoint)
    }

    /// A WebSocket message as it leaves.
    pub fn frame(&self, text: &str) -> Result<Vec<u8>, BrokerError> {
        Ok(self.filler().frame(text)?.bytes.to_vec())
    }

    /// A line as it leaves.
    pub fn line(&self, line: &[u8]) -> Result<Vec<u8>, BrokerError> {
        Ok(self.filler().line(line)?.bytes.to_vec())
    }

    /// A body of this kind.
    pub fn body(&self, kind: &str, body: &str) -> Result<Vec<u8>, BrokerError> {
        let headers = [("content-type".to_owned(), kind.to_owned())];
        let filled = self.filler().request("POST", ("/", None), &headers, body.as_bytes())?;
        Ok(filled.body.to_vec())
    }

    /// A path and its query.
    pub fn target(&self, path: &str, query: Option<&str>) -> Result<Vec<u8>, BrokerError> {
        Ok(self.filler().request("GET", (path, query), &[], &[])?.path_and_query.to_vec())
    }

    /// The value of a header.
    pub fn header(&self, name: &str, value: &str) -> Result<Vec<u8>, BrokerError> {
        let headers = [(name.to_owned(), value.to_owned())];
        let filled = self.filler().request("GET", ("/", None), &headers, &[])?;
        Ok(filled.headers.into_iter().flat_map(|(_, value)| value.to_vec()).collect())
    }
}

/// Whether hands are shaken with a peer who says these bytes; what it is told is of no interest.
pub fn shaken(said: &[u8], piece: usize, bytes_max: u64) -> Result<(), BrokerError> {
    now(websocket::shaken(Peer::boxed(said, piece), bytes_max))
}

/// What a server that speaks S3 lists; and the one word that is repeated of a refusal with this
/// body.
pub fn s3_answer(body: &[u8]) -> (Option<Vec<String>>, Option<String>) {
    (s3::listed(body).ok().map(|page| page.keys), s3::failure(body))
}
