//! Looking around when the operator typed `discover`: a question by multicast DNS, and one HTTP GET
//! to each address of the machine's own private networks.
//!
//! What is looked for stands in the signed manifest; where, and how much, is decided here: never
//! beyond the own private IPv4 networks and this machine, at most [`networks::ADDRESSES_MAX`]
//! addresses of each, all of it within [`LOOK_MS_MAX`]. Nothing listens afterwards, and an answer
//! that is not as the manifest says reaches no plugin.

mod mdns;
mod networks;
pub(crate) mod packet;
pub(crate) mod probe;
#[cfg(test)]
mod tests;

pub use networks::{Network, Subnet};

use crate::ledger::{EndpointTraffic, PlannedMessage};
use if_core::Effect;
use if_manifest::model::Discover;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

/// Longest look: somebody waits for it at a prompt.
pub const LOOK_MS_MAX: u64 = 8_000;
/// Most candidates handed over: more are a network that answers for every address.
const CANDIDATES_MAX: usize = 256;
/// RFC 6762 §3.
const MDNS_GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 251), 5353);

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// Private networks of this machine, and this machine.
    pub networks: Vec<Network>,
    /// Narrows them; empty for all.
    pub only: Vec<Subnet>,
    /// Where multicast questions go.
    pub mdns: SocketAddrV4,
}

/// Something that answered or announced itself; every word of it is a stranger's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Candidate {
    pub name: String,
    pub host: String,
    pub port: u16,
    pub addresses: Vec<String>,
    pub txt: BTreeMap<String, String>,
    pub status: Option<u16>,
    /// The answer's `Server` header.
    pub server: String,
    pub answer: String,
}

/// What a look brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    pub candidates: Vec<Candidate>,
    /// By the names that [`plan`] uses, too.
    pub traffic: BTreeMap<String, EndpointTraffic>,
    /// False when the time was over before every address had its turn.
    pub complete: bool,
}

impl Surroundings {
    /// This machine's, narrowed to `only` unless that is empty.
    ///
    /// # Errors
    /// When the system does not tell its interfaces.
    pub fn of_this_machine(only: Vec<Subnet>) -> std::io::Result<Self> {
        let networks = networks::own()?;
        let networks = networks.into_iter().filter(|network| network.touches(&only)).collect();
        Ok(Self { networks, only, mdns: MDNS_GROUP })
    }

    fn targets<'d>(&self, what: &'d Discover) -> Vec<probe::Target<'d>> {
        let addresses: Vec<_> =
            self.networks.iter().map(|network| network.addresses(&self.only)).collect();
        let of = |probe| {
            addresses.iter().flatten().map(move |&address| probe::Target { address, probe })
        };
        what.probes.iter().flat_map(of).collect()
    }
}

/// What a look would send.
pub fn plan(what: &Discover, around: &Surroundings) -> Vec<PlannedMessage> {
    let mut plan = Vec::new();
    let mut add = |endpoint: String, summary: String| {
        plan.push(PlannedMessage { endpoint, effect: Effect::Read, summary });
    };
    for network in &around.networks {
        for service in &what.mdns {
            add(MDNS.to_owned(), format!("who offers {service}, asked from {}", network.address));
        }
        let count = network.addresses(&around.only).len();
        for probe in what.probes.iter().filter(|_| count > 0) {
            let summary =
                format!("GET :{}{} at {count} addresses of {network}", probe.port, probe.path);
            add(probe_name(probe.port), summary);
        }
    }
    plan
}

/// Looks, for as long as `within` at most.
pub async fn look(what: &Discover, around: &Surroundings, within: Duration) -> Looked {
    let within = within.min(Duration::from_millis(LOOK_MS_MAX));
    let probing = probe::all(around.targets(what), within);
    let (probed, announced) = tokio::join!(probing, mdns::all(&what.mdns, around, within));
    let mut looked = Looked { complete: probed.complete, ..Looked::default() };
    for (port, traffic) in probed.traffic {
        looked.traffic.insert(probe_name(port), traffic);
    }
    if !what.mdns.is_empty() {
        looked.traffic.insert(MDNS.to_owned(), announced.traffic);
    }
    looked.candidates = announced.candidates;
    looked.candidates.extend(probed.candidates);
    looked.candidates.truncate(CANDIDATES_MAX);
    looked
}

/// The name of multicast questions in plan and log.
const MDNS: &str = "mdns";

fn probe_name(port: u16) -> String {
    format!("probe-{port}")
}
