//! The gate against real sockets on this machine, and against cassettes.

mod addresses;
mod connections;
mod echo;
mod fake;
mod http;
mod limits;
pub(crate) mod servers;
mod tls;

use super::*;
use crate::BrokerReport;
use crate::testing::{Ports, Secrets, config_with};
use if_core::{Clock, EventSink, RefusalKind, UnixMillis};
use if_core::{Code, ConnectionId, Frame, HttpRequest, HttpResponse, OpenTarget, Protocol};
use if_manifest::model::Predicate;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

const SECRET: &str = "correct horse battery";

/// A configuration with a secret, ports that remember, and an endpoint at `{host}:{port}`.
struct Setup {
    config: BrokerConfig,
    ports: Arc<Ports>,
    secrets: Arc<Secrets>,
}

fn setup(port: u16, protocols: &[&str], rules: Value, edit: impl FnOnce(&mut Predicate)) -> Setup {
    let ports = Arc::new(Ports::default());
    let secrets = Arc::new(Secrets {
        values: BTreeMap::from([("test/one/password".to_owned(), SECRET.as_bytes().to_vec())]),
        ..Secrets::default()
    });
    let mut config = config_with(secrets.clone(), ports.clone(), |predicate| {
        predicate.endpoints = vec![crate::testing::endpoint(json!({"name": "device",
            "protocols": protocols, "host": "{host}", "port": "{port}", "rules": rules}))];
        predicate.secrets = serde_json::from_value(json!([{"name": "password", "summary": "s",
        "recipes": [{"name": "auth", "step": {"secret": "password"}, "sinks": [
            {"endpoint": "device", "position": {"header": "authorization"}},
            {"endpoint": "device", "position": {"frame": "/auth"}},
            {"endpoint": "device", "position": {"line": "LOGIN "}},
        ]}]}]))
        .unwrap();
        edit(predicate);
    });
    let settings = json!({"host": "127.0.0.1", "port": port});
    config.settings = settings.as_object().unwrap().clone();
    Setup { config, ports, secrets }
}

fn request(method: &str, port: u16, path: &str) -> HttpRequest {
    HttpRequest {
        method: method.into(),
        url: format!("http://127.0.0.1:{port}{path}"),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: Some(5_000),
    }
}

fn target(protocol: Protocol, port: u16) -> OpenTarget {
    let host = "127.0.0.1".into();
    OpenTarget { protocol, host, port, path: None, headers: Vec::new(), timeout_ms: 5_000 }
}

async fn ask(broker: &CallBroker, ask: Ask) -> Result<Reply, Refusal> {
    broker.ask(ask).await.result
}

async fn http(broker: &CallBroker, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    match ask(broker, Ask::Http { request }).await? {
        Reply::Http { response } => Ok(response),
        other => panic!("{other:?}"),
    }
}

async fn open(broker: &CallBroker, target: OpenTarget) -> Result<ConnectionId, Refusal> {
    match ask(broker, Ask::Open { target }).await? {
        Reply::Opened { connection, .. } => Ok(connection),
        other => panic!("{other:?}"),
    }
}

async fn send(broker: &CallBroker, connection: ConnectionId, frame: Frame) -> Result<(), Refusal> {
    ask(broker, Ask::Send { connection, frame }).await.map(|_| ())
}

async fn send_text(broker: &CallBroker, id: ConnectionId, text: &str) -> Result<(), Refusal> {
    send(broker, id, Frame::Text(text.into())).await
}

async fn receive(broker: &CallBroker, connection: ConnectionId) -> Result<Option<Frame>, Refusal> {
    match ask(broker, Ask::Receive { connection, timeout_ms: 5_000 }).await? {
        Reply::Frame { frame } => Ok(frame),
        other => panic!("{other:?}"),
    }
}

async fn placeholder(broker: &CallBroker) -> String {
    let wish = Ask::Placeholder { recipe: "auth".into(), inputs: BTreeMap::new() };
    match ask(broker, wish).await.unwrap() {
        Reply::Placeholder { token } => token,
        other => panic!("{other:?}"),
    }
}

/// What a report tells, with the names of its placeholders.
fn told(report: &BrokerReport) -> String {
    serde_json::to_string(&Cassette::from_report(report).unwrap()).unwrap()
}

/// Nothing the host keeps about a call may contain the secret; what people see has names where the
/// guest had tokens.
fn assert_no_secret(report: &BrokerReport, ports: &Ports) {
    let text = format!("{report:?} {:?}", ports.lines());
    let json = serde_json::to_string(&report.transcript).unwrap();
    assert!(!text.contains(SECRET) && !json.contains(SECRET), "{text}");
    let shown = format!("{:?} {:?} {}", report.plan, ports.lines(), told(report));
    assert!(!shown.contains("ifp-"), "{shown}");
}

#[tokio::test]
async fn words_reach_their_ports_and_imports_are_asked_for() {
    let Setup { mut config, ports, .. } = setup(1, &["http"], json!([]), |_| ());
    config.grants.state = true;
    config.grants.cost = true;
    let broker = CallBroker::live(config);
    let level = if_core::LogLevel::Info;
    for wish in [
        Ask::Emit { event: "{}".into() },
        Ask::Progress { done: 1, total: None, message: "m".into() },
        Ask::Log { level, message: "l".into() },
        Ask::Attach { name: "n".into(), evidence: "{}".into() },
        Ask::StateGet { key: "k".into() },
        Ask::StateSet { key: "k".into(), value: None },
        Ask::CostReserve { micros: if_core::Micros(5), reason: "r".into() },
        Ask::CostReport { micros: if_core::Micros(4), usage: "{}".into() },
        Ask::Sleep { nanos: 1 },
    ] {
        ask(&broker, wish).await.unwrap();
    }
    let want = [
        "emit {}",
        "progress 1 m",
        "log l",
        "attach n {}",
        "get k",
        "set k",
        "reserve 5",
        "report 4",
    ];
    assert_eq!(ports.lines(), want);
    let read = Ask::BlobRead { blob: "data:x".into(), offset: 0, bytes_max: 1 };
    let denied = ask(&broker, read).await.unwrap_err();
    assert_eq!((denied.code, denied.kind), (Code::CapabilityDenied, RefusalKind::Denied));
    let recorded = broker.report().transcript.len();
    assert_eq!(recorded, 7, "the guest's own words are kept elsewhere");
}

/// Later by a millisecond each time that it is asked.
#[derive(Default)]
struct Running(AtomicU64);

impl Clock for Running {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// Refuses each event.
struct Deaf;

impl EventSink for Deaf {
    fn emit(&self, _: &str) -> Result<(), Refusal> {
        Err(Refusal::fatal(RefusalKind::Denied, Code::BrokenPipe, "gone"))
    }
    fn progress(&self, _: u64, _: Option<u64>, _: &str) {}
    fn log(&self, _: if_core::LogLevel, _: &str) {}
    fn attach(&self, _: &str, _: &str) -> Result<(), Refusal> {
        Ok(())
    }
}

#[tokio::test]
async fn a_guests_time_moves_only_at_what_is_recorded() {
    let Setup { mut config, .. } = setup(1, &["http"], json!([]), |_| ());
    config.clock = Arc::new(Running::default());
    config.start = UnixMillis(0);
    let broker = CallBroker::live(config);
    let emit = || Ask::Emit { event: "{}".into() };
    let mut times = Vec::new();
    for wish in [emit(), Ask::Sleep { nanos: 1 }, emit(), emit(), Ask::Sleep { nanos: 1 }, emit()] {
        times.push(broker.ask(wish).await.at);
    }
    let [before, slept, first, second, again, last] = times[..] else { panic!("{times:?}") };
    assert_eq!((before, first, second, last), (UnixMillis(0), slept, slept, again));
    assert!(again > slept && slept > before, "{times:?}");
    let recorded: Vec<UnixMillis> =
        broker.report().transcript.iter().map(|(_, answer)| answer.at).collect();
    assert_eq!(recorded, [slept, again]);
}

#[tokio::test]
async fn a_word_that_was_refused_is_recorded() {
    let Setup { mut config, .. } = setup(1, &["http"], json!([]), |_| ());
    config.events = Arc::new(Deaf);
    let broker = CallBroker::live(config);
    let emit = Ask::Emit { event: "{}".into() };
    ask(&broker, emit.clone()).await.unwrap_err();
    let report = broker.report();
    let [(asked, answer)] = &report.transcript[..] else { panic!("{report:?}") };
    assert_eq!((asked, answer.result.is_err()), (&emit, true));
}

#[tokio::test]
async fn each_import_guards_its_own_port() {
    let wishes = [
        (Ask::BlobRead { blob: "b".into(), offset: 0, bytes_max: u32::MAX }, "read b 262144"),
        (Ask::BlobWrite { blob: "b".into(), bytes: vec![] }, "append b"),
        (Ask::StateGet { key: "k".into() }, "get k"),
        (Ask::StateSet { key: "k".into(), value: None }, "set k"),
        (Ask::CostReserve { micros: if_core::Micros(5), reason: "r".into() }, "reserve 5"),
        (Ask::CostReport { micros: if_core::Micros(4), usage: "{}".into() }, "report 4"),
    ];
    for (granted, want_denied) in [(false, true), (true, false)] {
        for (wish, line) in wishes.clone() {
            let Setup { mut config, ports, .. } = setup(1, &["http"], json!([]), |_| ());
            let grants = crate::Capabilities { blob: granted, state: granted, cost: granted };
            config.grants = grants;
            let denied = ask(&CallBroker::live(config), wish.clone()).await.is_err();
            assert_eq!(denied, want_denied, "{wish:?}");
            assert_eq!(ports.lines().contains(&line.to_owned()), granted, "{wish:?}");
        }
    }
}

#[tokio::test]
async fn a_dry_run_discards_state_and_files() {
    let Setup { mut config, ports, .. } = setup(1, &["http"], json!([]), |_| ());
    config.grants = crate::Capabilities { blob: true, state: true, cost: true };
    config.mode = Mode::DryRun;
    let broker = CallBroker::live(config);
    ask(&broker, Ask::StateSet { key: "k".into(), value: None }).await.unwrap();
    ask(&broker, Ask::BlobWrite { blob: "b".into(), bytes: vec![1] }).await.unwrap();
    ask(&broker, Ask::StateGet { key: "k".into() }).await.unwrap();
    assert_eq!(ports.lines(), ["get k"]);
}
