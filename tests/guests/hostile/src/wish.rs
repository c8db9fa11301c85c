//! Wishes as data: what leaves this guest is written in a row of `attacks.toml`, not here.
//!
//! `{token}` in any text of a wish is a placeholder, `{caught}` the string to which a pointer leads
//! in the answer before. What comes back is told as it came, so that a leak shows in the result.

use if_sdk::bindings::infrafabric::adapter::connection::{Frame, Protocol, Target, open};
use if_sdk::http::Request;
use if_sdk::prelude::*;

/// Patience for one frame: shorter than any deadline, so that silence is told as silence.
const FRAME_MS: u32 = 300;

/// HTTP and sockets, as a read, as a write, and as a write that is not to be carried out.
pub fn commands() -> [Command; 4] {
    let what = || if_sdk::json("wishes", "a list of wishes").positional();
    [
        read("send", "sends requests, and calls it a read").takes(what()).run(send),
        write("send-openly", "sends requests, as a write").takes(what()).run(send),
        read("speak", "opens connections, and calls it a read").takes(what()).run(speak),
        write("speak-openly", "opens connections, as a write").takes(what()).run(speak),
    ]
}

fn word(wish: &Value, name: &str, default: &str) -> String {
    wish.at(name).as_str().unwrap_or(default).to_owned()
}

/// Where to; the instance's own device unless the wish says otherwise.
fn place(call: &Call, wish: &Value) -> Result<(String, u16), Failure> {
    let crate::Settings { host, port } = crate::settings(call)?;
    let other = wish.at("port").as_u64().and_then(|port| u16::try_from(port).ok());
    Ok((word(wish, "host", &host), other.unwrap_or(port)))
}

/// The wish with every `{token}` and `{caught}` in its place.
fn spelt(call: &Call, wish: &Value, caught: &str) -> Result<Value, Failure> {
    let token = match wish.at("token").as_str() {
        Some("digest") => call.placeholder("digest", &[("salt", "pepper")])?,
        Some(recipe) => call.placeholder(recipe, &[])?,
        None => String::new(),
    };
    let middle = token.len() / 2;
    let (front, back) = token.split_at(middle);
    let reversed: String = token.chars().rev().collect();
    let text = wish
        .to_string()
        .replace("{token}", &token)
        .replace("{front}", front)
        .replace("{back}", back)
        .replace("{upper}", &token.to_uppercase())
        .replace("{reversed}", &reversed)
        .replace("{caught}", caught);
    if_sdk::serde_json::from_str(&text).map_err(|error| Failure::usage(error.to_string()))
}

fn list(wishes: &Value) -> Vec<Value> {
    wishes.as_array().cloned().unwrap_or_else(|| vec![wishes.clone()])
}

fn pairs(wish: &Value, name: &str) -> Vec<(String, String)> {
    let members = wish.at(name).as_object().cloned().unwrap_or_default();
    let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
    members.into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn send(call: &Call, wishes: Value) -> Outcome {
    let (mut told, mut caught) = (Vec::new(), String::new());
    for wish in list(&wishes) {
        let times = wish.at("times").as_u64().unwrap_or(1);
        for _ in 0..times {
            let wish = spelt(call, &wish, &caught)?;
            let answer = request(call, &wish)?.send(call)?;
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            if let Some(pointer) = wish.at("catch").as_str() {
                let parsed: Value = if_sdk::serde_json::from_str(&body).unwrap_or_default();
                caught = parsed.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
            }
            told.push(json!({ "status": answer.status, "headers": answer.headers, "body": body }));
            told.truncate(8);
        }
    }
    Ok(json!(told))
}

fn request(call: &Call, wish: &Value) -> Result<Request, Failure> {
    let (host, port) = place(call, wish)?;
    // One call, one process of wasm: what is leaked here is gone with it.
    let method: &'static str = word(wish, "method", "GET").leak();
    let mut request = Request::new(method, &host, port, &word(wish, "path", "/look"));
    if wish.at("secure").as_bool() == Some(true) {
        request = request.secure();
    }
    let many = wish.at("headers-many").as_u64().unwrap_or(0);
    for at in 0..many {
        request = request.header(&format!("x-{at}"), "h");
    }
    if let Some(bytes) = wish.at("header-bytes").as_u64().and_then(|b| usize::try_from(b).ok()) {
        request = request.header("x-long", &crate::exhaust::filler(bytes));
    }
    for (name, value) in pairs(wish, "headers") {
        request = request.header(&name, &value);
    }
    let filler = wish.at("body-bytes").as_u64().and_then(|bytes| usize::try_from(bytes).ok());
    let body = filler.map_or_else(|| word(wish, "body", ""), crate::exhaust::filler);
    if body.is_empty() {
        return Ok(request);
    }
    Ok(request.body(&word(wish, "type", "application/json"), body))
}

fn speak(call: &Call, wishes: Value) -> Outcome {
    let mut told = Vec::new();
    for wish in list(&wishes) {
        let wish = spelt(call, &wish, "")?;
        let (host, port) = place(call, &wish)?;
        let protocol = match wish.at("protocol").as_str() {
            Some("tcp") => Protocol::Tcp,
            Some("tls") => Protocol::Tls,
            Some("udp") => Protocol::Udp,
            Some("wss") => Protocol::Wss,
            _ => Protocol::Ws,
        };
        let path = wish.at("path").as_str().map(str::to_owned);
        let headers = pairs(&wish, "headers");
        let target = Target { protocol, host, port, path, headers, timeout_ms: 1000 };
        let session = open(&target)?;
        let times = wish.at("times").as_u64().unwrap_or(1);
        for frame in (0..times).flat_map(|_| list(wish.at("frames"))) {
            let text = frame.as_str().map_or_else(|| frame.to_string(), str::to_owned);
            let binary = wish.at("binary").as_bool() == Some(true) || protocol == Protocol::Tcp;
            let frame = if binary { Frame::Binary(text.into_bytes()) } else { Frame::Text(text) };
            session.send(&frame)?;
        }
        told.push(format!("{:?}", session.receive(FRAME_MS)?));
    }
    Ok(json!(told))
}
