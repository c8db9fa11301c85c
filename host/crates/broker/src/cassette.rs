//! A recorded conversation that stands in for a device: tests of plugins, and replay.
//!
//! The gate in front is the real one (grants, rules, sinks, captures); only the network is played.
//! Exchanges must come in the recorded order. Compared are method, address, path, body and frames,
//! and every header that the recording names; timeouts are not part of a conversation. A wish that
//! does not fit ends the call and says what was expected.

use crate::BrokerError;
use crate::ledger::{BrokerReport, Departure};
use crate::transport::{HttpExchange, Opened, Opening, Payload, Transport, Wire};
use if_core::{Answer, Ask, BoxFuture, Frame, Header, HttpResponse, Reply, UnixMillis};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest piece of a message that an error quotes.
const QUOTE_CHARS_MAX: usize = 400;

/// One exchange as a transcript holds it: `<placeholder:name>` where tokens were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub ask: Ask,
    pub answer: Answer,
}

/// Exchanges in order. As JSON: a list of `{ask, answer}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cassette {
    pub exchanges: Vec<Exchange>,
}

impl Cassette {
    /// Reads the JSON form.
    pub fn parse(text: &str) -> Result<Self, BrokerError> {
        serde_json::from_str(text).map_err(|error| BrokerError::Cassette(error.to_string()))
    }

    /// What a report tells, with names where its tokens were: those are others in each call.
    pub fn from_report(report: &BrokerReport) -> Result<Self, BrokerError> {
        let exchanges = report
            .transcript
            .iter()
            .map(|(ask, answer)| Exchange { ask: ask.clone(), answer: answer.clone() });
        let told = Self { exchanges: exchanges.collect() };
        let failed = |error: serde_json::Error| BrokerError::Cassette(error.to_string());
        let text = serde_json::to_string(&told).map_err(failed)?;
        let named = report.placeholders.iter().fold(text, |text, (token, name)| {
            text.replace(token.as_str(), &format!("<placeholder:{name}>"))
        });
        Self::parse(&named)
    }
}

/// Plays a cassette.
pub struct Player {
    deck: Arc<Deck>,
}

struct Deck {
    reel: Mutex<Reel>,
}

struct Reel {
    exchanges: VecDeque<Exchange>,
    now: UnixMillis,
    /// Something was asked for after the last exchange.
    ended: bool,
}

impl Player {
    /// Starts at the call's own start time.
    pub fn new(cassette: Cassette, start: UnixMillis) -> Self {
        let played = |exchange: &Exchange| {
            matches!(
                exchange.ask,
                Ask::Http { .. } | Ask::Open { .. } | Ask::Send { .. } | Ask::Receive { .. }
            )
        };
        let exchanges = cassette.exchanges.into_iter().filter(played).collect();
        Self {
            deck: Arc::new(Deck { reel: Mutex::new(Reel { exchanges, now: start, ended: false }) }),
        }
    }
}

impl Deck {
    fn lock(&self) -> MutexGuard<'_, Reel> {
        self.reel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn play(&self, ask: &Ask) -> Result<Reply, BrokerError> {
        let mut reel = self.lock();
        let Some(next) = reel.exchanges.front() else {
            reel.ended = true;
            return Err(BrokerError::Cassette(format!(
                "it is at its end, but the plugin asked {}",
                quoted(ask)
            )));
        };
        if !fits(&next.ask, ask) {
            return Err(BrokerError::Cassette(format!(
                "expected {}, but the plugin asked {}",
                quoted(&next.ask),
                quoted(ask)
            )));
        }
        let Some(exchange) = reel.exchanges.pop_front() else {
            return Err(BrokerError::Bug("the cassette lost its front".into()));
        };
        reel.now = reel.now.max(exchange.answer.at);
        exchange.answer.result.map_err(BrokerError::Passed)
    }
}

fn wrong_reply(ask: &Ask) -> BrokerError {
    BrokerError::Cassette(format!("the recorded answer does not belong to {}", quoted(ask)))
}

fn quoted(ask: &Ask) -> String {
    let text = serde_json::to_string(ask).unwrap_or_else(|_| format!("{ask:?}"));
    text.chars().take(QUOTE_CHARS_MAX).collect()
}

/// Whether a wish is the recorded one.
fn fits(recorded: &Ask, asked: &Ask) -> bool {
    match (recorded, asked) {
        (Ask::Http { request: want }, Ask::Http { request: got }) => {
            want.method == got.method
                && want.url == got.url
                && want.body == got.body
                && headers_fit(&want.headers, &got.headers)
        }
        (Ask::Open { target: want }, Ask::Open { target: got }) => {
            let path = |path: &Option<String>| path.clone().unwrap_or_else(|| "/".into());
            (want.protocol, &want.host, want.port) == (got.protocol, &got.host, got.port)
                && path(&want.path) == path(&got.path)
                && headers_fit(&want.headers, &got.headers)
        }
        (Ask::Receive { connection: want, .. }, Ask::Receive { connection: got, .. }) => {
            want == got
        }
        (
            Ask::Send { connection: want, frame: Frame::Text(want_text) },
            Ask::Send { connection: got, frame: Frame::Text(got_text) },
        ) => want == got && same_text(want_text, got_text),
        (want, got) => want == got,
    }
}

/// Equal, or the same JSON written differently: an author need not copy a serialiser's key order.
fn same_text(want: &str, got: &str) -> bool {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    want == got || json(want).is_some_and(|value| Some(value) == json(got))
}

fn headers_fit(want: &[Header], got: &[Header]) -> bool {
    want.iter()
        .all(|(name, value)| got.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && v == value))
}

impl Transport for Player {
    fn now(&self) -> UnixMillis {
        self.deck.lock().now
    }

    fn http<'a>(
        &'a self,
        exchange: HttpExchange<'a>,
    ) -> BoxFuture<'a, Result<HttpResponse, BrokerError>> {
        Box::pin(async move {
            exchange.departure.leave();
            match self.deck.play(exchange.ask)? {
                Reply::Http { response } => Ok(response),
                _ => Err(wrong_reply(exchange.ask)),
            }
        })
    }

    fn open<'a>(&'a self, opening: Opening<'a>) -> BoxFuture<'a, Result<Opened, BrokerError>> {
        Box::pin(async move {
            match self.deck.play(opening.ask)? {
                Reply::Opened { fresh, local, subprotocol, .. } => {
                    let wire = Arc::new(PlayedWire { deck: self.deck.clone() });
                    Ok(Opened { wire, local, subprotocol, fresh })
                }
                _ => Err(wrong_reply(opening.ask)),
            }
        })
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        let mut reel = self.deck.lock();
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        reel.now = reel.now.plus_millis(millis);
        Box::pin(std::future::ready(()))
    }

    fn waits(&self) -> bool {
        false
    }

    fn passed_over(&self, ask: &Ask) {
        let mut reel = self.deck.lock();
        if reel.exchanges.front().is_some_and(|next| fits(&next.ask, ask)) {
            reel.exchanges.pop_front();
        }
    }

    fn left(&self) -> usize {
        self.deck.lock().exchanges.len()
    }

    fn ended(&self) -> bool {
        self.deck.lock().ended
    }
}

struct PlayedWire {
    deck: Arc<Deck>,
}

impl Wire for PlayedWire {
    fn send<'a>(
        &'a self,
        ask: &'a Ask,
        _payload: Payload,
        departure: &'a Departure,
        _within: Duration,
    ) -> BoxFuture<'a, Result<(), BrokerError>> {
        departure.leave();
        let reply = self.deck.play(ask);
        Box::pin(std::future::ready(match reply {
            Ok(Reply::Done) => Ok(()),
            Ok(_) => Err(wrong_reply(ask)),
            Err(error) => Err(error),
        }))
    }

    fn receive<'a>(
        &'a self,
        ask: &'a Ask,
        _within: Duration,
    ) -> BoxFuture<'a, Result<Option<Frame>, BrokerError>> {
        let reply = self.deck.play(ask);
        Box::pin(std::future::ready(match reply {
            Ok(Reply::Frame { frame }) => Ok(frame),
            Ok(_) => Err(wrong_reply(ask)),
            Err(error) => Err(error),
        }))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
