//! Receiving: what came in, as the guest may see it.
//!
//! A piece or message is searched together with the end of what came before it, so that a secret
//! split over two of them is noticed with the second. Nothing is lost when a guest stops waiting.

use super::super::CallBroker;
use super::{Connection, locked};
use crate::BrokerError;
use crate::ledger::{Waiting, frame_bytes};
use crate::secrets::capture::Capturer;
use crate::secrets::echo::REDACTED;
use if_core::{Ask, ConnectionId, Frame, Reply, Word};
use std::sync::atomic::Ordering;
use tokio::time::timeout;

impl CallBroker {
    pub(in crate::gate) async fn receive(
        &self,
        id: ConnectionId,
        timeout_ms: u64,
        stable: &Ask,
    ) -> Result<Reply, BrokerError> {
        let connection = self.connections.get(id)?;
        let planned = locked(&connection.planned).pop_front();
        if planned.is_some() {
            self.transport.passed_over(stable);
            return Ok(Reply::Frame { frame: planned });
        }
        let within = self.patience(Some(timeout_ms))?;
        let mut peeked = match timeout(within, connection.peeked.lock()).await {
            Ok(peeked) => peeked,
            Err(_) => return Ok(Reply::Frame { frame: None }),
        };
        let frame = match peeked.take() {
            Some(frame) => Some(frame?),
            None => connection.wire.receive(stable, within).await?,
        };
        let Some(frame) = frame else { return Ok(Reply::Frame { frame: None }) };
        Ok(Reply::Frame { frame: Some(self.received(&connection, frame)?) })
    }

    pub(in crate::gate) async fn ready(
        &self,
        id: ConnectionId,
        stable: &Ask,
    ) -> Result<Reply, BrokerError> {
        let connection = self.connections.get(id)?;
        if !self.transport.waits() || !locked(&connection.planned).is_empty() {
            return Ok(Reply::Done);
        }
        let within = self.patience(None)?;
        let mut peeked = connection.peeked.lock().await;
        if peeked.is_none() {
            *peeked = connection.wire.receive(stable, within).await.transpose();
        }
        Ok(Reply::Done)
    }

    /// What came in, as the guest may see it.
    fn received(&self, connection: &Connection, frame: Frame) -> Result<Frame, BrokerError> {
        let (name, bytes) = (connection.endpoint(), frame_bytes(&frame) as u64);
        if !matches!(frame, Frame::Closed { .. }) {
            self.ledger.answered(Waiting::Connection(connection.id), name, bytes);
        }
        Ok(match frame {
            Frame::Text(text) => {
                let mut text = text;
                if connection.carried.load(Ordering::Relaxed) {
                    let captures = &self.config.predicate.captures;
                    let captured = Capturer::new(&self.vault, name, captures).text(&text)?;
                    text = captured.unwrap_or(text);
                }
                text = self.vault.hide(&text).unwrap_or(text);
                let clean = self.unechoed_piece(connection, text.into_bytes())?;
                Frame::Text(String::from_utf8_lossy(&clean).into_owned())
            }
            Frame::Binary(piece) => Frame::Binary(self.unechoed_piece(connection, piece)?),
            Frame::Closed { code, reason } => {
                Frame::Closed { code, reason: self.unechoed_text(&reason, name)? }
            }
        })
    }

    fn unechoed_text(&self, text: &str, name: &Word) -> Result<String, BrokerError> {
        let clean = self.unechoed(text.as_bytes(), name)?;
        Ok(String::from_utf8_lossy(&clean).into_owned())
    }

    fn unechoed_piece(
        &self,
        connection: &Connection,
        piece: Vec<u8>,
    ) -> Result<Vec<u8>, BrokerError> {
        let Some(needles) = self.vault.needles() else { return Ok(piece) };
        let clean = self.unechoed(&piece, connection.endpoint())?;
        let joins = locked(&connection.tail).joins(&needles, &piece);
        let split_over = clean == piece && joins;
        match (split_over, self.config.predicate.echoes) {
            (false, _) => Ok(clean),
            (true, true) => Ok(REDACTED.into()),
            (true, false) => Err(BrokerError::SecretEcho(connection.endpoint().to_string())),
        }
    }
}
