//! Connections through the gate: opened, written to, read from and closed by the broker alone.
//!
//! Streams are cut into lines where any rule or sink looks at lines; a WebSocket's messages and UDP's
//! datagrams are judged one by one. What comes in is searched with what came before it, so that a
//! secret split over two pieces is noticed with the second.

use super::{CallBroker, Outcome, planned_text, request};
use crate::BrokerError;
use crate::grants::{Grant, host::HostName, host::shown, target::HttpTarget};
use crate::ledger::{Departure, Waiting, frame_bytes};
use crate::secrets::capture::Capturer;
use crate::secrets::echo::REDACTED;
use crate::secrets::recipes::Value;
use crate::secrets::sinks::{FilledFrame, FilledRequest, Filler};
use crate::traffic::lines::{LineBuffer, without_end};
use crate::traffic::{Classified, Outgoing, classify, judges_lines};
use crate::transport::{Opening, Payload, Wire};
use if_core::{Ask, ConnectionId, Effect, Frame, OpenTarget, Protocol, Reply};
use if_manifest::model::{Position, Predicate};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Longest goodbye to one peer: its reply is not waited for.
const CLOSE_MS_MAX: u64 = 250;

/// One open connection.
struct Connection {
    id: ConnectionId,
    grant: Grant,
    protocol: Protocol,
    wire: Arc<dyn Wire>,
    /// Cut into lines before anything leaves.
    lined: bool,
    lines: Mutex<LineBuffer>,
    /// Answers of a dry run, before anything that really comes.
    planned: Mutex<VecDeque<Frame>>,
    /// Received while waiting for readiness.
    peeked: tokio::sync::Mutex<Option<Result<Frame, BrokerError>>>,
    /// A secret was sent on it.
    carried: AtomicBool,
    /// The end of what came before, to find a secret split over two pieces.
    tail: Mutex<Vec<u8>>,
    _slot: OwnedSemaphorePermit,
}

/// All connections of a call.
pub(super) struct Connections {
    table: Mutex<Table>,
    slots: Arc<Semaphore>,
    max: u32,
}

#[derive(Default)]
struct Table {
    open: BTreeMap<ConnectionId, Arc<Connection>>,
    opened: u32,
}

/// A message that was judged and filled, not yet sent.
struct Judged {
    classified: Classified,
    summary: String,
    filled: FilledFrame,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connections {
    pub(super) fn new(max: u32) -> Self {
        let permits = usize::try_from(max).unwrap_or(0).min(Semaphore::MAX_PERMITS);
        Self { table: Mutex::default(), slots: Arc::new(Semaphore::new(permits)), max }
    }

    /// Room for one more connection or request.
    pub(super) fn slot(&self) -> Result<OwnedSemaphorePermit, BrokerError> {
        let full = |_| BrokerError::TooMany { what: "connections", max: u64::from(self.max) };
        self.slots.clone().try_acquire_owned().map_err(full)
    }

    fn get(&self, id: ConnectionId) -> Result<Arc<Connection>, BrokerError> {
        let found = locked(&self.table).open.get(&id).cloned();
        found.ok_or_else(|| BrokerError::Invalid(format!("there is no connection {}", id.0)))
    }

    fn add(&self, make: impl FnOnce(ConnectionId) -> Connection) -> ConnectionId {
        let mut table = locked(&self.table);
        table.opened += 1;
        let id = ConnectionId(table.opened);
        table.open.insert(id, Arc::new(make(id)));
        id
    }

    fn remove(&self, id: ConnectionId) -> Option<Arc<Connection>> {
        locked(&self.table).open.remove(&id)
    }

    pub(super) async fn close_all(&self) {
        let open = std::mem::take(&mut locked(&self.table).open);
        for connection in open.into_values() {
            connection.say_goodbye().await;
        }
    }
}

impl Connection {
    async fn say_goodbye(&self) {
        // A peer that is gone or slow is left behind when the time is over.
        let _ = timeout(Duration::from_millis(CLOSE_MS_MAX), self.wire.close()).await;
    }

    fn endpoint(&self) -> &if_core::Word {
        &self.grant.endpoint.name
    }
}

impl CallBroker {
    pub(super) async fn open(&self, target: OpenTarget, stable: &Ask) -> Outcome {
        let mut effect = None;
        let result = self.opened(target, stable, &mut effect).await;
        (effect, result)
    }

    async fn opened(
        &self,
        target: OpenTarget,
        stable: &Ask,
        effect: &mut Option<Effect>,
    ) -> Result<Reply, BrokerError> {
        let admitted = self.admit_open(&target, effect);
        let (grant, filled) = admitted.inspect_err(|_| self.transport.passed_over(stable))?;
        let slot = self.connections.slot()?;
        let within = self.within(Some(target.timeout_ms))?;
        let used = filled.as_ref().map(|filled| filled.used.clone()).unwrap_or_default();
        let carried = self.note_use(&used, &grant.endpoint.name);
        let waiting = self.ledger.request();
        if let Some(filled) = &filled {
            Departure {
                ledger: self.ledger.clone(),
                endpoint: grant.endpoint.name.clone(),
                effect: effect.unwrap_or(Effect::Dangerous),
                waiting,
                messages: 1,
                bytes: filled.path_and_query.len() as u64,
            }
            .leave();
        }
        let opening = Opening { ask: stable, grant: &grant, target: &target, filled, within };
        let opened = self.transport.open(opening).await?;
        self.ledger.answered(waiting, &grant.endpoint.name, 0);
        if let Some(chosen) = &opened.subprotocol {
            self.unechoed(chosen.as_bytes(), &grant.endpoint.name)?;
        }
        let connection = self.connections.add(|id| Connection {
            id,
            protocol: target.protocol,
            lined: is_lined(target.protocol, &grant, &self.config.predicate),
            grant,
            wire: opened.wire,
            lines: Mutex::default(),
            planned: Mutex::default(),
            peeked: tokio::sync::Mutex::new(None),
            carried: AtomicBool::new(carried),
            tail: Mutex::default(),
            _slot: slot,
        });
        let (fresh, local, subprotocol) = (opened.fresh, opened.local, opened.subprotocol);
        Ok(Reply::Opened { connection, fresh, local, subprotocol })
    }

    fn admit_open(
        &self,
        target: &OpenTarget,
        effect: &mut Option<Effect>,
    ) -> Result<(Grant, Option<FilledRequest>), BrokerError> {
        let is_socket = matches!(target.protocol, Protocol::Ws | Protocol::Wss);
        if matches!(target.protocol, Protocol::Http | Protocol::Https) {
            return Err(BrokerError::Invalid("HTTP is asked for by request".into()));
        }
        if !is_socket && (target.path.is_some() || !target.headers.is_empty()) {
            return Err(BrokerError::Invalid("only a WebSocket has a path and headers".into()));
        }
        let host = HostName::parse(&target.host)?;
        let grant = self.grants.find(target.protocol, &host, target.port)?.clone();
        *effect = Some(Effect::Session);
        if !is_socket {
            return Ok((grant, None));
        }
        request::check_headers(&target.headers)?;
        let path = target.path.as_deref().unwrap_or("/");
        if !path.starts_with('/') {
            return Err(BrokerError::Invalid(format!("path `{}` has no `/`", shown(path))));
        }
        // The host in front is only there to have the same reader as a request.
        let place = HttpTarget::parse(&format!("http://host.invalid{path}"))?;
        let query = place.query.as_deref();
        let message = Outgoing::Handshake { path: &place.path, query, headers: &target.headers };
        let classified = classify(&grant.endpoint, &message, &self.config.predicate.tables);
        *effect = Some(classified.effect);
        let summary = self.vault.stable_text(&format!("open {}", place.path_and_query()));
        self.judge(&classified, &summary)?;
        if self.is_kept_back(classified.effect) {
            self.plan(&grant.endpoint.name, classified.effect, &summary)?;
            return Err(BrokerError::Planned(summary));
        }
        let ours = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.starts_with("sec-websocket-") && name != "sec-websocket-protocol"
        };
        let mut headers = request::sendable(&target.headers);
        headers.retain(|(name, _)| !ours(name));
        let filler = Filler::new(&self.vault, &grant.endpoint.name);
        let filled = filler.request("GET", (&place.path, query), &headers, b"")?;
        Ok((grant, Some(filled)))
    }

    pub(super) async fn send(&self, id: ConnectionId, frame: Frame, stable: &Ask) -> Outcome {
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
        let mut outgoing = Value::new(Vec::new());
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
            outgoing.extend_from_slice(&message.filled.bytes);
            (strongest, messages) = (strongest.max(effect), messages + 1);
        }
        if messages == 0 {
            self.transport.passed_over(stable);
            return kept.map_or(Ok(()), Err);
        }
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

    pub(super) async fn receive(
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
        let within = self.within(Some(timeout_ms))?;
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

    pub(super) async fn ready(&self, id: ConnectionId, stable: &Ask) -> Result<Reply, BrokerError> {
        let connection = self.connections.get(id)?;
        if !self.transport.waits() || !locked(&connection.planned).is_empty() {
            return Ok(Reply::Done);
        }
        let within = self.within(None)?;
        let mut peeked = connection.peeked.lock().await;
        if peeked.is_none() {
            *peeked = connection.wire.receive(stable, within).await.transpose();
        }
        Ok(Reply::Done)
    }

    pub(super) async fn close(&self, id: ConnectionId) -> Result<Reply, BrokerError> {
        if let Some(connection) = self.connections.remove(id) {
            connection.say_goodbye().await;
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
                Frame::Text(self.unechoed_text(&text, name)?)
            }
            Frame::Binary(piece) => Frame::Binary(self.unechoed_piece(connection, piece)?),
            Frame::Closed { code, reason } => {
                Frame::Closed { code, reason: self.unechoed_text(&reason, name)? }
            }
        })
    }

    fn unechoed_text(&self, text: &str, name: &if_core::Word) -> Result<String, BrokerError> {
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
        let mut tail = locked(&connection.tail);
        let split_over = clean == piece && !tail.is_empty() && {
            let joined = [tail.as_slice(), &piece].concat();
            needles.found_in(&joined)
        };
        tail.extend_from_slice(&piece);
        let surplus = tail.len().saturating_sub(needles.overlap());
        tail.drain(..surplus);
        match (split_over, self.config.predicate.echoes) {
            (false, _) => Ok(clean),
            (true, true) => Ok(REDACTED.into()),
            (true, false) => Err(BrokerError::SecretEcho(connection.endpoint().to_string())),
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

fn is_lined(protocol: Protocol, grant: &Grant, predicate: &Predicate) -> bool {
    let recipes = predicate.secrets.iter().flat_map(|secret| &secret.recipes);
    let mut sinks = recipes
        .flat_map(|recipe| &recipe.sinks)
        .chain(predicate.captures.iter().flat_map(|capture| &capture.sinks));
    let line_sink = sinks.any(|sink| {
        sink.endpoint == grant.endpoint.name && matches!(sink.position, Position::Line(_))
    });
    matches!(protocol, Protocol::Tcp | Protocol::Tls)
        && (judges_lines(&grant.endpoint) || line_sink)
}
