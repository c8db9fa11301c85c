//! A fake obs-websocket v5 server: Hello, Identify with the password checked, and requests
//! answered from a table. It misbehaves on demand in the ways of [`Misbehaviour`].
//!
//! Source: the obs-websocket protocol, 5.x. The real OBS is in `tests/servers`; this one is for
//! what a real one does not do when asked. Message pack is not spoken.

mod session;
pub mod table;

use crate::background::{self, Background, lock};
use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Frames remembered; later ones are answered and forgotten.
const FRAMES_MAX: usize = 10_000;

/// Salt and challenge of every Hello: fixed, so that a test can say what the answer must be.
pub const SALT: &str = "c2FsdC1vZi10aGUtZmFrZQ==";
/// See [`SALT`].
pub const CHALLENGE: &str = "Y2hhbGxlbmdlLW9mLXRoZS1mYWtl";

/// What goes wrong, and when.
#[derive(Debug, Clone, Default)]
pub enum Misbehaviour {
    #[default]
    None,
    /// The TCP connection stands, the WebSocket handshake is never answered.
    Mute,
    /// No Hello ever comes.
    NoHello,
    /// Hello is not JSON.
    GarbageHello,
    /// Identify is never answered.
    NoIdentified,
    /// Closes with this code and reason instead of answering the first request.
    CloseOnRequest(u16, String),
    /// The connection breaks, without a close frame, instead of answering the first request.
    DropOnRequest,
    /// Requests are never answered.
    NoAnswer,
    /// Every answer comes this late.
    Late(Duration),
    /// Answers are text, but not JSON.
    Garbage,
    /// Answers carry somebody else's request id.
    WrongRequestId,
    /// Answers repeat the password and the authentication string.
    EchoSecret,
    /// So many events come before each answer.
    Events(u32),
    /// Answers are padded by so many bytes.
    Oversize(usize),
}

/// How a request type is answered.
#[derive(Debug, Clone)]
enum Reply {
    Data(Value),
    Refusal { code: u16, comment: String },
}

/// What the server does, to be programmed before it starts.
#[derive(Debug, Clone, Default)]
pub struct ObsScript {
    password: Option<String>,
    replies: BTreeMap<String, Reply>,
    misbehaviour: Misbehaviour,
    /// What is not among the replies is answered by the published tables.
    newest: bool,
    /// Events for the first subscription, the second, and so on.
    events: Vec<Vec<Value>>,
    /// Subscriptions served so far.
    subscriptions: Arc<AtomicUsize>,
}

impl ObsScript {
    /// Asks for this password; without it, none is asked for.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Answers this request type with this data; types not named are refused with code 204.
    #[must_use]
    pub fn answer(mut self, request_type: &str, data: Value) -> Self {
        self.replies.insert(request_type.to_owned(), Reply::Data(data));
        self
    }

    /// Refuses this request type.
    #[must_use]
    pub fn refuse(mut self, request_type: &str, code: u16, comment: &str) -> Self {
        let reply = Reply::Refusal { code, comment: comment.to_owned() };
        self.replies.insert(request_type.to_owned(), reply);
        self
    }

    /// Answers everything else as the newest OBS does, by the published tables ([`table`]).
    #[must_use]
    pub fn newest(mut self) -> Self {
        self.newest = true;
        self
    }

    /// Sends these events (`{eventType, eventIntent, eventData}`) to the next subscriber, as far as
    /// its mask wants them. Called again, it hangs up after them, without a word, and the one that
    /// subscribes then gets the next.
    #[must_use]
    pub fn events(mut self, events: Vec<Value>) -> Self {
        self.events.push(events);
        self
    }

    /// Goes wrong in this way.
    #[must_use]
    pub fn misbehave(mut self, misbehaviour: Misbehaviour) -> Self {
        self.misbehaviour = misbehaviour;
        self
    }

    /// Starts on a free port of 127.0.0.1.
    pub fn start(self) -> Result<ObsFake> {
        let (listener, port) = background::bind(0)?;
        let log = Log::default();
        let (script, for_server) = (Arc::new(self), log.clone());
        let server = Background::start(move || {
            background::accept(listener, move |stream| {
                let (script, log) = (script.clone(), for_server.clone());
                // A client that hangs up ends its own connection only.
                async move { drop(session::serve(stream, &script, &log).await) }
            })
        })?;
        Ok(ObsFake { port, log, _server: server })
    }
}

type Log = Arc<Mutex<Vec<Value>>>;

/// A running fake; gone when dropped.
pub struct ObsFake {
    pub port: u16,
    log: Log,
    _server: Background,
}

impl ObsFake {
    /// A script that behaves, asks for no password and knows no request.
    pub fn script() -> ObsScript {
        ObsScript::default()
    }

    /// Every frame the clients sent, oldest first, Identify included; no JSON becomes a string.
    pub fn frames(&self) -> Vec<Value> {
        lock(&self.log).clone()
    }

    /// The request types asked for so far, accepted or refused.
    pub fn requests(&self) -> Vec<String> {
        let frames = self.frames();
        let types = frames.iter().filter_map(|frame| frame.pointer("/d/requestType")?.as_str());
        types.map(str::to_owned).collect()
    }
}

/// So many numbered events, all alike but for their number.
pub fn numbered(count: usize) -> Vec<Value> {
    let event = |number| {
        let data = json!({ "number": number });
        json!({ "eventType": "CustomEvent", "eventIntent": 1, "eventData": data })
    };
    (0..count).map(event).collect()
}

fn record(log: &Log, frame: Value) {
    let mut log = lock(log);
    if log.len() < FRAMES_MAX {
        log.push(frame);
    }
}

/// The authentication string of the protocol: base64(sha256(base64(sha256(password + salt)) +
/// challenge)).
pub fn authentication(password: &str, salt: &str, challenge: &str) -> String {
    let secret = STANDARD.encode(Sha256::digest(format!("{password}{salt}")));
    STANDARD.encode(Sha256::digest(format!("{secret}{challenge}")))
}
