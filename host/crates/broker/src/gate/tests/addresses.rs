//! Where a plugin's wish may lead: `addresses.txt`, row by row, and redirects.
//!
//! Everything is the real thing but the resolver and the sockets: those say what the row says,
//! write down which address was to be connected to, and refuse the connection.

use super::*;
use crate::net::system::System;
use if_core::BoxFuture;
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Mutex;
use tokio::net::{TcpStream, UdpSocket};

const TABLE: &str = include_str!("addresses.txt");
/// What the acceptance asks for.
const ROWS_MIN: usize = 300;
/// A word of the table, and what the broker's refusal then says.
const REASONS: [(&str, &str); 8] = [
    ("undeclared", "its manifest does not ask for it"),
    ("ungranted", "no grant allows it"),
    ("narrowed", "is not among the `hosts:`"),
    ("spelling", "is not written in the one usual way"),
    ("private", "is at the private address"),
    ("forbidden", "which no plugin may reach"),
    ("nameless", "the name has no address"),
    ("url", "URL `"),
];

/// Names and sockets of a test.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    scopes: Mutex<BTreeMap<Ipv6Addr, u32>>,
    names: Mutex<Vec<String>>,
    tried: Mutex<Vec<SocketAddr>>,
    /// Who answers, whatever address is connected to; nobody otherwise.
    behind: Option<SocketAddr>,
}

impl Scripted {
    fn answering(cell: &str) -> Self {
        let scripted = Self::default();
        for look_up in cell.split(" ; ").filter(|look_up| *look_up != "-") {
            let addresses = look_up.split(", ").filter(|address| *address != "none");
            let parsed = addresses.map(|address| {
                let (address, scope) = address.split_once('%').unwrap_or((address, "0"));
                let address: IpAddr = address.trim().parse().unwrap();
                if let (IpAddr::V6(v6), Ok(scope @ 1..)) = (address, scope.parse()) {
                    scripted.scopes.lock().unwrap().insert(v6, scope);
                }
                address
            });
            let parsed = parsed.collect();
            scripted.answers.lock().unwrap().push_back(parsed);
        }
        scripted
    }

    fn socket_address(&self, address: IpAddr, port: u16) -> SocketAddr {
        match address {
            IpAddr::V6(v6) => {
                let scope = self.scopes.lock().unwrap().get(&v6).copied().unwrap_or_default();
                SocketAddrV6::new(v6, port, 0, scope).into()
            }
            v4 => SocketAddr::new(v4, port),
        }
    }

    fn refused<T>(&self, address: SocketAddr) -> io::Result<T> {
        self.tried.lock().unwrap().push(address);
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

impl System for Scripted {
    fn look_up<'a>(
        &'a self,
        name: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        self.names.lock().unwrap().push(name.to_owned());
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.ok_or_else(|| io::Error::other("asked although it must not be"));
        let full = |addresses: Vec<IpAddr>| {
            addresses.into_iter().map(|address| self.socket_address(address, port)).collect()
        };
        Box::pin(std::future::ready(answer.map(full)))
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        match self.behind {
            None => Box::pin(std::future::ready(self.refused(address))),
            Some(behind) => {
                self.tried.lock().unwrap().push(address);
                Box::pin(TcpStream::connect(behind))
            }
        }
    }

    fn datagrams(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<UdpSocket>> {
        Box::pin(std::future::ready(self.refused(address)))
    }
}

/// A cell's text with its escapes resolved.
fn unescaped(text: &str) -> String {
    if text == "''" {
        return String::new();
    }
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(sign) = rest.next() {
        if sign != '\\' {
            out.push(sign);
            continue;
        }
        out.push(match rest.next().unwrap() {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            '0' => '\0',
            '\\' => '\\',
            'u' => {
                let digits: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap()
            }
            other => panic!("`\\{other}` in `{text}`"),
        });
    }
    out
}

/// The configuration that a row's first two cells describe.
fn configured(grant: &str, networks: &str) -> BrokerConfig {
    let words: Vec<&str> = grant.split_whitespace().collect();
    let option = |name: &str| {
        let found = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        found.map(unescaped)
    };
    let text = |at: usize| unescaped(words[at]);
    let (host, port, settings) = match words[0] {
        "typed" => ("{host}".into(), "{port}".into(), json!({"host": text(1), "port": text(2)})),
        "part" => {
            let settings = json!({"host": text(1), "port": text(2)});
            ("{host}.example.com".into(), "{port}".into(), settings)
        }
        "url" => ("{url.host}".into(), "{url.port}".into(), json!({"url": text(1)})),
        "declared" => (text(1), text(2), json!({})),
        other => panic!("`{other}` is no grant"),
    };
    let all = ["http", "https", "ws", "wss", "tcp", "tls", "udp"].map(str::to_owned).to_vec();
    let protocols = option("only").map_or(all, |only| vec![only]);
    let mut config = crate::testing::config(|predicate| {
        predicate.endpoints = vec![crate::testing::endpoint(json!({"name": "device",
            "protocols": protocols, "host": host, "port": port}))];
    });
    config.literal_hosts = match (words[0], option("allow").as_deref()) {
        ("declared", None) => vec![format!("{host}:{port}")],
        (_, None | Some("none")) => Vec::new(),
        (_, Some(entry)) => vec![entry.to_owned()],
    };
    config.hosts_narrow = option("narrow").map(|entry| vec![entry]);
    config.settings = settings.as_object().unwrap().clone();
    config.effect = Effect::Dangerous;
    config.private_networks = match networks {
        "private" => true,
        "public" => false,
        other => panic!("`{other}` is no kind of network"),
    };
    config
}

/// The wish that a row's third cell describes.
fn wish(target: &str) -> Ask {
    let words: Vec<&str> = target.split_whitespace().collect();
    let protocol = match words[0] {
        "tcp" => Protocol::Tcp,
        "tls" => Protocol::Tls,
        "udp" => Protocol::Udp,
        "ws" => Protocol::Ws,
        "wss" => Protocol::Wss,
        _ => {
            let url = unescaped(target);
            return Ask::Http { request: HttpRequest { url, ..request("GET", 1, "/") } };
        }
    };
    let (host, port) = (unescaped(words[1]), words[2].parse().unwrap());
    let target = OpenTarget { protocol, host, port, ..super::target(protocol, port) };
    Ask::Open { target }
}

fn broker(config: BrokerConfig, system: Arc<Scripted>) -> Arc<CallBroker> {
    let net = Net::over(&config, system);
    CallBroker::new(config, Box::new(net), Vault::new(false))
}

/// What came of one wish, in the table's words.
async fn verdict(broker: &CallBroker, system: &Scripted, target: &str) -> String {
    let before = system.tried.lock().unwrap().len();
    let refusal = ask(broker, wish(target)).await.unwrap_err();
    let tried = system.tried.lock().unwrap()[before..].to_vec();
    if !tried.is_empty() {
        let tried: Vec<String> = tried.iter().map(ToString::to_string).collect();
        return format!("connects {}", tried.join(", "));
    }
    let reason = REASONS.iter().find(|(_, phrase)| refusal.message.contains(phrase));
    reason.map_or_else(|| format!("? {}", refusal.message), |(word, _)| (*word).to_owned())
}

async fn judged(cells: [&str; 5]) -> Result<(), String> {
    let [grant, networks, target, answers, expect] = cells;
    let system = Arc::new(Scripted::answering(answers));
    let broker = broker(configured(grant, networks), system.clone());
    let mut got = Vec::new();
    for _ in answers.split(" ; ") {
        got.push(verdict(&broker, &system, target).await);
    }
    if got.join(" ; ") != expect {
        return Err(format!("{expect} was to be, but: {}", got.join(" ; ")));
    }
    let look_ups = if answers == "-" { 0 } else { answers.split(" ; ").count() };
    let names = system.names.lock().unwrap().clone();
    let left = system.answers.lock().unwrap().len();
    if (names.len(), left) != (look_ups, 0) {
        return Err(format!("the resolver was asked for {names:?}, {left} answers were not used"));
    }
    Ok(())
}

fn rows() -> Vec<(usize, [&'static str; 5])> {
    let lines = TABLE.lines().enumerate().map(|(at, line)| (at + 1, line));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let cells = |line: &'static str| line.split('|').map(str::trim).collect::<Vec<_>>();
    lines.map(|(at, line)| (at, cells(line).try_into().unwrap())).collect()
}

#[tokio::test]
async fn no_url_host_or_dns_answer_leads_where_it_may_not() {
    let mut wrong = Vec::new();
    for (line, cells) in rows() {
        if let Err(why) = judged(cells).await {
            wrong.push(format!("line {line}: {}: {why}", cells.join(" | ")));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_table_is_long_enough_and_says_nothing_twice() {
    let rows = rows();
    assert!(rows.len() >= ROWS_MIN, "{} rows", rows.len());
    let mut seen = BTreeSet::new();
    for (line, [grant, networks, target, answers, _]) in &rows {
        assert!(seen.insert((grant, networks, target, answers)), "line {line} is there twice");
    }
    for (word, _) in REASONS {
        assert!(rows.iter().any(|(_, cells)| cells[4].contains(word)), "no row is {word}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_whatever_it_points_to() {
    let places = ["http://169.254.169.254/", "http://127.0.0.1/", "//evil.example/", "/elsewhere"];
    for status in [301, 302, 303, 307, 308] {
        for place in places {
            let head = format!("HTTP/1.1 {status} Moved\r\nlocation: {place}\r\n");
            let server = servers::http(format!("{head}content-length: 0\r\n\r\n")).await;
            let behind = Some(SocketAddr::from(([127, 0, 0, 1], server.port)));
            let system = Arc::new(Scripted { behind, ..Scripted::answering("8.8.8.8 ; 8.8.8.8") });
            let broker = broker(configured("typed cam.example 80", "public"), system.clone());
            let Ask::Http { request } = wish("http://cam.example/") else { panic!() };
            let response = http(&broker, request).await.unwrap();
            assert_eq!(response.status, status);
            assert!(response.headers.contains(&("location".into(), place.into())), "{response:?}");
            assert_eq!(system.tried.lock().unwrap().len(), 1, "{status} {place}");
            assert_eq!(server.seen().len(), 1, "{status} {place}");
        }
    }
}
