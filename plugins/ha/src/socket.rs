//! One conversation over `/api/websocket`: the token, then commands with rising ids and the events
//! of subscriptions between their answers.
//!
//! Source: developers.home-assistant.io, `docs/api/websocket.md`.

use crate::home::{Home, bad_token};
use if_sdk::conversation::Conversation;
use if_sdk::prelude::*;
use if_sdk::websocket::{Address, WebSocket};

/// An authenticated connection.
pub struct Socket {
    conversation: Conversation,
    /// Home Assistant's, as it says it: `2024.3.3`.
    pub version: String,
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
        // Home Assistant's close codes say nothing that the standard's do not.
        let mut conversation = Conversation::new(WebSocket::open(home.call, address)?, |_, _| None);
        let hello = conversation.answer(|_| true)?;
        if hello.at("type") != "auth_required" {
            return Err(Failure::protocol(
                "whoever answers there does not greet as Home Assistant's WebSocket API does",
            ));
        }
        let version = hello.at("ha_version").as_str().unwrap_or("of unknown version").to_owned();
        let auth = json!({ "type": "auth", "access_token": token });
        let verdict = conversation.ask(&auth, |_| true)?;
        match verdict.at("type").as_str() {
            Some("auth_ok") => Ok(Self { conversation, version }),
            Some("auth_invalid") => {
                Err(Failure::Auth(bad_token(verdict.at("message").as_str().unwrap_or("invalid"))))
            }
            _ => Err(Failure::protocol("neither auth_ok nor auth_invalid came for the token")),
        }
    }

    /// A command that changes nothing, with its fields; its result.
    pub fn ask(&mut self, kind: &str, fields: Value) -> Outcome {
        let (id, message) = self.message(kind, fields);
        let answer = self.conversation.ask(&message, |answer| is_answer(answer, id))?;
        self.verdict(kind, answer)
    }

    /// A command that may change something.
    pub fn tell(&mut self, kind: &str, fields: Value) -> Outcome {
        let (id, message) = self.message(kind, fields);
        let answer = self.conversation.tell(&message, |answer| is_answer(answer, id))?;
        self.verdict(kind, answer)
    }

    /// The next event of any subscription, however long it takes: `{id, event}`.
    pub fn event(&mut self) -> Outcome {
        loop {
            let message = self.conversation.heard()?;
            if message.at("type") == "event" {
                return Ok(message);
            }
        }
    }

    /// An event that came while an answer was awaited, if one did.
    pub fn event_before(&mut self) -> Option<Value> {
        std::iter::from_fn(|| self.conversation.kept()).find(|kept| kept.at("type") == "event")
    }

    fn message(&mut self, kind: &str, fields: Value) -> (u64, Value) {
        let id = self.conversation.next_id();
        let mut message =
            Map::from_iter([("id".to_owned(), json!(id)), ("type".to_owned(), json!(kind))]);
        if let Value::Object(fields) = fields {
            let own = fields.into_iter().filter(|(name, _)| name != "id" && name != "type");
            message.extend(own);
        }
        (id, Value::Object(message))
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
}

/// Whether a message answers the command of this number; events carry its number too.
fn is_answer(message: &Value, id: u64) -> bool {
    message.at("id") == id && message.at("type") != "event"
}
