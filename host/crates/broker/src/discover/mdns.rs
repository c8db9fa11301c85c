//! A one-shot question by multicast DNS (RFC 6762 §5.1): asked from a port of its own on each
//! network, answered there by unicast. Nothing listens on port 5353, no group is joined, and
//! nothing is left behind.

use super::packet::{Heard, question};
use super::{Candidate, Network, Surroundings};
use crate::ledger::EndpointTraffic;
use futures_util::future::join_all;
use if_core::Effect;
use socket2::SockRef;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// How long answers are waited for after each question; responders spread theirs over 120 ms.
const ROUND_MS: u64 = 700;
/// The question is repeated, because a packet can get lost, and asks for what is still open.
const ROUNDS: usize = 2;
/// Most packets taken on one network.
const PACKETS_MAX: usize = 256;
/// Largest packet (RFC 6762 §17).
const PACKET_BYTES_MAX: usize = 9_000;
/// A multicast question stays on its network.
const HOPS: u32 = 255;

/// What was announced.
#[derive(Debug, Default)]
pub struct Announced {
    pub candidates: Vec<Candidate>,
    pub traffic: EndpointTraffic,
}

/// Asks on every network at once.
pub async fn all(services: &[String], around: &Surroundings, within: Duration) -> Announced {
    let mut announced = Announced::default();
    if services.is_empty() {
        return announced;
    }
    let round = Duration::from_millis(ROUND_MS).min(within / ROUNDS as u32);
    let asking = around.networks.iter().map(|network| {
        let mut asking = Asking {
            services,
            network,
            heard: Heard::default(),
            traffic: EndpointTraffic::default(),
        };
        async move {
            // A network that cannot be asked has nothing to say.
            let _ = asking.run(around.mdns, round).await;
            asking
        }
    });
    for asked in join_all(asking).await {
        for (effect, count) in asked.traffic.messages {
            *announced.traffic.messages.entry(effect).or_default() += count;
        }
        announced.traffic.bytes_out += asked.traffic.bytes_out;
        announced.traffic.bytes_in += asked.traffic.bytes_in;
        for candidate in asked.heard.candidates() {
            // One device on two networks of this machine is one candidate.
            if !announced.candidates.iter().any(|known| known.name == candidate.name) {
                announced.candidates.push(candidate);
            }
        }
    }
    announced
}

struct Asking<'a> {
    services: &'a [String],
    network: &'a Network,
    heard: Heard,
    traffic: EndpointTraffic,
}

impl Asking<'_> {
    async fn run(&mut self, group: SocketAddrV4, round: Duration) -> std::io::Result<()> {
        let socket = UdpSocket::bind((self.network.address, 0)).await?;
        let options = SockRef::from(&socket);
        options.set_multicast_if_v4(&self.network.address)?;
        options.set_multicast_ttl_v4(HOPS)?;
        let mut packets = 0;
        for _ in 0..ROUNDS {
            let Some(question) = question(self.services, &self.heard.open()) else { break };
            socket.send_to(&question, group).await?;
            *self.traffic.messages.entry(Effect::Read).or_default() += 1;
            self.traffic.bytes_out += question.len() as u64;
            // The time passing is how a round ends.
            let _ = timeout(round, self.listen(&socket, &mut packets)).await;
        }
        Ok(())
    }

    /// Takes packets of this very network until there were enough.
    async fn listen(&mut self, socket: &UdpSocket, packets: &mut usize) {
        let mut buffer = vec![0; PACKET_BYTES_MAX];
        while *packets < PACKETS_MAX {
            let Ok((length, from)) = socket.recv_from(&mut buffer).await else { return };
            *packets += 1;
            self.traffic.bytes_in += length as u64;
            // RFC 6762 §11: an answer from elsewhere is somebody's trick.
            let SocketAddr::V4(from) = from else { continue };
            if self.network.holds(*from.ip()) {
                self.heard.take(buffer.get(..length).unwrap_or_default(), self.services);
            }
        }
    }
}
