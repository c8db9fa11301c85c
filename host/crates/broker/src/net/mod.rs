//! The real network: the only place that opens a socket.
//!
//! Everything decided before stays decided here: it connects to checked addresses, sends the filled
//! bytes, and returns what came, within the time and sizes it was given.

mod datagram;
pub mod http;
pub(crate) mod reach;
pub mod resolve;
mod stream;
pub mod system;
pub mod tls;
pub(crate) mod websocket;

use crate::transport::{HttpExchange, Opened, Opening, Transport};
use crate::{BrokerConfig, BrokerError};
use if_core::{Ask, BoxFuture, Clock, HttpResponse, Protocol, UnixMillis};
use resolve::Owner;
use std::sync::Arc;
use std::time::Duration;
use system::{Machine, System};
use tls::{Stream, Tls};
use tokio::time::timeout;

/// One call's network.
pub struct Net {
    clock: Arc<dyn Clock>,
    system: Arc<dyn System>,
    tls: Tls,
    owner: Owner,
    /// One body or message, either way.
    message_bytes_max: u64,
}

impl Net {
    /// This machine's network. Opens nothing yet.
    pub fn new(config: &BrokerConfig) -> Self {
        Self::over(config, Arc::new(Machine))
    }

    /// The same rules over names and sockets of somebody else's.
    pub fn over(config: &BrokerConfig, system: Arc<dyn System>) -> Self {
        Self {
            clock: config.clock.clone(),
            system,
            tls: Tls::new(config.ca_file.clone()),
            owner: Owner {
                provider: config.instance.provider.clone(),
                instance: config.instance.instance.clone(),
            },
            message_bytes_max: config.limits.message_bytes_max,
        }
    }

    /// A byte stream to the grant's host, with TLS where the protocol says so, and the own address.
    async fn stream(
        &self,
        grant: &crate::grants::Grant,
        protocol: Protocol,
    ) -> Result<(Box<dyn Stream>, String), BrokerError> {
        let tcp = resolve::connect(&*self.system, grant, &self.owner).await?;
        let local = tcp.local_addr().map(|local| local.to_string()).unwrap_or_default();
        let is_http = matches!(protocol, Protocol::Https | Protocol::Wss);
        let stream: Box<dyn Stream> = match protocol {
            Protocol::Https | Protocol::Wss | Protocol::Tls => {
                Box::new(self.tls.connect(tcp, &grant.host, is_http).await?)
            }
            _ => Box::new(tcp),
        };
        Ok((stream, local))
    }

    async fn connection(&self, opening: Opening<'_>) -> Result<Opened, BrokerError> {
        let target = opening.grant.host.with_port(opening.grant.port);
        let max = self.message_bytes_max;
        match opening.target.protocol {
            Protocol::Udp => datagram::open(&*self.system, opening.grant, &self.owner, max).await,
            Protocol::Tcp | Protocol::Tls => {
                let (io, local) = self.stream(opening.grant, opening.target.protocol).await?;
                Ok(stream::open(io, local, target, max))
            }
            Protocol::Ws | Protocol::Wss => {
                let (io, local) = self.stream(opening.grant, opening.target.protocol).await?;
                websocket::open(io, local, target, opening, max).await
            }
            Protocol::Http | Protocol::Https => {
                Err(BrokerError::Invalid("HTTP is asked for by request, not by connection".into()))
            }
        }
    }
}

impl Transport for Net {
    fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    fn http<'a>(
        &'a self,
        exchange: HttpExchange<'a>,
    ) -> BoxFuture<'a, Result<HttpResponse, BrokerError>> {
        let target = exchange.target.host.with_port(exchange.target.port);
        let within = exchange.within;
        Box::pin(in_time(target, within, async move {
            let (io, _) = self.stream(exchange.grant, exchange.target.protocol).await?;
            http::exchange(io, exchange, self.message_bytes_max).await
        }))
    }

    fn open<'a>(&'a self, opening: Opening<'a>) -> BoxFuture<'a, Result<Opened, BrokerError>> {
        let target = opening.grant.host.with_port(opening.grant.port);
        Box::pin(in_time(target, opening.within, self.connection(opening)))
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn waits(&self) -> bool {
        true
    }

    fn passed_over(&self, _ask: &Ask) {}

    fn left(&self) -> usize {
        0
    }

    fn ended(&self) -> bool {
        false
    }
}

/// The work, or a refusal that says how long was waited.
async fn in_time<T>(
    target: String,
    within: Duration,
    work: impl Future<Output = Result<T, BrokerError>>,
) -> Result<T, BrokerError> {
    let waited_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    match timeout(within, work).await {
        Ok(result) => result,
        Err(_) => Err(BrokerError::TimedOut { target, waited_ms }),
    }
}
