//! One conversation with obs-websocket 5: hello, identify, then requests one after the other.
//!
//! Source: obsproject/obs-websocket, `docs/generated/protocol.md`, RPC version 1. The password
//! never comes here: the answer to OBS's challenge is a placeholder that the host fills in as it
//! leaves.

use if_sdk::prelude::*;
use if_sdk::websocket::{Address, Message, WebSocket};

/// Operation codes of the protocol.
const HELLO: u64 = 0;
const IDENTIFY: u64 = 1;
const IDENTIFIED: u64 = 2;
const REQUEST: u64 = 6;
const RESPONSE: u64 = 7;

/// Messages skipped while waiting for an answer. None are subscribed to, so even a few are strange;
/// a peer that sends only strays must not keep the call busy until its deadline.
const STRAYS_MAX: usize = 100;

/// The settings of an instance.
#[derive(serde::Deserialize)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    #[serde(default)]
    pub tls: bool,
}

/// An identified session.
pub struct Obs {
    socket: WebSocket,
    requests: u32,
}

impl Obs {
    /// Connects and identifies.
    pub fn connect(call: &Call) -> Result<Self, Failure> {
        let Settings { host, port, tls } = call.settings()?;
        let address = Address {
            host: &host,
            port,
            path: "/",
            secure: tls,
            subprotocol: Some("obswebsocket.json"),
        };
        let obs = Self { socket: WebSocket::open(call, address)?, requests: 0 };
        let hello = obs.expect(HELLO)?;
        // No events: they would only stand between a request and its answer.
        let identity = match hello.get("authentication") {
            None => json!({ "rpcVersion": 1, "eventSubscriptions": 0 }),
            Some(challenge) => json!({
                "rpcVersion": 1,
                "eventSubscriptions": 0,
                "authentication": answer(call, challenge)?,
            }),
        };
        obs.socket.ask(&json!({ "op": IDENTIFY, "d": identity }))?;
        obs.expect(IDENTIFIED)?;
        Ok(obs)
    }

    /// A request without fields.
    pub fn ask(&mut self, kind: &str) -> Outcome {
        self.request(kind, json!({}))
    }

    /// A request; its answer's data, or OBS's refusal in OBS's words.
    pub fn request(&mut self, kind: &str, data: Value) -> Outcome {
        self.requests += 1;
        let id = self.requests.to_string();
        let message = json!({
            "op": REQUEST,
            "d": { "requestType": kind, "requestId": id, "requestData": data },
        });
        match kind.starts_with("Get") {
            true => self.socket.ask(&message)?,
            false => self.socket.send(&message)?,
        }
        for _ in 0..STRAYS_MAX {
            let mut answer = self.expect_any()?;
            if answer.at("op") == RESPONSE && answer.at("d").at("requestId") == id.as_str() {
                return verdict(kind, answer.take_at("d"));
            }
        }
        Err(Failure::protocol(format!("OBS sent {STRAYS_MAX} messages, none of them the answer")))
    }

    fn expect(&self, op: u64) -> Outcome {
        let mut message = self.expect_any()?;
        if message.at("op") != op {
            return Err(Failure::protocol(format!("expected operation {op} of obs-websocket 5")));
        }
        Ok(message.take_at("d"))
    }

    fn expect_any(&self) -> Outcome {
        match self.socket.receive()? {
            Message::Json(message) => Ok(message),
            Message::Closed { code, reason } => Err(self.closed(code, &reason)),
        }
    }

    /// The protocol's close codes.
    fn closed(&self, code: u16, reason: &str) -> Failure {
        match code {
            4009 => Failure::Auth("OBS did not accept the password".into()),
            4002..=4008 | 4010 | 4012 => {
                Failure::protocol(format!("obs-websocket closed ({code}): {reason}"))
            }
            _ => self.socket.gone(code, reason),
        }
    }
}

/// The answer to OBS's challenge, as a placeholder.
fn answer(call: &Call, challenge: &Value) -> Result<String, Failure> {
    let part = |name: &str| {
        challenge
            .at(name)
            .as_str()
            .ok_or_else(|| Failure::protocol(format!("OBS's challenge has no `{name}`")))
    };
    let inputs = [("salt", part("salt")?), ("challenge", part("challenge")?)];
    if !call.has_secret("password") {
        return Err(Failure::Auth("OBS asks for a password, and this instance has none".into()));
    }
    call.placeholder("auth", &inputs)
}

fn verdict(kind: &str, mut answer: Value) -> Outcome {
    let status = answer.take_at("requestStatus");
    match (status.at("result").as_bool(), status.at("code").as_u64()) {
        (Some(true), _) => match answer.take_at("responseData") {
            Value::Null => Ok(json!({})),
            data => Ok(data),
        },
        (Some(false), Some(code)) => {
            let comment = status.at("comment").as_str().filter(|comment| !comment.is_empty());
            Err(Failure::refused(code, comment.unwrap_or_else(|| meaning(code))))
        }
        _ => Err(Failure::protocol(format!("OBS's answer to {kind} has no status"))),
    }
}

/// The protocol's status codes, for refusals to which OBS adds no words.
fn meaning(code: u64) -> &'static str {
    match code {
        203 | 204 => "this OBS does not know that request",
        206 => "that works only inside a batch",
        207 => "OBS is not ready",
        300 | 301 => "a field is missing",
        400..=404 => "a field has a wrong type or value",
        500 => "the output is already running",
        501 => "the output is not running",
        502 => "the output is paused",
        503 => "the output is not paused",
        504 => "the output is disabled",
        505 => "studio mode is on",
        506 => "studio mode is off",
        600 => "there is no such thing",
        601 => "that name is taken",
        602 => "that is a thing of another kind",
        603 => "OBS has not enough resources for it",
        604 => "it is in a state that does not allow that",
        605 => "this OBS has no such input kind",
        606 => "it cannot be configured",
        607 => "this OBS has no such filter kind",
        700 => "OBS could not make it",
        701..=703 => "OBS could not do it",
        _ => "OBS gave no reason",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_obs_s_code_and_words() {
        let status = |status: Value| verdict("X", json!({ "requestStatus": status }));
        let said = json!({ "result": false, "code": 600, "comment": "No source was found." });
        assert_eq!(status(said), Err(Failure::refused(600, "No source was found.")));
        let silent = json!({ "result": false, "code": 501 });
        assert_eq!(status(silent), Err(Failure::refused(501, "the output is not running")));
        assert!(matches!(status(json!({ "result": false })), Err(Failure::Protocol(_))));
        assert!(matches!(status(Value::Null), Err(Failure::Protocol(_))));
        assert_eq!(status(json!({ "result": true, "code": 100 })), Ok(json!({})));
    }
}
