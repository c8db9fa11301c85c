//! The memory of a command after its call, over every protocol that a shipped provider speaks:
//! nothing is left of the secret, nor of what was made of it.
//!
//! The command is held where it would print, when all else is done: what stands in its memory then
//! was not zeroed when it was freed. The secret is long, because large pieces of freed memory are
//! not soon written over by others.

use super::{CANARY, LONG_BYTES, PIPE_BYTES, ended};
use crate::lab::Lab;
use crate::obs::studio;
use crate::worker::{GONE, remembers};
use if_fakes::obs::{CHALLENGE, SALT, authentication};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept_hdr};

/// The moment in which a device has the secret and has not answered.
struct Moment {
    arrives: Sender<String>,
    told: Receiver<()>,
}

impl Moment {
    /// Shows what arrived, and goes on when it is told to.
    fn with(&self, arrived: &str) {
        let _ = self.arrives.send(arrived.to_owned());
        // Who drops the other end is done with it.
        let _ = self.told.recv();
    }
}

/// What a device does with a connection; an error is the other side's going away.
type Talk = fn(TcpStream, &Moment) -> Option<()>;

/// A device that takes one connection after the other.
struct Device {
    port: u16,
    /// Dropped before the thread is awaited, which could not end while it waits for this.
    answer: Option<Sender<()>>,
    arrived: Receiver<String>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Device {
    fn start(talk: Talk) -> Self {
        let ((arrives, arrived), (answer, told)) = (channel(), channel());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let over = Arc::new(AtomicBool::new(false));
        let (moment, end) = (Moment { arrives, told }, over.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().take_while(|_| !end.load(Ordering::SeqCst)) {
                let _ = talk(stream.unwrap(), &moment);
            }
        });
        Self { port, answer: Some(answer), arrived, over, thread: Some(thread) }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        self.answer = None;
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        // A device that failed has failed its test already.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The head of a request, or as much of a line as came.
fn until(stream: &mut BufReader<TcpStream>, end: &str) -> Option<String> {
    let mut text = String::new();
    while !text.ends_with(end) {
        (stream.read_line(&mut text).ok()? > 0).then_some(())?;
    }
    Some(text)
}

/// One request over HTTP, answered with this; the one that carries the secret, when it is time.
fn http(stream: TcpStream, moment: &Moment, body: &str) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let head = until(&mut stream, "\r\n\r\n")?;
    if head.contains(CANARY) {
        moment.with(&head);
    }
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    stream.get_mut().write_all(format!("{head}{body}").as_bytes()).ok()
}

/// vMix's TCP API: a greeting, and an answer to each line.
fn vmix_lines(stream: TcpStream, moment: &Moment) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(b"VERSION OK 27.0.0.49\r\n").ok()?;
    loop {
        let line = until(&mut stream, "\r\n")?;
        // Whoever looks at this port for the other API is told nothing.
        line.starts_with("FUNCTION ").then_some(())?;
        moment.with(&line);
        stream.get_mut().write_all(b"FUNCTION OK Completed\r\n").ok()?;
    }
}

/// A WebSocket on which messages of JSON are exchanged.
struct Talker(WebSocket<TcpStream>);

impl Talker {
    #[allow(clippy::result_large_err)] // the shape that the library asks for
    fn accept(stream: TcpStream, subprotocol: Option<&'static str>) -> Option<Self> {
        let chosen = |_: &Request, mut answer: Response| -> Result<Response, ErrorResponse> {
            if let Some(name) = subprotocol {
                let name = HeaderValue::from_static(name);
                answer.headers_mut().insert("sec-websocket-protocol", name);
            }
            Ok(answer)
        };
        accept_hdr(stream, chosen).ok().map(Self)
    }

    fn say(&mut self, message: Value) -> Option<()> {
        self.0.send(Message::text(message.to_string())).ok()
    }

    /// The next text; what holds the connection open is none.
    fn hear(&mut self) -> Option<String> {
        loop {
            if let Message::Text(text) = self.0.read().ok()? {
                return Some(text.as_str().to_owned());
            }
        }
    }

    /// Answers what comes, for as long as it comes.
    fn answers(mut self, answer: impl Fn(&Value) -> Value) -> Option<()> {
        loop {
            let message = serde_json::from_str(&self.hear()?).ok()?;
            self.say(answer(&message))?;
        }
    }
}

/// OBS: a salt and a challenge, what was made of them and the password, and answers.
fn obs(stream: TcpStream, moment: &Moment) -> Option<()> {
    let mut talker = Talker::accept(stream, Some("obswebsocket.json"))?;
    let asks = json!({ "challenge": CHALLENGE, "salt": SALT });
    let hello = json!({ "obsWebSocketVersion": "5.1.0", "rpcVersion": 1, "authentication": asks });
    talker.say(json!({ "op": 0, "d": hello }))?;
    moment.with(&talker.hear()?);
    talker.say(json!({ "op": 2, "d": { "negotiatedRpcVersion": 1 } }))?;
    talker.answers(|request| {
        json!({ "op": 7, "d": {
            "requestType": request["d"]["requestType"], "requestId": request["d"]["requestId"],
            "requestStatus": { "result": true, "code": 100 },
            "responseData": {
                "obsVersion": "30.2.3", "obsWebSocketVersion": "5.5.2", "rpcVersion": 1,
                "availableRequests": [], "supportedImageFormats": [], "platform": "ubuntu",
                "platformDescription": "Ubuntu",
            },
        } })
    })
}

/// Home Assistant's WebSocket API: the token, and answers.
fn ha_socket(stream: TcpStream, moment: &Moment) -> Option<()> {
    let mut talker = Talker::accept(stream, None)?;
    talker.say(json!({ "type": "auth_required", "ha_version": "2024.3.3" }))?;
    moment.with(&talker.hear()?);
    talker.say(json!({ "type": "auth_ok", "ha_version": "2024.3.3" }))?;
    talker.answers(
        |command| json!({ "id": command["id"], "type": "result", "success": true, "result": [] }),
    )
}

/// Runs this line until it would print, and looks into its memory: in the middle of the call, where
/// each of `needles` must be found, and after it, where none may be.
fn forgets(lab: &Lab, device: Device, line: &str, needles: &[&str]) {
    let (_unread, mut full) = std::io::pipe().unwrap();
    full.write_all(&[0; PIPE_BYTES]).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    let mut command = lab.command(&words);
    let mut child = command.stdout(full).stderr(Stdio::inherit()).spawn().unwrap();
    let arrived = device.arrived.recv_timeout(GONE).unwrap();
    let sent = needles.last().unwrap();
    assert!(arrived.contains(sent), "{line}: it did not arrive: {arrived:.200}");
    for needle in needles {
        assert!(remembers(child.id(), needle), "{line}: the search finds what is there");
    }
    device.answer.as_ref().unwrap().send(()).unwrap();
    let begun = Instant::now();
    let closed = || {
        let query = ["witness", "query", "--provider", words[0], "--json", "-n", "1"];
        lab.run(query).json()["entries"][0]["closed"].clone()
    };
    let mut end = closed();
    while !end.is_object() {
        assert!(begun.elapsed() < GONE, "{line}: the call is not over");
        end = closed();
    }
    assert_eq!(end["leaf"]["outcome"]["status"], "ok", "{line}: {end}");
    // From its entry to its words it has a few microseconds' work, and then stands still.
    for needle in needles {
        while remembers(child.id(), needle) {
            assert!(begun.elapsed() < GONE, "{line}: `{needle}` is still in its memory");
        }
    }
    assert!(ended(&mut child).is_none(), "{line}: it was not held");
    child.kill().unwrap();
    child.wait().unwrap();
}

fn long() -> String {
    "p".repeat(LONG_BYTES) + CANARY
}

#[test]
fn a_header_over_http() {
    let device = Device::start(|stream, moment| http(stream, moment, "{}"));
    let lab = super::lab(device.port, &long());
    let line = r#"hostile send target [{"token":"plain","headers":{"x-token":"{token}"}}]"#;
    forgets(&lab, device, line, &[CANARY]);
}

/// The password itself never travels; what is made of it is as good as it for this conversation.
#[test]
fn the_password_of_obs_and_what_is_made_of_it_over_websocket() {
    let device = Device::start(obs);
    let lab = studio(device.port, &long());
    let made = authentication(&long(), SALT, CHALLENGE);
    forgets(&lab, device, "obs version studio", &[CANARY, &made]);
}

fn home(port: u16) -> Lab {
    let lab = Lab::with(&["ha"]);
    lab.run(["ha", "add", "myhome", "--url", &format!("http://127.0.0.1:{port}")]).ok();
    lab.feed(["secret", "set", "ha", "myhome", "token"], &long()).ok();
    lab
}

#[test]
fn the_token_of_home_assistant_in_a_header_over_http() {
    let device = Device::start(|stream, moment| {
        http(stream, moment, r#"{"entity_id":"light.studio","state":"on","attributes":{}}"#)
    });
    forgets(&home(device.port), device, "ha state myhome light.studio", &[CANARY]);
}

#[test]
fn the_token_of_home_assistant_in_a_frame_over_websocket() {
    let device = Device::start(ha_socket);
    forgets(&home(device.port), device, "ha ws myhome get_states", &[CANARY]);
}

/// A vMix of which both APIs are this device.
fn switcher(port: u16) -> Lab {
    let lab = Lab::with(&["vmix"]);
    let port = port.to_string();
    let add = ["vmix", "add", "switcher", "--host", "127.0.0.1", "--port", &port, "--tcp-port"];
    lab.run(add.iter().chain(&[port.as_str()])).ok();
    lab.feed(["secret", "set", "vmix", "switcher", "stream-key"], &long()).ok();
    lab
}

#[test]
fn the_key_of_a_stream_in_a_query_over_http() {
    let device =
        Device::start(|stream, moment| http(stream, moment, "Function completed successfully."));
    let line = "vmix function switcher StreamingSetKey Value=0 --yes --via http";
    forgets(&switcher(device.port), device, line, &[CANARY]);
}

#[test]
fn the_key_of_a_stream_in_a_line_over_tcp() {
    let device = Device::start(vmix_lines);
    let line = "vmix function switcher StreamingSetKey Value=0 --yes --via tcp";
    forgets(&switcher(device.port), device, line, &[CANARY]);
}
