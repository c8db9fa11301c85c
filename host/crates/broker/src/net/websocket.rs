//! WebSocket (RFC 6455) as a client over our own stream, without extensions.
//!
//! Pings are answered while a guest waits for a message; sizes are capped by the library before a
//! message is put together. A refused upgrade is a protocol error that names the status only.

use super::in_time;
use super::tls::Stream;
use crate::BrokerError;
use crate::ledger::Departure;
use crate::secrets::sinks::FilledRequest;
use crate::transport::{Opened, Opening, Payload, Wire};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::{HeaderName, HeaderValue, Request};
use if_core::{Ask, BoxFuture, Frame};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::{Response, generate_key};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// Close code reported when the peer gave none (RFC 6455 §7.1.5).
const NO_CODE: u16 = 1005;

type Socket = WebSocketStream<Box<dyn Stream>>;

struct WebSocketWire {
    reader: Mutex<SplitStream<Socket>>,
    writer: Mutex<SplitSink<Socket, Message>>,
    target: String,
    bytes_max: u64,
}

/// Shakes hands over a connected stream.
pub async fn open(
    io: Box<dyn Stream>,
    local: String,
    target: String,
    opening: Opening<'_>,
    bytes_max: u64,
) -> Result<Opened, BrokerError> {
    let request = build(&target, opening.filled.as_ref())?;
    let (socket, response) = shake(io, &target, request, bytes_max).await?;
    let chosen = response.headers().get("sec-websocket-protocol");
    let subprotocol = chosen.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let wire = Arc::new(WebSocketWire::over(socket, target, bytes_max));
    Ok(Opened { wire, local, subprotocol, fresh: true })
}

async fn shake(
    io: Box<dyn Stream>,
    target: &str,
    request: Request<()>,
    bytes_max: u64,
) -> Result<(Socket, Response), BrokerError> {
    let shaken = client_async_with_config(request, io, Some(config(bytes_max))).await;
    shaken.map_err(|error| failed(target, bytes_max, error))
}

/// Whether a peer's answer to our hand is one.
#[cfg(feature = "fuzzing")]
pub(crate) async fn shaken(io: Box<dyn Stream>, bytes_max: u64) -> Result<(), BrokerError> {
    let request = build("peer", None)?;
    shake(io, "peer", request, bytes_max).await.map(|_| ())
}

/// What the library may read and hold.
fn config(bytes_max: u64) -> WebSocketConfig {
    let limit = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    WebSocketConfig::default()
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit))
        .max_write_buffer_size(limit.saturating_mul(2).max(1 << 20))
}

/// All messages of a peer with whom hands were shaken, until it closes or fails.
#[cfg(feature = "fuzzing")]
pub(crate) async fn messages(io: Box<dyn Stream>, bytes_max: u64) -> Vec<Frame> {
    use tokio_tungstenite::tungstenite::protocol::Role;
    let socket = WebSocketStream::from_raw_socket(io, Role::Client, Some(config(bytes_max))).await;
    let wire = WebSocketWire::over(socket, "peer".into(), bytes_max);
    let mut heard = Vec::new();
    while let Ok(frame) = wire.read().await {
        let last = matches!(frame, Frame::Closed { .. });
        heard.push(frame);
        if last {
            break;
        }
    }
    heard
}

fn build(target: &str, filled: Option<&FilledRequest>) -> Result<Request<()>, BrokerError> {
    let invalid = |what: &str| BrokerError::Invalid(format!("the handshake has an invalid {what}"));
    let path = filled.map_or(&b"/"[..], |filled| filled.path_and_query.as_slice());
    let path = std::str::from_utf8(path).map_err(|_| invalid("path"))?;
    let mut request = Request::builder()
        .uri(format!("ws://{target}{path}"))
        .header("host", target)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", generate_key())
        .body(())
        .map_err(|_| invalid("path"))?;
    for (name, value) in filled.iter().flat_map(|filled| &filled.headers) {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("header name"))?;
        let mut value = HeaderValue::from_bytes(value).map_err(|_| invalid("header value"))?;
        value.set_sensitive(true);
        request.headers_mut().append(name, value);
    }
    Ok(request)
}

impl WebSocketWire {
    fn over(socket: Socket, target: String, bytes_max: u64) -> Self {
        let (writer, reader) = socket.split();
        let (reader, writer) = (Mutex::new(reader), Mutex::new(writer));
        Self { reader, writer, target, bytes_max }
    }

    /// Reads until a message for the guest; the library answers pings on the way.
    async fn read(&self) -> Result<Frame, BrokerError> {
        let mut reader = self.reader.lock().await;
        loop {
            match reader.next().await {
                Some(Ok(Message::Text(text))) => return Ok(Frame::Text(text.as_str().to_owned())),
                Some(Ok(Message::Binary(bytes))) => return Ok(Frame::Binary(bytes.to_vec())),
                Some(Ok(Message::Close(frame))) => return Ok(closed(frame)),
                Some(Ok(_)) => {}
                Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) | None => {
                    return Ok(closed(None));
                }
                Some(Err(error)) => return Err(failed(&self.target, self.bytes_max, error)),
            }
        }
    }
}

fn closed(frame: Option<CloseFrame>) -> Frame {
    match frame {
        Some(frame) => {
            Frame::Closed { code: frame.code.into(), reason: frame.reason.as_str().to_owned() }
        }
        None => Frame::Closed { code: NO_CODE, reason: String::new() },
    }
}

fn failed(target: &str, bytes_max: u64, error: Error) -> BrokerError {
    let target = target.to_owned();
    let protocol = |cause: String| BrokerError::Protocol { target: target.clone(), cause };
    match error {
        Error::Capacity(_) => BrokerError::TooLarge { what: "a WebSocket message", bytes_max },
        Error::WriteBufferFull(_) => {
            BrokerError::Unreachable { target, cause: "it takes no more messages".into() }
        }
        Error::Http(response) => protocol(format!(
            "it answered the handshake with status {}",
            response.status().as_u16()
        )),
        Error::Io(error) => BrokerError::Unreachable { target, cause: error.to_string() },
        Error::ConnectionClosed | Error::AlreadyClosed => {
            BrokerError::Unreachable { target, cause: "the connection is closed".into() }
        }
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            BrokerError::Unreachable { target, cause: "the connection broke".into() }
        }
        Error::Protocol(error) => protocol(error.to_string()),
        // The library's other words may quote what came; ours do not.
        _ => protocol("it does not speak WebSocket".into()),
    }
}

impl Wire for WebSocketWire {
    fn send<'a>(
        &'a self,
        _ask: &'a Ask,
        payload: Payload,
        departure: &'a Departure,
        within: Duration,
    ) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(in_time(self.target.clone(), within, async move {
            let message = match payload {
                Payload::Text(text) => {
                    let text = Utf8Bytes::try_from(Bytes::from_owner(text))
                        .map_err(|_| BrokerError::Invalid("a text message must be UTF-8".into()))?;
                    Message::Text(text)
                }
                Payload::Bytes(bytes) => Message::Binary(Bytes::from_owner(bytes)),
                Payload::Close { code, reason } => {
                    Message::Close(Some(CloseFrame { code: code.into(), reason: reason.into() }))
                }
            };
            let mut writer = self.writer.lock().await;
            departure.leave();
            let sent = writer.send(message).await;
            sent.map_err(|error| failed(&self.target, self.bytes_max, error))
        }))
    }

    fn receive<'a>(
        &'a self,
        _ask: &'a Ask,
        within: Duration,
    ) -> BoxFuture<'a, Result<Option<Frame>, BrokerError>> {
        Box::pin(async move {
            match timeout(within, self.read()).await {
                Ok(frame) => frame.map(Some),
                Err(_) => Ok(None),
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // The peer may be gone: there is nobody to tell.
            let _ = self.writer.lock().await.close().await;
        })
    }
}
