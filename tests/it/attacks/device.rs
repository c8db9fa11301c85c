//! A device on a bad day, byte for byte: it writes what a row says, well-formed or not, and keeps
//! every byte that arrives.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tokio_tungstenite::tungstenite;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Error, Message};

/// What the device does with each connection, once something arrived.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// `200 OK` unless said; the whole status line where it begins with `HTTP` or is none at all.
    #[serde(default)]
    status: Option<String>,
    /// Lines of the head; with a length that fits, unless one is among them.
    #[serde(default)]
    head: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    /// The body as base64, where it is no text.
    #[serde(default)]
    body64: Option<String>,
    /// The body again and again, so often.
    #[serde(default)]
    times: Option<usize>,
    /// Instead of a body: pieces of a chunked one, each written by itself.
    #[serde(default)]
    chunks: Vec<String>,
    /// Then this for ever, until the other side goes.
    #[serde(default)]
    endless: Option<String>,
    /// Header lines without end.
    #[serde(default)]
    endless_head: bool,
    /// Speaks WebSocket: the messages that answer the first, each in its fragments.
    #[serde(default)]
    messages: Vec<Vec<String>>,
    /// Says nothing, and waits.
    #[serde(default)]
    mute: bool,
}

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    arrived: Mutex<Vec<u8>>,
    talks: Mutex<Vec<JoinHandle<()>>>,
    over: AtomicBool,
}

/// The running device.
pub struct Device {
    pub port: u16,
    /// At the same port. Nobody answers a datagram.
    datagrams: UdpSocket,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Device {
    pub fn start() -> Self {
        let (listener, datagrams) = std::iter::repeat_with(bound).flatten().next().unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let mine = shared.clone();
        let thread = std::thread::spawn(move || accept(&listener, &mine));
        Self { port, datagrams, shared, thread: Some(thread) }
    }

    /// From now on, this; what arrived before is forgotten.
    pub fn plays(&self, script: Script) {
        *self.shared.script.lock().unwrap() = script;
        self.take_datagrams();
        self.shared.arrived.lock().unwrap().clear();
    }

    /// Everything that arrived, once every connection is over.
    pub fn arrived(&self) -> String {
        // A connection still in the listener's queue is served before this one.
        let mark = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        mark.shutdown(Shutdown::Write).unwrap();
        let _ = (&mark).read(&mut [0]);
        let talks = std::mem::take(&mut *self.shared.talks.lock().unwrap());
        for talk in talks {
            talk.join().unwrap();
        }
        self.take_datagrams();
        String::from_utf8_lossy(&self.shared.arrived.lock().unwrap()).into_owned()
    }
}

impl Device {
    /// On the loopback a datagram is there as soon as it was sent.
    fn take_datagrams(&self) {
        let mut datagram = [0_u8; 64 << 10];
        while let Ok(length) = self.datagrams.recv(&mut datagram) {
            self.shared.arrived.lock().unwrap().extend_from_slice(&datagram[..length]);
        }
    }
}

/// A port for both; none where another program has it for datagrams.
fn bound() -> Option<(TcpListener, UdpSocket)> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let datagrams = UdpSocket::bind(listener.local_addr().unwrap()).ok()?;
    datagrams.set_nonblocking(true).unwrap();
    Some((listener, datagrams))
}

impl Drop for Device {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        let (stream, mine) = (stream.unwrap(), shared.clone());
        // Held while the thread is made, so that a mark that was heard finds every talk before it.
        let mut talks = shared.talks.lock().unwrap();
        talks.push(std::thread::spawn(move || drop(talk(stream, &mine))));
    }
}

fn talk(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let script = shared.script.lock().unwrap().clone();
    if !script.messages.is_empty() {
        return converse(stream, &script, shared).map_err(std::io::Error::other);
    }
    let mut piece = [0_u8; 16 << 10];
    let mut head = Vec::new();
    loop {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        shared.arrived.lock().unwrap().extend_from_slice(&piece[..read]);
        head.extend_from_slice(&piece[..read]);
        let http = ![&b"LOOK"[..], b"WRITE", b"TOKEN"].iter().any(|line| head.starts_with(line));
        if script.mute || (http && !head.windows(4).any(|end| end == b"\r\n\r\n")) {
            continue;
        }
        write(&mut stream, &script)?;
        stream.shutdown(Shutdown::Write)?;
        head.clear();
    }
}

/// One message comes, and the script's go.
fn converse(stream: TcpStream, script: &Script, shared: &Shared) -> Result<(), Error> {
    let mut socket = tungstenite::accept(stream).map_err(|e| Error::Utf8(e.to_string()))?;
    let said = socket.read()?.into_data();
    shared.arrived.lock().unwrap().extend_from_slice(&said);
    for message in &script.messages {
        for (at, piece) in message.iter().enumerate() {
            let code = if at == 0 { Data::Text } else { Data::Continue };
            let last = at + 1 == message.len();
            let frame = Frame::message(piece.clone().into_bytes(), OpCode::Data(code), last);
            socket.send(Message::Frame(frame))?;
        }
    }
    loop {
        socket.read()?;
    }
}

fn write(stream: &mut TcpStream, script: &Script) -> std::io::Result<()> {
    let body = match (&script.body64, &script.body) {
        (Some(text), _) => STANDARD.decode(text).unwrap(),
        (None, Some(text)) => text.clone().into_bytes(),
        (None, None) => b"{}".to_vec(),
    };
    let body = body.repeat(script.times.unwrap_or(1));
    let status = script.status.as_deref().unwrap_or("200 OK");
    let begins = if status.starts_with(char::is_numeric) { "HTTP/1.1 " } else { "" };
    let mut head = format!("{begins}{status}\r\n");
    script.head.iter().for_each(|line| head += &format!("{line}\r\n"));
    if script.endless_head {
        stream.write_all(head.as_bytes())?;
        loop {
            stream.write_all(b"x-more: and more\r\n")?;
        }
    }
    let said = |name: &str| script.head.iter().any(|line| line.to_lowercase().starts_with(name));
    if !script.chunks.is_empty() {
        head += "transfer-encoding: chunked\r\n";
    } else if script.endless.is_none() && !said("content-length") && !said("transfer-encoding") {
        head += &format!("content-length: {}\r\n", body.len());
    }
    stream.write_all((head + "\r\n").as_bytes())?;
    if script.chunks.is_empty() {
        stream.write_all(&body)?;
    } else {
        for chunk in &script.chunks {
            stream.write_all(format!("{:x}\r\n{chunk}\r\n", chunk.len()).as_bytes())?;
            stream.flush()?;
        }
        stream.write_all(b"0\r\n\r\n")?;
    }
    while let Some(text) = &script.endless {
        stream.write_all(text.as_bytes())?;
    }
    Ok(())
}
