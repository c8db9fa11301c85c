//! `connection`: sessions over WebSocket, TCP, TLS and UDP. The sockets are the broker's; here is
//! only a number, and what `open` told about it.

use crate::shared::Shared;
use crate::state::CallState;
use if_core::{Ask, BoxFuture, ConnectionId, Reply};
use if_world::imports::connection::{Frame, Host, HostSession, Session, Target};
use if_world::imports::types::Error;
use std::sync::Arc;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

/// What stands in the table for a `session`. The generated type is only its name.
struct Connection {
    shared: Arc<Shared>,
    id: ConnectionId,
    fresh: bool,
    local: String,
    subprotocol: Option<String>,
    /// A wait for readiness that has begun. Kept between polls, so that a poll over several
    /// pollables does not ask anew each time; dropped before anything else uses the connection, so
    /// that a broker that serves one wish per connection at a time is never blocked by it.
    waiting: Option<BoxFuture<'static, ()>>,
}

#[async_trait]
impl Pollable for Connection {
    /// A refusal counts as ready: `receive` then tells why.
    async fn ready(&mut self) {
        let (shared, connection) = (self.shared.clone(), self.id);
        self.shared.waits();
        let wait = self.waiting.get_or_insert_with(|| {
            Box::pin(async move {
                let _ = shared.ask(Ask::Ready { connection }).await;
            })
        });
        wait.as_mut().await;
        self.waiting = None;
        self.shared.works();
    }
}

fn own(session: &Resource<Session>) -> Resource<Connection> {
    Resource::new_borrow(session.rep())
}

impl CallState {
    /// The connection, with no wait pending on it.
    fn idle(&mut self, session: &Resource<Session>) -> wasmtime::Result<ConnectionId> {
        let connection = self.table.get_mut(&own(session))?;
        connection.waiting = None;
        Ok(connection.id)
    }
}

impl Host for CallState {
    async fn open(&mut self, target: Target) -> wasmtime::Result<Result<Resource<Session>, Error>> {
        match self.ask(Ask::Open { target: target.into() }).await? {
            Ok(Reply::Opened { connection, fresh, local, subprotocol }) => {
                let shared = self.shared.clone();
                let entry =
                    Connection { shared, id: connection, fresh, local, subprotocol, waiting: None };
                let entry = self.table.push(entry)?;
                Ok(Ok(Resource::new_own(entry.rep())))
            }
            Ok(reply) => Err(self.shared.mismatch(&reply).into()),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl HostSession for CallState {
    async fn fresh(&mut self, session: Resource<Session>) -> wasmtime::Result<bool> {
        self.alive()?;
        Ok(self.table.get(&own(&session))?.fresh)
    }

    async fn local_address(&mut self, session: Resource<Session>) -> wasmtime::Result<String> {
        self.alive()?;
        Ok(self.table.get(&own(&session))?.local.clone())
    }

    async fn subprotocol(
        &mut self,
        session: Resource<Session>,
    ) -> wasmtime::Result<Option<String>> {
        self.alive()?;
        Ok(self.table.get(&own(&session))?.subprotocol.clone())
    }

    async fn send(
        &mut self,
        session: Resource<Session>,
        frame: Frame,
    ) -> wasmtime::Result<Result<(), Error>> {
        let connection = self.idle(&session)?;
        self.ask_done(Ask::Send { connection, frame: frame.into() }).await
    }

    async fn receive(
        &mut self,
        session: Resource<Session>,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<Option<Frame>, Error>> {
        let connection = self.idle(&session)?;
        let ask = Ask::Receive { connection, timeout_ms: u64::from(timeout_ms) };
        self.shared.waits();
        let answer = self.ask(ask).await;
        self.shared.works();
        match answer? {
            Ok(Reply::Frame { frame }) => Ok(Ok(frame.map(Into::into))),
            Ok(reply) => Err(self.shared.mismatch(&reply).into()),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn subscribe(
        &mut self,
        session: Resource<Session>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        self.alive()?;
        subscribe(&mut self.table, own(&session))
    }

    async fn drop(&mut self, session: Resource<Session>) -> wasmtime::Result<()> {
        let connection = self.table.delete(Resource::<Connection>::new_own(session.rep()))?;
        self.ask(Ask::Close { connection: connection.id }).await?.ok();
        Ok(())
    }
}
