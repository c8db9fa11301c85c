//! One conversation over `/api/websocket`: the token, then commands with rising ids and the events
//! of subscriptions between their answers.
//!
//! Source: developers.home-assistant.io, `docs/api/websocket.md`.

use crate::home::{Home, bad_token};
use if_sdk::prelude::*;
use if_sdk::websocket::{Address, Message, WebSocket};
use std::collections::VecDeque;

/// Events that may wait while an answer is awaited. A call that changes a whole house sends some
/// hundreds; a peer that sends only events must not fill the memory.
const WAITING_MAX: usize = 10_000;

/// An authenticated connection.
pub struct Socket {
    socket: WebSocket,
    last: u64,
    waiting: VecDeque<Value>,
    /// Home Assistant's, as it says it: `2024.3.3`.
    pub version: String,
}

/// How much a lost answer would mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stake {
    Question,
    Change,
}

impl Socket {
    /// Connects and shows the token.
    pub fn open(home: &Home<'_>) -> Result<Self, Failure> {
        let at = &home.address;
        let address = Address {
            host: &at.host,
            port: at.port,
            path: "/api/websocket",
            secure: at.secure,
            subprotocol: None,
        };
        let token = home.token()?;
        let socket = WebSocket::open(home.call, address)?;
        let mut this = Self { socket, last: 0, waiting: VecDeque::new(), version: String::new() };
        let hello = this.receive()?;
        if hello.at("type") != "auth_required" {
            return Err(Failure::protocol(
                "whoever answers there does not greet as Home Assistant's WebSocket API does",
            ));
        }
        this.version = hello.at("ha_version").as_str().unwrap_or("of unknown version").to_owned();
        this.socket.ask(&json!({ "type": "auth", "access_token": token }))?;
        let verdict = this.receive()?;
        match verdict.at("type").as_str() {
            Some("auth_ok") => Ok(this),
            Some("auth_invalid") => {
                Err(Failure::Auth(bad_token(verdict.at("message").as_str().unwrap_or("invalid"))))
            }
            _ => Err(Failure::protocol("neither auth_ok nor auth_invalid came for the token")),
        }
    }

    /// A command that changes nothing, with its fields; its result.
    pub fn ask(&mut self, kind: &str, fields: Value) -> Outcome {
        self.exchange(kind, fields, Stake::Question)
    }

    /// A command that may change something.
    pub fn tell(&mut self, kind: &str, fields: Value) -> Outcome {
        self.exchange(kind, fields, Stake::Change)
    }

    /// Whether an event is here already.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next event of any subscription: `{id, event}`.
    pub fn event(&mut self) -> Outcome {
        loop {
            let message = match self.waiting.pop_front() {
                Some(message) => message,
                None => self.receive()?,
            };
            if message.at("type") == "event" {
                return Ok(message);
            }
        }
    }

    fn exchange(&mut self, kind: &str, fields: Value, stake: Stake) -> Outcome {
        self.last += 1;
        let mut message =
            Map::from_iter([("id".to_owned(), json!(self.last)), ("type".to_owned(), json!(kind))]);
        if let Value::Object(fields) = fields {
            let own = fields.into_iter().filter(|(name, _)| name != "id" && name != "type");
            message.extend(own);
        }
        let message = Value::Object(message);
        match stake {
            Stake::Question => self.socket.ask(&message)?,
            Stake::Change => self.socket.send(&message)?,
        }
        loop {
            let answer = self.receive()?;
            if answer.at("id") == self.last && answer.at("type") != "event" {
                return self.verdict(kind, answer);
            }
            if self.waiting.len() >= WAITING_MAX {
                return Err(Failure::protocol(format!(
                    "{WAITING_MAX} events came, and no answer to `{kind}`"
                )));
            }
            self.waiting.push_back(answer);
        }
    }

    fn verdict(&self, kind: &str, mut answer: Value) -> Outcome {
        match (answer.at("type").as_str(), answer.at("success").as_bool()) {
            (Some("pong"), _) => Ok(json!({ "pong": true })),
            (Some("result"), Some(true)) => Ok(answer.take_at("result")),
            (Some("result"), Some(false)) => Err(self.refusal(kind, answer.at("error"))),
            _ => {
                Err(Failure::protocol(format!("Home Assistant's answer to `{kind}` has no result")))
            }
        }
    }

    fn refusal(&self, kind: &str, error: &Value) -> Failure {
        let code = error.at("code").as_str().unwrap_or_default();
        let words = error.at("message").as_str().unwrap_or("no reason given");
        match code {
            "unauthorized" => Failure::Auth(format!(
                "the token is good, but its user has no right to `{kind}`: it needs a token of an \
                 administrator"
            )),
            "unknown_command" => Failure::refused(
                code,
                format!("Home Assistant {} does not know `{kind}`", self.version),
            ),
            _ => Failure::refused(code, words),
        }
    }

    fn receive(&self) -> Outcome {
        match self.socket.receive()? {
            Message::Json(message) if message.is_object() => Ok(message),
            Message::Json(_) => Err(Failure::protocol("a message that is no JSON object")),
            Message::Closed { code, reason } => Err(self.socket.gone(code, &reason)),
        }
    }
}
