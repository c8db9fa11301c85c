//! Multicast DNS as data: the question as bytes, and answers put together from any number of
//! packets. Pure. Sources: RFC 6762 (multicast DNS), RFC 6763 (service discovery).

use super::Candidate;
use super::networks::is_near;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, Question, ResourceRecord, TYPE};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most instances, and most host names: a packet of noise must not fill the memory.
const INSTANCES_MAX: usize = 64;
/// Most attributes of an instance, and most bytes of each.
const ATTRIBUTES_MAX: usize = 32;
/// Most bytes of questions in one packet: a packet has at most 9,000 (RFC 6762 §17), and whoever
/// announces many long names must not make the packet one that cannot be sent.
const QUESTIONS_BYTES_MAX: usize = 8 << 10;
/// A question's length bytes, kind and class.
const QUESTION_OVERHEAD_BYTES: usize = 6;
/// Most addresses of a host.
const ADDRESSES_MAX: usize = 8;

/// The question: who offers these? With instances, also what each of them is.
pub fn question(services: &[String], instances: &[String]) -> Option<Vec<u8>> {
    let mut packet = Packet::new_query(0);
    let asked = services.iter().map(|name| (name, TYPE::PTR));
    let open = instances.iter().flat_map(|name| [(name, TYPE::SRV), (name, TYPE::TXT)]);
    let mut bytes = 0;
    for (name, kind) in asked.chain(open) {
        // A name that somebody announced may be none that can be asked; the others are asked.
        let Ok(asked) = Name::new(name) else { continue };
        bytes += name.len() + QUESTION_OVERHEAD_BYTES;
        if bytes > QUESTIONS_BYTES_MAX {
            break;
        }
        packet.questions.push(Question::new(asked, kind.into(), CLASS::IN.into(), false));
    }
    if packet.questions.is_empty() { None } else { packet.build_bytes_vec().ok() }
}

/// What was heard so far.
#[derive(Debug, Default)]
pub struct Heard {
    /// Full names of instances, as the packets write them.
    instances: BTreeSet<String>,
    places: BTreeMap<String, (String, u16)>,
    txt: BTreeMap<String, BTreeMap<String, String>>,
    addresses: BTreeMap<String, Vec<IpAddr>>,
}

impl Heard {
    /// Takes what a packet says about these services; what is no answer is ignored.
    pub fn take(&mut self, bytes: &[u8], services: &[String]) {
        let Ok(packet) = Packet::parse(bytes) else { return };
        let records = packet.answers.iter().chain(&packet.additional_records);
        for record in records {
            self.record(record, services);
        }
    }

    fn record(&mut self, record: &ResourceRecord<'_>, services: &[String]) {
        let name = record.name.to_string().to_lowercase();
        match &record.rdata {
            RData::PTR(target)
                if services.contains(&name) && self.instances.len() < INSTANCES_MAX =>
            {
                self.instances.insert(target.0.to_string());
            }
            RData::SRV(srv) if self.places.len() < INSTANCES_MAX => {
                self.places.insert(name, (srv.target.to_string().to_lowercase(), srv.port));
            }
            RData::TXT(txt) if self.txt.len() < INSTANCES_MAX => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let pair = |(key, value): (&[u8], Option<&[u8]>)| {
                    (text(key), value.map(text).unwrap_or_default())
                };
                self.txt.insert(name, txt.iter_raw().take(ATTRIBUTES_MAX).map(pair).collect());
            }
            RData::A(a) => self.address(name, Ipv4Addr::from(a.address).into()),
            RData::AAAA(aaaa) => self.address(name, Ipv6Addr::from(aaaa.address).into()),
            _ => {}
        }
    }

    fn address(&mut self, name: String, address: IpAddr) {
        if self.addresses.len() >= INSTANCES_MAX && !self.addresses.contains_key(&name) {
            return;
        }
        let known = self.addresses.entry(name).or_default();
        if known.len() < ADDRESSES_MAX && !known.contains(&address) {
            known.push(address);
        }
    }

    /// Instances whose place nobody said yet.
    pub fn open(&self) -> Vec<String> {
        let placed = |name: &&String| self.places.contains_key(&name.to_lowercase());
        self.instances.iter().filter(|name| !placed(name)).cloned().collect()
    }

    /// Instances with a place. An address is preferred to a name, and one of a private network to
    /// any other: what is typed behind `--host` should be what was found.
    pub fn candidates(&self) -> Vec<Candidate> {
        self.instances.iter().filter_map(|name| self.candidate(name)).collect()
    }

    fn candidate(&self, name: &str) -> Option<Candidate> {
        let key = name.to_lowercase();
        let (target, port) = self.places.get(&key)?;
        let addresses = self.addresses.get(target).cloned().unwrap_or_default();
        let near = addresses.iter().find(|it| it.is_ipv4() && is_near(**it));
        let host = near.or(addresses.first()).map(ToString::to_string);
        Some(Candidate {
            name: label(name),
            host: host.unwrap_or_else(|| target.trim_end_matches('.').to_owned()),
            port: *port,
            addresses: addresses.iter().map(ToString::to_string).collect(),
            txt: self.txt.get(&key).cloned().unwrap_or_default(),
            ..Candidate::default()
        })
    }
}

/// The instance's own label, without the service behind it.
fn label(name: &str) -> String {
    let parsed = Name::new(name).ok();
    let first = parsed.as_ref().and_then(|name| name.get_labels().first());
    first.map_or_else(
        || name.to_owned(),
        |label| String::from_utf8_lossy(label.as_ref()).into_owned(),
    )
}
