//! UDP to one checked address. The socket is connected: datagrams of others are not received.

use super::in_time;
use super::resolve::{Owner, resolve};
use super::system::System;
use crate::BrokerError;
use crate::grants::Grant;
use crate::ledger::Departure;
use crate::transport::{Opened, Payload, Wire};
use if_core::{Ask, BoxFuture, Frame};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// Largest payload of a UDP datagram over IPv4 (RFC 768, RFC 791).
const DATAGRAM_BYTES_MAX: usize = 65_507;

struct DatagramWire {
    socket: UdpSocket,
    target: String,
    bytes_max: u64,
}

/// Binds to a free port and connects to the first checked address.
pub async fn open(
    system: &dyn System,
    grant: &Grant,
    owner: &Owner,
    bytes_max: u64,
) -> Result<Opened, BrokerError> {
    let target = grant.host.with_port(grant.port);
    let unreachable = |cause: String| BrokerError::Unreachable { target: target.clone(), cause };
    let addresses = resolve(system, grant, owner).await?;
    let peer = addresses.first().ok_or_else(|| unreachable("the name has no address".into()))?;
    let socket = system.datagrams(*peer).await.map_err(|error| unreachable(error.to_string()))?;
    let local = socket.local_addr().map(|local| local.to_string()).unwrap_or_default();
    let wire = Arc::new(DatagramWire { socket, target, bytes_max });
    Ok(Opened { wire, local, subprotocol: None, fresh: true })
}

impl DatagramWire {
    fn lost(&self, error: &std::io::Error) -> BrokerError {
        BrokerError::Unreachable { target: self.target.clone(), cause: error.to_string() }
    }

    async fn read(&self) -> Result<Frame, BrokerError> {
        let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
        let read = self.socket.recv(&mut datagram).await.map_err(|error| self.lost(&error))?;
        if read as u64 > self.bytes_max {
            return Err(BrokerError::TooLarge { what: "a datagram", bytes_max: self.bytes_max });
        }
        datagram.truncate(read);
        Ok(Frame::Binary(datagram))
    }
}

impl Wire for DatagramWire {
    fn send<'a>(
        &'a self,
        _ask: &'a Ask,
        payload: Payload,
        departure: &'a Departure,
        within: Duration,
    ) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(in_time(self.target.clone(), within, async move {
            let (Payload::Text(bytes) | Payload::Bytes(bytes)) = payload else { return Ok(()) };
            if bytes.len() > DATAGRAM_BYTES_MAX {
                let bytes_max = DATAGRAM_BYTES_MAX as u64;
                return Err(BrokerError::TooLarge { what: "a datagram", bytes_max });
            }
            departure.leave();
            self.socket.send(&bytes).await.map_err(|error| self.lost(&error))?;
            Ok(())
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
        Box::pin(std::future::ready(()))
    }
}
