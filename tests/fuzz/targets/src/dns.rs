//! Multicast DNS: packets that anybody on the network may send.

use if_broker::fuzzing::announced;
use std::time::{Duration, Instant};

/// The service that is asked for.
const SERVICE: &str = "_obs._tcp.local";
/// Most instances, addresses and attributes that are kept.
const INSTANCES_MAX: usize = 64;
const ADDRESSES_MAX: usize = 8;
const ATTRIBUTES_MAX: usize = 32;
/// Largest packet that leaves (RFC 6762 §17).
const PACKET_BYTES_MAX: usize = 9_000;
/// Longest for a round of packets: a name may point back into its packet, and must not for ever.
const PATIENCE: Duration = Duration::from_millis(500);

/// `dns`: packets, two bytes of length before each.
pub fn packets(data: &[u8]) {
    let packets = cut(data);
    let services = [SERVICE.to_owned()];
    let begun = now();
    let (candidates, question) = announced(&packets, &services);
    assert!(now().duration_since(begun) < PATIENCE, "packets hold up the search");
    assert!(candidates.len() <= INSTANCES_MAX);
    for candidate in &candidates {
        assert!(candidate.addresses.len() <= ADDRESSES_MAX);
        assert!(candidate.txt.len() <= ATTRIBUTES_MAX);
        assert!(candidate.name.len() <= 255 * 3, "a label of {} bytes", candidate.name.len());
    }
    // Whatever others say, the own question is asked.
    let question = question.expect("a name from outside ends the asking");
    assert!(question.len() <= PACKET_BYTES_MAX, "a question of {} bytes", question.len());
    let (none, _) = announced(&[&question], &services);
    assert!(none.is_empty(), "a question answers itself");
}

fn cut(mut data: &[u8]) -> Vec<&[u8]> {
    let mut packets = Vec::new();
    while let Some((length, rest)) = data.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (packet, behind) = rest.split_at(length);
        packets.push(packet);
        data = behind;
    }
    packets
}

#[allow(clippy::disallowed_methods)] // it measures; nothing is decided by the time
fn now() -> Instant {
    Instant::now()
}
