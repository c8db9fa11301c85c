//! One client of the fake: the handshake, then requests until somebody leaves.

use super::{CHALLENGE, Log, Misbehaviour, ObsScript, Reply, SALT, authentication, record, table};
use anyhow::{Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

/// The protocol's close codes used here.
const NOT_IDENTIFIED: u16 = 4007;
const AUTHENTICATION_FAILED: u16 = 4009;
const UNSUPPORTED_RPC_VERSION: u16 = 4010;
const UNKNOWN_OP_CODE: u16 = 4006;
/// The status for a request type nobody knows.
const UNKNOWN_REQUEST_TYPE: u16 = 204;

pub(super) async fn serve(stream: TcpStream, script: &ObsScript, log: &Log) -> Result<()> {
    if matches!(script.misbehaviour, Misbehaviour::Mute) {
        return std::future::pending().await;
    }
    let socket = tokio_tungstenite::accept_hdr_async(stream, choose_subprotocol).await?;
    let mut session = Session { socket, script, log };
    if session.shake_hands().await? {
        while let Some(frame) = session.next().await? {
            session.meet(&frame).await?;
        }
    }
    Ok(())
}

/// A client that asks for the JSON form gets it, as from the real one.
#[allow(clippy::result_large_err)] // the shape that the library asks for
fn choose_subprotocol(request: &Request, mut answer: Response) -> Result<Response, ErrorResponse> {
    const NAME: &str = "sec-websocket-protocol";
    if request.headers().get(NAME).is_some() {
        answer.headers_mut().insert(NAME, HeaderValue::from_static("obswebsocket.json"));
    }
    Ok(answer)
}

struct Session<'a> {
    socket: WebSocketStream<TcpStream>,
    script: &'a ObsScript,
    log: &'a Log,
}

impl Session<'_> {
    /// Hello, Identify, Identified. False when the client was sent away.
    async fn shake_hands(&mut self) -> Result<bool> {
        match self.script.misbehaviour {
            Misbehaviour::NoHello => return std::future::pending().await,
            Misbehaviour::GarbageHello => self.text("hello?".into()).await?,
            _ => self.json(json!({ "op": 0, "d": self.hello() })).await?,
        }
        let Some(identify) = self.next().await? else { return Ok(false) };
        if identify.get("op") != Some(&json!(1)) {
            return self.close(NOT_IDENTIFIED, "not identified").await;
        }
        if identify.pointer("/d/rpcVersion") != Some(&json!(1)) {
            return self.close(UNSUPPORTED_RPC_VERSION, "unsupported RPC version").await;
        }
        if let Some(password) = &self.script.password {
            let expected = authentication(password, SALT, CHALLENGE);
            if identify.pointer("/d/authentication") != Some(&json!(expected)) {
                return self.close(AUTHENTICATION_FAILED, "authentication failed").await;
            }
        }
        if matches!(self.script.misbehaviour, Misbehaviour::NoIdentified) {
            return std::future::pending().await;
        }
        self.json(json!({ "op": 2, "d": { "negotiatedRpcVersion": 1 } })).await?;
        Ok(true)
    }

    fn hello(&self) -> Value {
        let mut hello = json!({ "obsWebSocketVersion": "5.1.0", "rpcVersion": 1 });
        if let (Some(hello), Some(_)) = (hello.as_object_mut(), &self.script.password) {
            let challenge = json!({ "challenge": CHALLENGE, "salt": SALT });
            hello.insert("authentication".into(), challenge);
        }
        hello
    }

    /// Answers one request, well or badly.
    async fn meet(&mut self, frame: &Value) -> Result<()> {
        let mut answer = match frame.get("op").and_then(Value::as_u64) {
            Some(3) => return self.subscribe(frame).await,
            Some(6) => {
                json!({ "op": 7, "d": self.answer(frame.get("d").unwrap_or(&Value::Null)) })
            }
            Some(8) => self.batch(frame),
            _ => {
                self.close(UNKNOWN_OP_CODE, "unknown op code").await?;
                bail!("the client was sent away");
            }
        };
        match &self.script.misbehaviour {
            Misbehaviour::CloseOnRequest(code, reason) => {
                self.close(*code, &reason.clone()).await?;
                bail!("closed, as asked");
            }
            Misbehaviour::DropOnRequest => bail!("hanging up, as asked"),
            Misbehaviour::NoAnswer => return Ok(()),
            Misbehaviour::Late(delay) => tokio::time::sleep(*delay).await,
            Misbehaviour::Garbage => return self.text("{\"op\":7,".into()).await,
            Misbehaviour::WrongRequestId => set(&mut answer, "requestId", json!("not-yours")),
            Misbehaviour::EchoSecret => set(&mut answer, "responseData", self.echo()),
            Misbehaviour::Oversize(bytes) => {
                let padding = "x".repeat(*bytes);
                set(&mut answer, "responseData", json!({ "padding": padding }));
            }
            Misbehaviour::Events(count) => {
                for number in 0..*count {
                    let data = json!({ "eventType": "CustomEvent", "eventIntent": 1,
                        "eventData": { "number": number } });
                    self.json(json!({ "op": 5, "d": data })).await?;
                }
            }
            _ => {}
        }
        self.json(answer).await
    }

    /// Reidentify: from here on events come.
    async fn subscribe(&mut self, frame: &Value) -> Result<()> {
        self.json(json!({ "op": 2, "d": { "negotiatedRpcVersion": 1 } })).await?;
        let mask = frame.pointer("/d/eventSubscriptions").and_then(Value::as_u64).unwrap_or(0);
        let turn = self.script.subscriptions.fetch_add(1, Ordering::Relaxed);
        for event in self.script.events.get(turn).into_iter().flatten() {
            if event["eventIntent"].as_u64().unwrap_or(0) & mask != 0 {
                self.socket.feed(Message::text(json!({ "op": 5, "d": event }).to_string())).await?;
            }
        }
        self.socket.flush().await?;
        if turn + 1 < self.script.events.len() {
            bail!("hanging up, as asked");
        }
        Ok(())
    }

    fn batch(&self, frame: &Value) -> Value {
        let halt = frame.pointer("/d/haltOnFailure") == Some(&json!(true));
        let mut results = Vec::new();
        for request in frame.pointer("/d/requests").and_then(Value::as_array).into_iter().flatten()
        {
            let result = self.answer(request);
            let refused = result.pointer("/requestStatus/result") == Some(&json!(false));
            results.push(result);
            if refused && halt {
                break;
            }
        }
        let id = frame.pointer("/d/requestId").cloned().unwrap_or_default();
        json!({ "op": 9, "d": { "requestId": id, "results": results } })
    }

    /// The answer's body to a request's.
    fn answer(&self, request: &Value) -> Value {
        let request_type = request.get("requestType").cloned().unwrap_or_default();
        let name = request_type.as_str().unwrap_or_default();
        let data = request.get("requestData").unwrap_or(&Value::Null);
        let reply = match self.script.replies.get(name) {
            Some(Reply::Data(data)) => Ok(data.clone()),
            Some(Reply::Refusal { code, comment }) => Err((*code, comment.clone())),
            None if self.script.newest => table::answer(name, data),
            None => Err((UNKNOWN_REQUEST_TYPE, "your request type is not valid".into())),
        };
        let (status, data) = match reply {
            Ok(data) => (json!({ "result": true, "code": 100 }), data),
            Err((code, comment)) => {
                (json!({ "result": false, "code": code, "comment": comment }), Value::Null)
            }
        };
        let id = request.get("requestId").cloned().unwrap_or_default();
        let mut body = json!({
            "requestType": request_type, "requestId": id, "requestStatus": status,
        });
        if let (Some(body), false) = (body.as_object_mut(), data.is_null()) {
            body.insert("responseData".into(), data);
        }
        body
    }

    fn echo(&self) -> Value {
        let password = self.script.password.clone().unwrap_or_default();
        let derived = authentication(&password, SALT, CHALLENGE);
        json!({ "password": password, "authentication": derived })
    }

    /// The client's next frame, recorded; none when it left.
    async fn next(&mut self) -> Result<Option<Value>> {
        loop {
            let Some(message) = self.socket.next().await else { return Ok(None) };
            let frame = match message? {
                Message::Text(text) => {
                    serde_json::from_str(&text).unwrap_or_else(|_| json!(text.as_str()))
                }
                Message::Binary(bytes) => json!(String::from_utf8_lossy(&bytes)),
                Message::Close(_) => return Ok(None),
                _ => continue,
            };
            record(self.log, frame.clone());
            return Ok(Some(frame));
        }
    }

    async fn json(&mut self, value: Value) -> Result<()> {
        self.text(value.to_string()).await
    }

    async fn text(&mut self, text: String) -> Result<()> {
        Ok(self.socket.send(Message::text(text)).await?)
    }

    /// Closes with this code; always false, as the client was sent away.
    async fn close(&mut self, code: u16, reason: &str) -> Result<bool> {
        let reason = reason.to_owned().into();
        let frame = CloseFrame { code: CloseCode::from(code), reason };
        self.socket.close(Some(frame)).await?;
        // The close frame is delivered once the client has answered it.
        while let Some(Ok(_)) = self.socket.next().await {}
        Ok(false)
    }
}

fn set(answer: &mut Value, field: &str, value: Value) {
    if let Some(body) = answer.get_mut("d").and_then(Value::as_object_mut) {
        body.insert(field.to_owned(), value);
    }
}
