//! A look around this machine: servers and responders on loopback alone.

#![allow(clippy::disallowed_methods)] // a test's servers end with its runtime

use super::packet::{Heard, question};
use super::*;
use if_manifest::model::Probe;
use simple_dns::rdata::{A, PTR, RData, SRV, TXT};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, ResourceRecord, TYPE};
use socket2::{Domain, Protocol, Socket, Type};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;

const SERVICE: &str = "_mixer._tcp.local";

/// Everything is on this machine; multicast goes to a group of the test's own.
fn here(mdns: SocketAddrV4) -> Surroundings {
    let network = Network { address: Ipv4Addr::LOCALHOST, prefix: 8 };
    Surroundings { networks: vec![network], only: Vec::new(), mdns }
}

fn nowhere() -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9)
}

fn probe(port: u16, begins: Option<&str>, status: Option<u16>) -> Discover {
    let begins = begins.map(str::to_owned);
    let probes = vec![Probe { port, path: "/api/".into(), begins, status }];
    Discover { probes, ..Discover::default() }
}

/// Answers every connection with these bytes, and says what was asked last.
async fn server(answer: &'static [u8]) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 2_000];
        let length = stream.read(&mut asked).await.unwrap();
        stream.write_all(answer).await.unwrap();
        String::from_utf8_lossy(&asked[..length]).into_owned()
    });
    (port, served)
}

async fn looked(what: &Discover) -> Looked {
    look(what, &here(nowhere()), Duration::from_secs(5)).await
}

#[tokio::test]
async fn an_answer_as_declared_is_a_candidate_with_its_first_bytes() {
    let (port, served) =
        server(b"HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n\r\n<vmix><version>28</version>")
            .await;
    let looked = looked(&probe(port, Some("<vmix"), None)).await;
    let [candidate] = &looked.candidates[..] else { panic!("{looked:?}") };
    assert_eq!((candidate.host.as_str(), candidate.port), ("127.0.0.1", port));
    assert_eq!(candidate.status, Some(200));
    assert!(candidate.answer.contains("<version>28</version>"), "a broken answer still counts");
    let asked = served.await.unwrap();
    assert!(asked.starts_with("GET /api/ HTTP/1.1\r\n"), "{asked}");
    let traffic = &looked.traffic[&format!("probe-{port}")];
    assert_eq!(traffic.messages, BTreeMap::from([(Effect::Read, 1)]));
    assert!(traffic.bytes_in > 0 && looked.complete);
}

#[tokio::test]
async fn what_answers_otherwise_reaches_nobody() {
    const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>";
    const UPGRADE: &[u8] = b"HTTP/1.1 426 Upgrade Required\r\nServer: WebSocket++/0.8.2\r\n\r\n";
    for (answer, begins, status, found) in [
        (PAGE, Some("<vmix"), None, 0),
        (PAGE, None, Some(426), 0),
        (PAGE, Some("<html"), Some(200), 1),
        (UPGRADE, None, Some(426), 1),
        (b"SSH-2.0-x\r\n", Some("SSH"), None, 0),
        (b"", Some("<vmix"), None, 0),
    ] {
        let (port, _served) = server(answer).await;
        let looked = looked(&probe(port, begins, status)).await;
        assert_eq!(looked.candidates.len(), found, "{begins:?} {status:?}");
        let server = looked.candidates.first().map(|it| it.server.as_str());
        assert_eq!(server == Some("WebSocket++/0.8.2"), answer == UPGRADE);
    }
}

#[tokio::test]
async fn a_silent_server_and_a_closed_port_end_in_time() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let what = probe(port, Some("x"), None);
    let cut = look(&what, &here(nowhere()), Duration::from_millis(50)).await;
    assert_eq!((cut.candidates.len(), cut.complete), (0, false));
    drop(listener);
    let refused = looked(&what).await;
    assert_eq!((refused.traffic.len(), refused.complete), (0, true), "nothing was sent");
}

#[test]
fn a_plan_names_networks_and_numbers() {
    let studio = Network { address: Ipv4Addr::new(192, 168, 1, 10), prefix: 24 };
    let mut around = here(nowhere());
    around.networks.push(studio);
    let what = Discover { mdns: vec![SERVICE.into()], ..probe(8088, Some("<vmix"), None) };
    let plan: Vec<_> = plan(&what, &around)
        .into_iter()
        .map(|it| format!("{}: {}", it.endpoint, it.summary))
        .collect();
    assert_eq!(
        plan,
        [
            "mdns: who offers _mixer._tcp.local, asked from 127.0.0.1",
            "probe-8088: GET :8088/api/ at 1 addresses of this machine",
            "mdns: who offers _mixer._tcp.local, asked from 192.168.1.10",
            "probe-8088: GET :8088/api/ at 253 addresses of 192.168.1.0/24",
        ]
    );
}

fn records(instance: &'static str, address: Ipv4Addr) -> Vec<ResourceRecord<'static>> {
    let name = |text| Name::new(text).unwrap();
    let record = |text, rdata| ResourceRecord::new(name(text), CLASS::IN, 120, rdata);
    let target = "desk.local";
    let txt = TXT::new().with_string("version=2").unwrap().with_string("flag").unwrap();
    vec![
        record(SERVICE, RData::PTR(PTR(name(instance)))),
        record(
            instance,
            RData::SRV(SRV { priority: 0, weight: 0, port: 8123, target: name(target) }),
        ),
        record(instance, RData::TXT(txt)),
        record(target, RData::A(A { address: Ipv4Addr::new(203, 0, 113, 9).into() })),
        record(target, RData::A(A { address: address.into() })),
    ]
}

/// A responder that says who it is first, and what it is only when asked for that.
async fn responder(group: Ipv4Addr) -> (SocketAddrV4, JoinHandle<()>) {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into()).unwrap();
    socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST).unwrap();
    socket.set_nonblocking(true).unwrap();
    let socket = UdpSocket::from_std(socket.into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let mut buffer = vec![0; 2_000];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let asked = Packet::parse(&buffer[..length]).unwrap();
            let wants = |kind: TYPE| asked.questions.iter().any(|q| q.qtype == QTYPE::TYPE(kind));
            let all = records("Desk \"One\"._mixer._tcp.local", Ipv4Addr::LOCALHOST);
            let split = if wants(TYPE::SRV) { all.len() } else { 1 };
            let mut reply = Packet::new_reply(0);
            reply.set_flags(PacketFlag::RESPONSE | PacketFlag::AUTHORITATIVE_ANSWER);
            reply.answers = all.into_iter().take(split).collect();
            socket.send_to(&reply.build_bytes_vec_compressed().unwrap(), from).await.unwrap();
        }
    });
    (SocketAddrV4::new(group, port), serving)
}

#[tokio::test]
async fn a_responder_is_heard_and_asked_for_what_it_left_out() {
    let (group, serving) = responder(Ipv4Addr::new(224, 0, 0, 251)).await;
    let what = Discover { mdns: vec![SERVICE.into()], ..Discover::default() };
    let looked = look(&what, &here(group), Duration::from_secs(5)).await;
    serving.abort();
    let [candidate] = &looked.candidates[..] else { panic!("{looked:?}") };
    assert_eq!(candidate.name, "Desk \"One\"");
    assert_eq!((candidate.host.as_str(), candidate.port), ("127.0.0.1", 8123));
    assert_eq!(candidate.addresses, ["203.0.113.9", "127.0.0.1"]);
    assert_eq!(candidate.txt["version"], "2");
    assert_eq!(candidate.txt["flag"], "");
    assert_eq!(looked.traffic["mdns"].messages, BTreeMap::from([(Effect::Read, 2)]));
}

#[test]
fn records_of_other_services_and_floods_are_ignored() {
    let services = [SERVICE.to_owned()];
    let mut heard = Heard::default();
    let mut packet = Packet::new_reply(0);
    packet.answers = records("Desk._mixer._tcp.local", Ipv4Addr::new(10, 0, 0, 7));
    heard.take(&packet.build_bytes_vec().unwrap(), &["_other._tcp.local".to_owned()]);
    assert!(heard.candidates().is_empty() && heard.open().is_empty());
    heard.take(&packet.build_bytes_vec().unwrap(), &services);
    assert_eq!(heard.candidates()[0].host, "10.0.0.7");
    for number in 0..500 {
        let mut packet = Packet::new_reply(0);
        let target = format!("{number}.{SERVICE}");
        let rdata = RData::PTR(PTR(Name::new(&target).unwrap()));
        packet.answers =
            vec![ResourceRecord::new(Name::new(SERVICE).unwrap(), CLASS::IN, 1, rdata)];
        heard.take(&packet.build_bytes_vec().unwrap(), &services);
    }
    assert!(heard.open().len() < 100, "{}", heard.open().len());
}

/// One announced name must not end the search for all others.
#[test]
fn names_that_cannot_be_asked_are_passed_over() {
    let services = [SERVICE.to_owned()];
    let asked = |instances: &[String]| {
        let question = question(&services, instances).expect("the question is asked");
        assert!(question.len() <= 9_000, "{} bytes", question.len());
        Packet::parse(&question).unwrap().questions.len()
    };
    let good = format!("Desk.{SERVICE}");
    assert_eq!(asked(std::slice::from_ref(&good)), 3);
    let odd = [format!("{}.{SERVICE}", "x".repeat(64)), "x.".repeat(200)];
    for odd in odd {
        assert_eq!(asked(&[odd.clone(), good.clone()]), 3, "{odd}");
    }
    let long = |number| format!("{number}{}.{}.{SERVICE}", "x".repeat(60), "y".repeat(63));
    let many: Vec<String> = (0..64).map(long).collect();
    assert!(asked(&many) > 40);
    assert!(question(&[], &["x".repeat(64)]).is_none());
}

proptest::proptest! {
    #[test]
    fn no_packet_panics(bytes: Vec<u8>, cut in 0_usize..400) {
        let services = [SERVICE.to_owned()];
        let mut heard = Heard::default();
        heard.take(&bytes, &services);
        let mut packet = Packet::new_reply(0);
        packet.answers = records("Desk._mixer._tcp.local", Ipv4Addr::LOCALHOST);
        let mut whole = packet.build_bytes_vec_compressed().unwrap();
        if let Some(byte) = whole.get_mut(cut) {
            *byte ^= 0xff;
        }
        heard.take(&whole, &services);
        heard.take(whole.get(..cut).unwrap_or_default(), &services);
        heard.candidates();
        let instances: Vec<_> = heard.open();
        question(&services, &instances);
    }
}
