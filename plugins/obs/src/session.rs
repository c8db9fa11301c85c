//! One conversation with obs-websocket 5: hello, identify, then requests and events.
//!
//! The password never comes here: the answer to OBS's challenge is a placeholder that the host
//! fills in as it leaves.

use crate::protocol::{self, *};
use crate::things::{self, Thing};
use if_sdk::conversation::Conversation;
use if_sdk::prelude::*;
use if_sdk::websocket::{Address, WebSocket};

/// The settings of an instance.
#[derive(serde::Deserialize)]
struct Settings {
    host: String,
    port: u16,
    #[serde(default)]
    tls: bool,
}

/// An identified session.
pub struct Obs {
    talk: Conversation,
}

impl Obs {
    /// Connects and identifies; no events are subscribed to.
    pub fn connect(call: &Call) -> Result<Self, Failure> {
        let Settings { host, port, tls } = call.settings()?;
        let address = Address {
            host: &host,
            port,
            path: "/",
            secure: tls,
            subprotocol: Some("obswebsocket.json"),
        };
        let socket = WebSocket::open(call, address)?;
        let mut obs = Self { talk: Conversation::new(socket, protocol::closed) };
        let hello = obs.expect(HELLO)?;
        let mut identity = json!({ "rpcVersion": 1, "eventSubscriptions": 0 });
        if let (Some(challenge), Some(identity)) =
            (hello.get("authentication"), identity.as_object_mut())
        {
            identity.insert("authentication".into(), json!(answer(call, challenge)?));
        }
        obs.talk.say(&json!({ "op": IDENTIFY, "d": identity }))?;
        obs.expect(IDENTIFIED)?;
        Ok(obs)
    }

    /// A request without fields.
    pub fn ask(&mut self, kind: &str) -> Outcome {
        self.request(kind, json!({}))
    }

    /// A request; its answer's data, or OBS's refusal in OBS's words.
    pub fn request(&mut self, kind: &str, data: Value) -> Outcome {
        let id = self.talk.next_id().to_string();
        let message = json!({
            "op": REQUEST,
            "d": { "requestType": kind, "requestId": id, "requestData": data },
        });
        let is_answer =
            |answer: &Value| answer.at("op") == RESPONSE && answer.at("d").at("requestId") == &*id;
        let mut answer = match kind.starts_with("Get") {
            true => self.talk.ask(&message, is_answer)?,
            false => self.talk.tell(&message, is_answer)?,
        };
        verdict(kind, answer.take_at("d"))
    }

    /// A request about these things: where one does not exist, the nearest that does is offered.
    pub fn on(&mut self, things: &[Thing<'_>], kind: &str, data: Value) -> Outcome {
        match self.request(kind, data) {
            Err(failure) => Err(things::with_nearest(self, failure, things)),
            answer => answer,
        }
    }

    /// Several requests in one frame; each result as OBS gave it.
    pub fn batch(&mut self, mut batch: Value) -> Outcome {
        let id = self.talk.next_id().to_string();
        if let Some(batch) = batch.as_object_mut() {
            batch.insert("requestId".into(), json!(id));
        }
        let mut answer = self.talk.tell(&json!({ "op": BATCH, "d": batch }), |answer| {
            answer.at("op") == BATCH_RESPONSE && answer.at("d").at("requestId") == &*id
        })?;
        Ok(answer.take_at("d").take_at("results"))
    }

    /// From here on OBS sends the events of this mask.
    pub fn subscribe(&mut self, mask: u32) -> Result<(), Failure> {
        self.talk.say(&json!({ "op": REIDENTIFY, "d": { "eventSubscriptions": mask } }))?;
        self.talk.answer(|message| message.at("op") == IDENTIFIED)?;
        Ok(())
    }

    /// The next event, however long it takes; `None` for a message that is none.
    pub fn event(&mut self) -> Result<Option<Value>, Failure> {
        let mut message = self.talk.heard()?;
        Ok((message.at("op") == EVENT).then(|| message.take_at("d")))
    }

    fn expect(&mut self, op: u64) -> Outcome {
        // Whatever comes first must be it: so early OBS has nothing else to say.
        let mut message = self.talk.answer(|_| true)?;
        if message.at("op") != op {
            return Err(Failure::protocol(format!("expected operation {op} of obs-websocket 5")));
        }
        Ok(message.take_at("d"))
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
