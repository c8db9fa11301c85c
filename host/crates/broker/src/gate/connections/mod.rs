//! Connections through the gate: opened, written to, read from and closed by the broker alone.
//!
//! This file keeps the table: how many may be open, which is which, and how each is left.

mod open;
mod receive;
mod send;

use super::CallBroker;
use crate::grants::Grant;
use crate::secrets::echo::Tail;
use crate::traffic::lines::LineBuffer;
use crate::transport::Wire;
use crate::{BrokerConfig, BrokerError};
use futures_util::future::join_all;
use if_core::{ConnectionId, Frame, Protocol, Reply, UnixMillis, Word};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::AtomicBool;
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
    tail: Mutex<Tail>,
    _slot: OwnedSemaphorePermit,
}

/// All connections of a call.
pub(in crate::gate) struct Connections {
    table: Mutex<Table>,
    slots: Arc<Semaphore>,
    max: u32,
    /// Streams only: the time in which no more than `max` may be opened.
    period_ms: Option<u64>,
}

#[derive(Default)]
struct Table {
    open: BTreeMap<ConnectionId, Arc<Connection>>,
    opened: u32,
    /// When the latest were opened, at most as many as may be in one period.
    recent: VecDeque<UnixMillis>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connections {
    pub(in crate::gate) fn new(config: &BrokerConfig) -> Self {
        let max = config.limits.connections_max;
        let permits = usize::try_from(max).unwrap_or(0).min(Semaphore::MAX_PERMITS);
        let slots = Arc::new(Semaphore::new(permits));
        let period_ms = config.streams.then_some(config.deadline_ms);
        Self { table: Mutex::default(), slots, max, period_ms }
    }

    /// Counts one attempt to connect. A stream may try for ever, but not as fast as it can: a peer
    /// that is down or sends it away is not to be hammered.
    pub(in crate::gate) fn attempt(&self, now: UnixMillis) -> Result<(), BrokerError> {
        let Some(period_ms) = self.period_ms else { return Ok(()) };
        let mut table = locked(&self.table);
        while table.recent.front().is_some_and(|past| now.millis_since(*past) >= period_ms) {
            table.recent.pop_front();
        }
        if table.recent.len() as u64 >= u64::from(self.max) {
            let max = u64::from(self.max);
            return Err(BrokerError::TooOften { what: "connections", max, period_ms });
        }
        table.recent.push_back(now);
        Ok(())
    }

    /// Room for one more connection or request.
    pub(in crate::gate) fn slot(&self) -> Result<OwnedSemaphorePermit, BrokerError> {
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

    pub(in crate::gate) async fn close_all(&self) {
        let open = std::mem::take(&mut locked(&self.table).open);
        join_all(open.values().map(|connection| connection.say_goodbye())).await;
    }
}

impl Connection {
    async fn say_goodbye(&self) {
        // A peer that is gone or slow is left behind when the time is over.
        let _ = timeout(Duration::from_millis(CLOSE_MS_MAX), self.wire.close()).await;
    }

    fn endpoint(&self) -> &Word {
        &self.grant.endpoint.name
    }
}

impl CallBroker {
    pub(in crate::gate) async fn close(&self, id: ConnectionId) -> Result<Reply, BrokerError> {
        if let Some(connection) = self.connections.remove(id) {
            connection.say_goodbye().await;
        }
        Ok(Reply::Done)
    }
}
