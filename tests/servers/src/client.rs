//! A minimal native obs-websocket client, for tests that look at OBS from outside and for the
//! measure of what the exchange costs without us.
//!
//! It asks, one request at a time, or it listens: never both on one session. A refusal is an error
//! with OBS's own code and words.

use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// A bound on each answer: OBS answers within a frame or two; more is a failed test.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// An identified session.
pub struct ObsClient {
    socket: WebSocketStream<TcpStream>,
    asked: u64,
}

impl ObsClient {
    /// Connects to 127.0.0.1 and identifies, to ask.
    pub async fn connect(port: u16, password: &str) -> Result<Self> {
        Self::identify(port, password, 0).await
    }

    /// As [`ObsClient::connect`], to listen to these events (a mask of `EventSubscription`).
    pub async fn listen(port: u16, password: &str, events: u32) -> Result<Self> {
        Self::identify(port, password, events).await
    }

    async fn identify(port: u16, password: &str, events: u32) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://127.0.0.1:{port}/");
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await?;
        let mut client = Self { socket, asked: 0 };
        let hello = client.next(0).await?;
        let mut identify = json!({ "rpcVersion": 1, "eventSubscriptions": events });
        if let Some(challenge) = hello.get("authentication") {
            let answer = authentication(password, challenge)?;
            if let Some(identify) = identify.as_object_mut() {
                identify.insert("authentication".into(), answer.into());
            }
        }
        client.send(1, identify).await?;
        client.next(2).await?;
        Ok(client)
    }

    /// One request; its `responseData`, null when there is none.
    pub async fn request(&mut self, request_type: &str, data: Value) -> Result<Value> {
        self.asked += 1;
        let id = self.asked.to_string();
        let request = json!({ "requestType": request_type, "requestId": id, "requestData": data });
        self.send(6, request).await?;
        let mut answer = self.next(7).await?;
        ensure!(answer.get("requestId") == Some(&json!(id)), "an answer to something else");
        let status = answer.get("requestStatus").context("an answer without a status")?;
        if status.get("result") != Some(&json!(true)) {
            let code = status.get("code").and_then(Value::as_u64).unwrap_or_default();
            let comment = status.get("comment").and_then(Value::as_str).unwrap_or_default();
            bail!("{request_type} was refused with {code}: {comment}");
        }
        Ok(answer.get_mut("responseData").map(Value::take).unwrap_or_default())
    }

    /// The next event of this type: its `eventData`.
    pub async fn event(&mut self, event_type: &str) -> Result<Value> {
        loop {
            let mut event = self.next(5).await?;
            if event.get("eventType") == Some(&json!(event_type)) {
                return Ok(event.get_mut("eventData").map(Value::take).unwrap_or_default());
            }
        }
    }

    async fn send(&mut self, op: u8, data: Value) -> Result<()> {
        let frame = json!({ "op": op, "d": data }).to_string();
        Ok(self.socket.send(Message::text(frame)).await?)
    }

    /// The data of the next frame, which must have this op code.
    async fn next(&mut self, op: u8) -> Result<Value> {
        let message = tokio::time::timeout(ANSWER_TIMEOUT, self.socket.next()).await;
        let message = message.context("OBS does not answer")?.context("OBS hung up")??;
        if let Message::Close(frame) = &message {
            let code = frame.as_ref().map_or(0, |frame| u16::from(frame.code));
            let reason = frame.as_ref().map_or("", |frame| frame.reason.as_str());
            bail!("OBS closed with {code}: {reason}");
        }
        let mut frame: Value = serde_json::from_str(message.to_text()?)?;
        ensure!(frame.get("op") == Some(&json!(op)), "expected op {op}, got {frame}");
        Ok(frame.get_mut("d").map(Value::take).unwrap_or_default())
    }
}

/// base64(sha256(base64(sha256(password + salt)) + challenge)), as the protocol has it.
fn authentication(password: &str, hello: &Value) -> Result<String> {
    let text = |name: &str| {
        let value = hello.get(name).and_then(Value::as_str);
        value.with_context(|| format!("Hello has no {name}"))
    };
    let secret = STANDARD.encode(Sha256::digest(format!("{password}{}", text("salt")?)));
    Ok(STANDARD.encode(Sha256::digest(format!("{secret}{}", text("challenge")?))))
}
