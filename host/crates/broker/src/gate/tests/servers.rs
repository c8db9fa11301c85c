//! Tiny servers on port 0 that remember what they were sent and say what they were told to say.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// A running server; its tasks end with it.
pub struct Server {
    pub port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Everything received so far, one entry per connection, request or datagram.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Answers every request on every connection with these raw bytes, then closes.
pub async fn http(answer: impl Into<Vec<u8>>) -> Server {
    let answer = Arc::new(answer.into());
    serve(move |mut io, seen| {
        let answer = answer.clone();
        async move {
            let request = read_request(&mut io).await;
            seen.lock().unwrap().push(request);
            io.write_all(&answer).await.ok();
            io.shutdown().await.ok();
        }
    })
    .await
}

/// An HTTP answer with these header lines and this body.
pub fn answer(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

/// Reads a head and as much body as its `content-length` says.
pub async fn read_request(io: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        match io.read(&mut piece).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&piece[..read]),
            _ => return text,
        }
    }
}

/// Runs `handle` for each connection.
pub async fn serve<H, F>(handle: H) -> Server
where
    H: Fn(tokio::net::TcpStream, Arc<Mutex<Vec<String>>>) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    let shared = seen.clone();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((io, _)) = listener.accept().await {
            connections.spawn(handle(io, shared.clone()));
        }
    });
    Server { port, seen, _tasks: tasks }
}

/// Reads lines and answers each with what `reply` makes of it; `None` closes.
pub async fn lines(
    reply: impl Fn(&str) -> Option<String> + Clone + Send + Sync + 'static,
) -> Server {
    serve(move |io, seen| converse(io, seen, reply.clone())).await
}

/// The same over any stream.
pub async fn converse(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    seen: Arc<Mutex<Vec<String>>>,
    reply: impl Fn(&str) -> Option<String>,
) {
    let mut held = String::new();
    let mut piece = [0; 1024];
    loop {
        let read = io.read(&mut piece).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        held.push_str(std::str::from_utf8(&piece[..read]).unwrap());
        while let Some((line, rest)) = held.split_once('\n') {
            seen.lock().unwrap().push(line.to_owned());
            let Some(text) = reply(line) else { return };
            // In two pieces, so that readers cannot rely on one.
            let (first, second) = text.split_at(text.len() / 2);
            io.write_all(first.as_bytes()).await.unwrap();
            io.flush().await.unwrap();
            io.write_all(second.as_bytes()).await.unwrap();
            io.flush().await.unwrap();
            held = rest.to_owned();
        }
    }
}

/// Answers every datagram with itself behind `echo `.
pub async fn datagrams() -> Server {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let shared = seen.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut buffer = vec![0; 65_536];
        while let Ok((read, from)) = socket.recv_from(&mut buffer).await {
            let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
            shared.lock().unwrap().push(text.clone());
            let reply = format!("got {} bytes", text.len());
            socket.send_to(reply.as_bytes(), from).await.unwrap();
        }
    });
    Server { port, seen, _tasks: tasks }
}

/// A WebSocket server: answers each text message with what `reply` makes of it; `None` closes.
pub async fn websocket(
    reply: impl Fn(&str) -> Option<String> + Clone + Send + Sync + 'static,
) -> Server {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};
    serve(move |io, seen| {
        let reply = reply.clone();
        async move {
            let Ok(mut socket) = tokio_tungstenite::accept_async(io).await else { return };
            while let Some(Ok(message)) = socket.next().await {
                let Message::Text(text) = message else { continue };
                seen.lock().unwrap().push(text.as_str().to_owned());
                socket.send(Message::Ping(vec![1].into())).await.ok();
                match reply(&text) {
                    Some(answer) => socket.send(Message::text(answer)).await.unwrap(),
                    None => {
                        let frame = CloseFrame { code: 4009.into(), reason: "wrong".into() };
                        socket.close(Some(frame)).await.ok();
                    }
                }
            }
        }
    })
    .await
}
