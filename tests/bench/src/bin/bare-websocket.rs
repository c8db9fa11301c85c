//! The yardstick for `obs scene current`: a native client doing the same exchange (Hello, Identify,
//! one request, close), with the password on its command line. Measured, never shipped.
//!
//! `bare-websocket <port> <password>`

// A yardstick: it may fail loudly, and it talks to `cargo xtask bench` on stdout.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(clippy::disallowed_methods)]

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_tungstenite::tungstenite::Message;

type Socket = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let port = words.get(1).context("port")?;
    let password = words.get(2).context("password")?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(exchange(port, password))
}

async fn exchange(port: &str, password: &str) -> Result<()> {
    let stream = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) =
        tokio_tungstenite::client_async(format!("ws://127.0.0.1:{port}"), stream).await?;
    let hello = next(&mut socket).await?;
    let auth = &hello["d"]["authentication"];
    let digest = |text: String| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let secret = digest(format!("{password}{}", auth["salt"].as_str().unwrap_or_default()));
    let proof = digest(format!("{secret}{}", auth["challenge"].as_str().unwrap_or_default()));
    let identify =
        json!({"op": 1, "d": {"rpcVersion": 1, "eventSubscriptions": 0, "authentication": proof}});
    send(&mut socket, &identify).await?;
    next(&mut socket).await?;
    let request =
        json!({"op": 6, "d": {"requestType": "GetCurrentProgramScene", "requestId": "1"}});
    send(&mut socket, &request).await?;
    println!("{}", next(&mut socket).await?["d"]["responseData"]);
    socket.close(None).await?;
    Ok(())
}

async fn send(socket: &mut Socket, value: &Value) -> Result<()> {
    Ok(socket.send(Message::text(value.to_string())).await?)
}

async fn next(socket: &mut Socket) -> Result<Value> {
    let message = socket.next().await.context("closed")??;
    Ok(serde_json::from_str(message.to_text()?)?)
}
