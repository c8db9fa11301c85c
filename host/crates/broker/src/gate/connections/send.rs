//! Sending: judged whole, filled, then sent or planned.
//!
//! Streams are cut into lines where any rule or sink looks at lines; a WebSocket's messages and
//! UDP's datagrams are judged one by one. Nothing of a piece leaves before all of it was judged.

use super::super::{CallBroker, Outcome, planned_text};
use super::{Connection, locked};
use crate::BrokerError;
use crate::ledger::{Departure, Waiting, frame_bytes};
use crate::secrets::recipes::{Value, joined};
use crate::secrets::sinks::{FilledFrame, Filler};
use crate::traffic::lines::without_end;
use crate::traffic::{Classified, Outgoing, classify};
use crate::transport::Payload;
use if_core::{Ask, ConnectionId, Effect, Frame, Protocol, Reply};
use std::sync::atomic::Ordering;

/// A message that was judged and filled, not yet sent.
struct Judged {
    classified: Classified,
    summary: String,
    filled: FilledFrame,
}

impl CallBroker {
    pub(in crate::gate) async fn send(
        &self,
        id: ConnectionId,
        frame: Frame,
        stable: &Ask,
    ) -> Outcome {
        let connection = match self.connections.get(id) {
            Ok(connection) => connection,
            Err(error) => return (None, Err(error)),
        };
        let mut effect = None;
        let result = self.sent(&connection, frame, stable, &mut effect).await;
        (effect, result.map(|()| Reply::Done))
    }

    async fn sent(
        &self,
        connection: &Connection,
        frame: Frame,
        stable: &Ask,
        effect: &mut Option<Effect>,
    ) -> Result<(), BrokerError> {
        let is_text = matches!(frame, Frame::Text(_))
            && matches!(connection.protocol, Protocol::Ws | Protocol::Wss);
        let judged = match frame {
            Frame::Closed { code, reason } => {
                *effect = Some(Effect::Session);
                let payload = Payload::Close { code, reason };
                let departure = self.departure(connection, Effect::Session, 0, 0);
                let within = self.within(None)?;
                return connection.wire.send(stable, payload, &departure, within).await;
            }
            frame => self.judge_frame(connection, &frame, effect),
        };
        let judged = judged.inspect_err(|_| self.transport.passed_over(stable))?;
        let mut outgoing = Vec::new();
        let (mut strongest, mut messages, mut kept) = (Effect::Session, 0, None);
        for message in judged {
            let Classified { effect, planned } = message.classified;
            if self.is_kept_back(effect) {
                self.plan(connection.endpoint(), effect, &message.summary)?;
                match planned {
                    Some(answer) => {
                        locked(&connection.planned).push_back(planned_frame(connection, &answer));
                    }
                    None => kept = Some(BrokerError::Planned(message.summary)),
                }
                continue;
            }
            if self.note_use(&message.filled.used, connection.endpoint()) {
                connection.carried.store(true, Ordering::Relaxed);
            }
            outgoing.push(message.filled.bytes);
            (strongest, messages) = (strongest.max(effect), messages + 1);
        }
        if messages == 0 {
            self.transport.passed_over(stable);
            return kept.map_or(Ok(()), Err);
        }
        let outgoing = joined(&outgoing);
        let departure = self.departure(connection, strongest, messages, outgoing.len());
        let payload = if is_text { Payload::Text(outgoing) } else { Payload::Bytes(outgoing) };
        connection.wire.send(stable, payload, &departure, self.within(None)?).await?;
        kept.map_or(Ok(()), Err)
    }

    fn departure(
        &self,
        connection: &Connection,
        effect: Effect,
        messages: u64,
        bytes: usize,
    ) -> Departure {
        Departure {
            ledger: self.ledger.clone(),
            endpoint: connection.endpoint().clone(),
            effect,
            waiting: Waiting::Connection(connection.id),
            messages,
            bytes: bytes as u64,
        }
    }

    /// Judges all of it before any of it leaves.
    fn judge_frame(
        &self,
        connection: &Connection,
        frame: &Frame,
        effect: &mut Option<Effect>,
    ) -> Result<Vec<Judged>, BrokerError> {
        self.check_size("a message", frame_bytes(frame))?;
        let bytes = match frame {
            Frame::Text(text) => text.as_bytes(),
            Frame::Binary(bytes) => bytes,
            Frame::Closed { .. } => &[],
        };
        let filler = || Filler::new(&self.vault, connection.endpoint());
        let whole = || FilledFrame { bytes: Value::new(bytes.to_vec()), used: Vec::new() };
        let mut judged = Vec::new();
        match (connection.protocol, frame) {
            (Protocol::Ws | Protocol::Wss, Frame::Text(text)) => {
                let classified = self.verdict(connection, &Outgoing::Text(text), effect)?;
                judged.push((classified, bytes.to_vec(), filler().frame(text)?));
            }
            (Protocol::Udp, _) => {
                let classified = self.verdict(connection, &Outgoing::Datagram(bytes), effect)?;
                judged.push((classified, bytes.to_vec(), filler().line(bytes)?));
            }
            (Protocol::Tcp | Protocol::Tls, _) if connection.lined => {
                let lines = locked(&connection.lines).push(bytes)?;
                for line in lines {
                    let message = Outgoing::Line(without_end(&line));
                    let classified = self.verdict(connection, &message, effect)?;
                    let filled = filler().line(&line)?;
                    judged.push((classified, line, filled));
                }
            }
            _ => {
                let classified = self.verdict(connection, &Outgoing::Binary(bytes), effect)?;
                judged.push((classified, bytes.to_vec(), whole()));
            }
        }
        let summarise = |(classified, bytes, filled): (Classified, Vec<u8>, FilledFrame)| Judged {
            classified,
            summary: self.frame_summary(&bytes),
            filled,
        };
        Ok(judged.into_iter().map(summarise).collect())
    }

    fn verdict(
        &self,
        connection: &Connection,
        message: &Outgoing<'_>,
        effect: &mut Option<Effect>,
    ) -> Result<Classified, BrokerError> {
        let rules = &connection.grant.endpoint;
        let classified = classify(rules, message, &self.config.predicate.tables);
        *effect = (*effect).max(Some(classified.effect));
        if classified.effect > self.config.effect {
            let bytes = match *message {
                Outgoing::Text(text) => text.as_bytes(),
                Outgoing::Line(b) | Outgoing::Datagram(b) | Outgoing::Binary(b) => b,
                _ => &[],
            };
            self.judge(&classified, &self.frame_summary(bytes))?;
        }
        Ok(classified)
    }

    fn frame_summary(&self, bytes: &[u8]) -> String {
        let stable = self.vault.stable(bytes);
        match std::str::from_utf8(&stable) {
            Ok(text) => text.trim_end().to_owned(),
            Err(_) => format!("{} bytes", bytes.len()),
        }
    }
}

fn planned_frame(connection: &Connection, answer: &serde_json::Value) -> Frame {
    let text = planned_text(answer);
    match connection.protocol {
        Protocol::Ws | Protocol::Wss => Frame::Text(text),
        _ => Frame::Binary(text.into_bytes()),
    }
}
