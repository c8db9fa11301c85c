//! One GET to each address, many at once, none for long; what answers as declared is a candidate.

use super::Candidate;
use crate::ledger::EndpointTraffic;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper::{Request, Response, body::Incoming, header};
use hyper_util::rt::TokioIo;
use if_core::Effect;
use if_manifest::model::Probe;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Connections at once: fewer than any router's table notices, enough for a /24 in two seconds.
const CONCURRENCY_MAX: usize = 64;
/// Longest wait for a connection: the same building answers in milliseconds.
const CONNECT_MS_MAX: u64 = 400;
/// Longest wait for the beginning of an answer.
const ANSWER_MS_MAX: u64 = 1_500;
/// The first bytes of an answer: enough for a name and a version.
const ANSWER_BYTES_MAX: usize = 4 << 10;
/// Longest name of a server program.
const SERVER_CHARS_MAX: usize = 80;
/// Most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// One address and what to ask it.
#[derive(Debug, Clone, Copy)]
pub struct Target<'d> {
    pub address: Ipv4Addr,
    pub probe: &'d Probe,
}

/// What all addresses said.
#[derive(Debug, Default)]
pub struct Probed {
    pub candidates: Vec<Candidate>,
    pub traffic: BTreeMap<u16, EndpointTraffic>,
    pub complete: bool,
}

/// One exchange: bytes out and in, and the answer if it was as expected.
struct Exchange {
    port: u16,
    bytes_out: u64,
    bytes_in: u64,
    candidate: Option<Candidate>,
}

/// The beginning of an answer.
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) server: String,
    pub(crate) answer: Vec<u8>,
}

/// Asks all of them.
pub async fn all(targets: Vec<Target<'_>>, within: Duration) -> Probed {
    let mut probed = Probed { complete: true, ..Probed::default() };
    let mut running = stream::iter(targets).map(one).buffer_unordered(CONCURRENCY_MAX);
    let over = sleep(within);
    tokio::pin!(over);
    loop {
        let exchange = tokio::select! {
            exchange = running.next() => exchange,
            () = &mut over => {
                probed.complete = false;
                break;
            }
        };
        match exchange {
            None => break,
            Some(None) => {}
            Some(Some(exchange)) => {
                let traffic = probed.traffic.entry(exchange.port).or_default();
                *traffic.messages.entry(Effect::Read).or_default() += 1;
                traffic.bytes_out += exchange.bytes_out;
                traffic.bytes_in += exchange.bytes_in;
                probed.candidates.extend(exchange.candidate);
            }
        }
    }
    let place = |it: &Candidate| (it.port, it.host.parse::<Ipv4Addr>().ok());
    probed.candidates.sort_by_key(place);
    probed
}

/// Nothing when nobody listens there: then nothing was sent.
async fn one(target: Target<'_>) -> Option<Exchange> {
    let Target { address, probe } = target;
    let connecting = TcpStream::connect((address, probe.port));
    let stream = timeout(Duration::from_millis(CONNECT_MS_MAX), connecting).await.ok()?.ok()?;
    let bytes_out = probe.path.len() as u64;
    let mut exchange = Exchange { port: probe.port, bytes_out, bytes_in: 0, candidate: None };
    let asking = timeout(Duration::from_millis(ANSWER_MS_MAX), ask(stream, target));
    if let Ok(Some(Heard { status, server, answer })) = asking.await {
        exchange.bytes_in = answer.len() as u64;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let begins = probe.begins.as_deref().is_none_or(|it| answer.trim_start().starts_with(it));
        if begins && probe.status.is_none_or(|wanted| wanted == status) {
            let host = address.to_string();
            exchange.candidate = Some(Candidate {
                addresses: vec![host.clone()],
                host,
                port: probe.port,
                status: Some(status),
                server,
                answer,
                ..Candidate::default()
            });
        }
    }
    Some(exchange)
}

/// Status and the first bytes of the body. The connection is driven in here and ends with it.
pub(crate) async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    target: Target<'_>,
) -> Option<Heard> {
    let Target { address, probe } = target;
    let request = Request::get(&probe.path)
        .header(header::HOST, format!("{address}:{}", probe.port))
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .ok()?;
    let handshake =
        http1::Builder::new().max_header_size(HEAD_BYTES_MAX).handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.ok()?;
    let work = async { read(sender.send_request(request).await.ok()?).await };
    tokio::pin!(work, connection);
    let mut open = true;
    loop {
        tokio::select! {
            answer = &mut work => return answer,
            _ = &mut connection, if open => open = false,
        }
    }
}

async fn read(response: Response<Incoming>) -> Option<Heard> {
    let status = response.status().as_u16();
    let server = response.headers().get(header::SERVER).map(|it| it.as_bytes());
    let server = String::from_utf8_lossy(server.unwrap_or_default());
    let server = server.chars().take(SERVER_CHARS_MAX).collect();
    let mut body = response.into_body();
    let mut answer = Vec::new();
    while answer.len() < ANSWER_BYTES_MAX {
        // An answer that breaks off still says what it is.
        let Some(Ok(frame)) = body.frame().await else { break };
        if let Ok(piece) = frame.into_data() {
            answer.extend_from_slice(&piece);
        }
    }
    answer.truncate(ANSWER_BYTES_MAX);
    Some(Heard { status, server, answer })
}
