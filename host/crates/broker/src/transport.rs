//! The seam behind the gate: who carries a message that was allowed, filled and counted.
//!
//! A transport decides nothing. It gets the wish as a transcript shows it (for a cassette) and the
//! message as it goes on the wire (for a network), and says when the first byte leaves.

use crate::BrokerError;
use crate::grants::{Grant, target::HttpTarget};
use crate::ledger::Departure;
use crate::secrets::{recipes::Value, sinks::FilledRequest};
use if_core::{Ask, BoxFuture, Frame, HttpResponse, OpenTarget, UnixMillis};
use std::sync::Arc;
use std::time::Duration;

/// One HTTP exchange.
pub struct HttpExchange<'a> {
    pub ask: &'a Ask,
    pub grant: &'a Grant,
    pub target: &'a HttpTarget,
    pub method: &'a str,
    pub filled: FilledRequest,
    pub departure: Departure,
    pub within: Duration,
}

/// One connection to make.
pub struct Opening<'a> {
    pub ask: &'a Ask,
    pub grant: &'a Grant,
    pub target: &'a OpenTarget,
    /// WebSocket only: path, query and headers with values in place.
    pub filled: Option<FilledRequest>,
    pub within: Duration,
}

/// A connection that was made.
pub struct Opened {
    pub wire: Arc<dyn Wire>,
    pub local: String,
    pub subprotocol: Option<String>,
    pub fresh: bool,
}

/// What goes out on a connection.
pub enum Payload {
    Text(Value),
    Bytes(Value),
    /// WebSocket close.
    Close {
        code: u16,
        reason: String,
    },
}

/// An open connection.
pub trait Wire: Send + Sync {
    /// Sends one message, calling `departure.leave()` before the first byte.
    fn send<'a>(
        &'a self,
        ask: &'a Ask,
        payload: Payload,
        departure: &'a Departure,
        within: Duration,
    ) -> BoxFuture<'a, Result<(), BrokerError>>;

    /// The next message; `None` when the time passed. Dropping the future loses nothing.
    fn receive<'a>(
        &'a self,
        ask: &'a Ask,
        within: Duration,
    ) -> BoxFuture<'a, Result<Option<Frame>, BrokerError>>;

    /// Says goodbye, without waiting for the peer.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Carries what the gate let through.
pub trait Transport: Send + Sync {
    /// The time of the next answer.
    fn now(&self) -> UnixMillis;
    fn http<'a>(
        &'a self,
        exchange: HttpExchange<'a>,
    ) -> BoxFuture<'a, Result<HttpResponse, BrokerError>>;
    fn open<'a>(&'a self, opening: Opening<'a>) -> BoxFuture<'a, Result<Opened, BrokerError>>;
    /// Lets time pass.
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()>;
    /// Whether `Ready` must wait for the peer.
    fn waits(&self) -> bool;
    /// The gate answered this wish itself.
    fn passed_over(&self, ask: &Ask);
    /// Recorded exchanges nobody asked for yet.
    fn left(&self) -> usize;
    /// A recording was played to its end, and somebody asked for more.
    fn ended(&self) -> bool;
}
