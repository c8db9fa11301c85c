//! A WebSocket that carries JSON text frames.
//!
//! It remembers whether a request has left, so that a lost answer is reported as what it is: an
//! unknown outcome. Handshakes and questions go through [`WebSocket::ask`] and do not count.

use crate::bindings::infrafabric::adapter::connection::{Frame, Protocol, Session, Target, open};
use crate::{Call, Failure};
use serde_json::Value;

/// An open connection; dropping it closes it.
#[derive(Debug)]
pub struct WebSocket {
    session: Session,
    patience_ms: u32,
    sent: bool,
}

/// What arrived.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    Json(Value),
    /// The peer closed; nothing follows.
    Closed {
        code: u16,
        reason: String,
    },
}

/// Where to connect to.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    pub host: &'a str,
    pub port: u16,
    /// With query; starts with `/`.
    pub path: &'a str,
    /// `wss` instead of `ws`.
    pub secure: bool,
    /// Asked for; the peer may choose none.
    pub subprotocol: Option<&'a str>,
}

impl WebSocket {
    /// Connects and shakes hands.
    ///
    /// # Errors
    /// `unreachable`, `timeout`, `protocol`, or the host's refusal.
    pub fn open(call: &Call, address: Address<'_>) -> Result<Self, Failure> {
        let protocol = if address.secure { Protocol::Wss } else { Protocol::Ws };
        let subprotocol = address.subprotocol.into_iter();
        let headers = subprotocol.map(|name| ("sec-websocket-protocol".into(), name.into()));
        let session = open(&Target {
            protocol,
            host: address.host.to_owned(),
            port: address.port,
            path: Some(address.path.to_owned()),
            headers: headers.collect(),
            timeout_ms: call.patience_ms(),
        })?;
        Ok(Self { session, patience_ms: call.patience_ms(), sent: false })
    }

    /// Sends a frame of the handshake or a question: losing its answer leaves nothing in doubt.
    ///
    /// # Errors
    /// As [`Failure::lost`].
    pub fn ask(&self, message: &Value) -> Result<(), Failure> {
        let frame = Frame::Text(message.to_string());
        self.session.send(&frame).map_err(|error| Failure::lost(error, self.sent))
    }

    /// Sends what may change something. From here on a lost answer means an unknown outcome.
    ///
    /// # Errors
    /// As [`Failure::lost`].
    pub fn send(&mut self, message: &Value) -> Result<(), Failure> {
        self.ask(message)?;
        self.sent = true;
        Ok(())
    }

    /// The next message.
    ///
    /// # Errors
    /// `timeout` when none came, `protocol` when it is not JSON text, `unreachable` when the
    /// connection broke.
    pub fn receive(&self) -> Result<Message, Failure> {
        match self.receive_within(self.patience_ms)? {
            Some(message) => Ok(message),
            None => Err(Failure::timeout("no answer in time", self.sent)),
        }
    }

    /// The next message, if one comes within this time.
    ///
    /// # Errors
    /// As [`WebSocket::receive`], but for `timeout`.
    pub fn receive_within(&self, wait_ms: u32) -> Result<Option<Message>, Failure> {
        let received = self.session.receive(wait_ms);
        match received.map_err(|error| Failure::lost(error, self.sent))? {
            None => Ok(None),
            Some(Frame::Closed((code, reason))) => Ok(Some(Message::Closed { code, reason })),
            Some(Frame::Binary(_)) => Err(Failure::protocol("a binary frame instead of JSON text")),
            Some(Frame::Text(text)) => serde_json::from_str(&text)
                .map(|message| Some(Message::Json(message)))
                .map_err(|error| Failure::protocol(format!("a frame is no JSON: {error}"))),
        }
    }

    /// The next message, however long it takes: for a command that streams. Quiet does not count
    /// against its deadline.
    ///
    /// # Errors
    /// As [`WebSocket::receive_within`].
    pub fn wait(&self) -> Result<Message, Failure> {
        loop {
            if let Some(message) = self.receive_within(u32::MAX)? {
                return Ok(message);
            }
        }
    }

    /// The failure of a connection that the peer closed instead of answering.
    pub fn gone(&self, code: u16, reason: &str) -> Failure {
        let colon = if reason.is_empty() { "" } else { ": " };
        Failure::unreachable(format!("the peer closed ({code}){colon}{reason}"), self.sent)
    }
}
