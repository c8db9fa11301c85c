//! Readers of foreign bytes, reachable for `tests/fuzz`. The feature `fuzzing` switches this module
//! on; no program that ships has it (`xtask tidy`).
//!
//! A peer here is bytes that come in pieces, and takes whatever is said to it.

use crate::BrokerError;
use crate::discover::packet::{self, Heard};
use crate::discover::probe;
use crate::net::{http as exchange, websocket};
use crate::secrets::{Vault, capture::Capturer, spans};
use bytes::Bytes;
use http_body_util::Full;
use if_core::{Frame, HttpResponse, Word};
use if_manifest::model::{Capture, Probe};
use serde_json::Value;
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
