//! TCP and TLS as a stream of pieces.

use super::in_time;
use super::tls::Stream;
use crate::BrokerError;
use crate::ledger::Departure;
use crate::transport::{Opened, Payload, Wire};
use if_core::{Ask, BoxFuture, Frame};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Largest piece handed to a guest at once: a socket's usual receive buffer.
const PIECE_BYTES_MAX: u64 = 64 << 10;

struct StreamWire {
    reader: Mutex<ReadHalf<Box<dyn Stream>>>,
    writer: Mutex<WriteHalf<Box<dyn Stream>>>,
    target: String,
    piece_bytes: usize,
}

/// Wraps a connected stream.
pub fn open(io: Box<dyn Stream>, local: String, target: String, bytes_max: u64) -> Opened {
    let (reader, writer) = split(io);
    let piece = bytes_max.clamp(1, PIECE_BYTES_MAX);
    let wire = Arc::new(StreamWire {
        reader: Mutex::new(reader),
        writer: Mutex::new(writer),
        target,
        piece_bytes: usize::try_from(piece).unwrap_or(1),
    });
    Opened { wire, local, subprotocol: None, fresh: true }
}

impl StreamWire {
    fn lost(&self, error: &std::io::Error) -> BrokerError {
        BrokerError::Unreachable { target: self.target.clone(), cause: error.to_string() }
    }

    async fn read(&self) -> Result<Frame, BrokerError> {
        let mut piece = vec![0; self.piece_bytes];
        let read = self.reader.lock().await.read(&mut piece).await.map_err(|e| self.lost(&e))?;
        piece.truncate(read);
        if read == 0 {
            return Ok(Frame::Closed { code: 0, reason: String::new() });
        }
        Ok(Frame::Binary(piece))
    }
}

impl Wire for StreamWire {
    fn send<'a>(
        &'a self,
        _ask: &'a Ask,
        payload: Payload,
        departure: &'a Departure,
        within: Duration,
    ) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(in_time(self.target.clone(), within, async move {
            let mut writer = self.writer.lock().await;
            let result = match payload {
                Payload::Text(bytes) | Payload::Bytes(bytes) => {
                    departure.leave();
                    async {
                        writer.write_all(&bytes).await?;
                        writer.flush().await
                    }
                    .await
                }
                Payload::Close { .. } => writer.shutdown().await,
            };
            result.map_err(|error| self.lost(&error))
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
            let _ = self.writer.lock().await.shutdown().await;
        })
    }
}
