//! Every bound on the network, tripped.

use super::servers::{self, answer};
use super::*;
use if_core::UnixMillis;
use tokio::io::AsyncWriteExt;

fn any() -> Value {
    json!([{"effect": "read"}])
}

fn broker(port: u16, protocols: &[&str], edit: impl FnOnce(&mut BrokerConfig)) -> Arc<CallBroker> {
    let Setup { mut config, .. } = setup(port, protocols, any(), |_| ());
    edit(&mut config);
    CallBroker::live(config)
}

#[tokio::test]
async fn bodies_are_bounded_both_ways() {
    let server = servers::http(answer("", &"x".repeat(101))).await;
    let broker = broker(server.port, &["http"], |config| config.limits.message_bytes_max = 100);
    let large = http(&broker, request("POST", server.port, "/")).await.unwrap_err();
    assert_eq!((large.code, large.kind), (Code::LimitNetwork, RefusalKind::Limit));
    let mut wish = request("POST", server.port, "/");
    wish.body = vec![0; 101];
    let refused = http(&broker, wish).await.unwrap_err();
    assert_eq!(refused.code, Code::LimitNetwork);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_chunked_answer_without_end_is_cut_off() {
    let server = servers::serve(|mut io, _| async move {
        servers::read_request(&mut io).await;
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        io.write_all(head.as_bytes()).await.ok();
        while io.write_all(b"5\r\nxxxxx\r\n").await.is_ok() {}
    })
    .await;
    let broker = broker(server.port, &["http"], |config| config.limits.message_bytes_max = 1_000);
    let refused = http(&broker, request("GET", server.port, "/")).await.unwrap_err();
    assert_eq!(refused.code, Code::LimitNetwork);
}

#[tokio::test]
async fn heads_are_bounded_both_ways() {
    let long = answer(&format!("x-a: {}\r\n", "y".repeat(40 << 10)), "");
    let many = answer(&"a: b\r\n".repeat(200), "");
    for head in [long, many] {
        let server = servers::http(head).await;
        let broker = broker(server.port, &["http"], |_| ());
        let refused = http(&broker, request("GET", server.port, "/")).await.unwrap_err();
        assert_eq!(refused.code, Code::LimitNetwork, "{refused:?}");
    }
    let broker = broker(1, &["http"], |_| ());
    let mut wish = request("GET", 1, "/");
    wish.headers = vec![("x-a".into(), "y".repeat(40 << 10))];
    assert_eq!(http(&broker, wish.clone()).await.unwrap_err().code, Code::LimitNetwork);
    wish.headers = vec![("a".into(), "b".into()); 101];
    assert_eq!(http(&broker, wish).await.unwrap_err().code, Code::LimitNetwork);
}

#[tokio::test]
async fn a_silent_server_costs_the_wishs_time_and_no_more() {
    let server = servers::serve(|io, _| async move {
        let _open = io;
        std::future::pending::<()>().await;
    })
    .await;
    let broker = broker(server.port, &["http", "ws", "tcp"], |_| ());
    let wish = HttpRequest { timeout_ms: Some(20), ..request("GET", server.port, "/") };
    let refused = http(&broker, wish).await.unwrap_err();
    assert_eq!((refused.kind, refused.code), (RefusalKind::Timeout, Code::Timeout));
    let handshake = OpenTarget { timeout_ms: 20, ..target(Protocol::Ws, server.port) };
    assert_eq!(open(&broker, handshake).await.unwrap_err().kind, RefusalKind::Timeout);
    let connection = open(&broker, target(Protocol::Tcp, server.port)).await.unwrap();
    let nothing = ask(&broker, Ask::Receive { connection, timeout_ms: 20 }).await.unwrap();
    assert_eq!(nothing, Reply::Frame { frame: None });
}

#[tokio::test]
async fn the_calls_deadline_is_above_every_wish() {
    let server = servers::serve(|io, _| async move {
        let _open = io;
        std::future::pending::<()>().await;
    })
    .await;
    let near = broker(server.port, &["http"], |config| config.deadline_ms = 20);
    let wish = HttpRequest { timeout_ms: None, ..request("GET", server.port, "/") };
    assert_eq!(http(&near, wish.clone()).await.unwrap_err().kind, RefusalKind::Timeout);
    let slept = ask(&near, Ask::Sleep { nanos: u64::MAX }).await.unwrap_err();
    assert!(slept.code == Code::LimitDeadline && slept.ends_call, "{slept:?}");
    let over = broker(server.port, &["http"], |config| config.start = UnixMillis(0));
    let late = broker(server.port, &["http"], |config| {
        (config.start, config.deadline_ms) = (UnixMillis(0), 1_000);
    });
    assert_eq!(http(&late, wish).await.unwrap_err().code, Code::LimitDeadline);
    let tired = ask(&late, Ask::Sleep { nanos: 1 }).await.unwrap_err();
    assert_eq!(tired.code, Code::LimitDeadline);
    drop(over);
}

#[tokio::test]
async fn connections_are_bounded_and_closing_one_makes_room() {
    let server = servers::lines(|_| Some("ok\n".into())).await;
    let broker = broker(server.port, &["tcp", "http"], |config| config.limits.connections_max = 2);
    let first = open(&broker, target(Protocol::Tcp, server.port)).await.unwrap();
    let second = open(&broker, target(Protocol::Tcp, server.port)).await.unwrap();
    assert_eq!((first, second), (ConnectionId(1), ConnectionId(2)));
    let full = open(&broker, target(Protocol::Tcp, server.port)).await.unwrap_err();
    assert_eq!((full.code, full.kind), (Code::LimitNetwork, RefusalKind::Limit));
    let full = http(&broker, request("GET", server.port, "/")).await.unwrap_err();
    assert_eq!(full.code, Code::LimitNetwork);
    ask(&broker, Ask::Close { connection: first }).await.unwrap();
    let third = open(&broker, target(Protocol::Tcp, server.port)).await.unwrap();
    assert_eq!(third, ConnectionId(3));
    assert_eq!(receive(&broker, first).await.unwrap_err().kind, RefusalKind::Invalid);
}

#[tokio::test]
async fn a_stream_waits_for_ever_and_connects_at_a_rate() {
    let server = servers::serve(|io, _| async move {
        let _open = io;
        std::future::pending::<()>().await;
    })
    .await;
    let stream = broker(server.port, &["tcp"], |config| {
        (config.streams, config.deadline_ms, config.limits.connections_max) = (true, 20, 2);
    });
    let connection = open(&stream, target(Protocol::Tcp, server.port)).await.unwrap();
    let wait = Ask::Receive { connection, timeout_ms: u64::from(u32::MAX) };
    let waited = tokio::time::timeout(std::time::Duration::from_millis(60), ask(&stream, wait));
    assert!(waited.await.is_err(), "longer than the deadline");
    // The clock of the tests stands: no time passes in which an attempt could become old.
    ask(&stream, Ask::Close { connection }).await.unwrap();
    let again = open(&stream, target(Protocol::Tcp, server.port)).await.unwrap();
    ask(&stream, Ask::Close { connection: again }).await.unwrap();
    let often = open(&stream, target(Protocol::Tcp, server.port)).await.unwrap_err();
    assert_eq!((often.code, often.kind), (Code::LimitNetwork, RefusalKind::Limit));
    assert!(often.message.contains("2 new connections in 20 ms"), "{}", often.message);
    let slept = ask(&stream, Ask::Sleep { nanos: u64::MAX }).await.unwrap_err();
    assert!(slept.code == Code::LimitDeadline && slept.ends_call, "{slept:?}");
}

#[tokio::test]
async fn messages_are_bounded_both_ways() {
    let small = |config: &mut BrokerConfig| config.limits.message_bytes_max = 100;
    let server = servers::websocket(|_| Some("x".repeat(101))).await;
    let ws = broker(server.port, &["ws"], small);
    let connection = open(&ws, target(Protocol::Ws, server.port)).await.unwrap();
    let large = send_text(&ws, connection, &"x".repeat(101)).await.unwrap_err();
    assert_eq!(large.code, Code::LimitNetwork);
    send_text(&ws, connection, "x").await.unwrap();
    assert_eq!(receive(&ws, connection).await.unwrap_err().code, Code::LimitNetwork);
    let server = servers::datagrams().await;
    let udp = broker(server.port, &["udp"], |config| config.limits.message_bytes_max = 5);
    let connection = open(&udp, target(Protocol::Udp, server.port)).await.unwrap();
    send_text(&udp, connection, "hello").await.unwrap();
    assert_eq!(receive(&udp, connection).await.unwrap_err().code, Code::LimitNetwork);
}

#[tokio::test]
async fn finishing_closes_what_is_open() {
    let (closed, seen_closed) = tokio::sync::oneshot::channel();
    let closed = std::sync::Mutex::new(Some(closed));
    let server = servers::serve(move |io, seen| {
        let closed = closed.lock().unwrap().take();
        async move {
            servers::converse(io, seen, |_| Some("ok\n".into())).await;
            if let Some(closed) = closed {
                closed.send(()).ok();
            }
        }
    })
    .await;
    let broker = broker(server.port, &["tcp"], |_| ());
    let connection = open(&broker, target(Protocol::Tcp, server.port)).await.unwrap();
    broker.finish().await;
    seen_closed.await.unwrap();
    assert_eq!(receive(&broker, connection).await.unwrap_err().kind, RefusalKind::Invalid);
}

/// A limit on what goes out filled would tell a guest, who can pad its message, how long the secret
/// is: one bit with each call that is refused.
#[tokio::test]
async fn a_limit_on_size_tells_nothing_of_a_secrets_length() {
    for secret_bytes in [4, 44, 3_000] {
        let server = servers::websocket(|_| Some("{}".into())).await;
        let rules =
            json!([{"path": "/", "effect": "read"}, {"json": {"/op": "x"}, "effect": "read"}]);
        let Setup { mut config, .. } = setup(server.port, &["ws"], rules, |_| ());
        let secret = vec![b's'; secret_bytes];
        let values = BTreeMap::from([("test/one/password".to_owned(), secret)]);
        config.secrets = Arc::new(Secrets { values, ..Secrets::default() });
        config.limits.message_bytes_max = 200;
        let broker = CallBroker::live(config);
        let token = placeholder(&broker).await;
        let connection = open(&broker, target(Protocol::Ws, server.port)).await.unwrap();
        let hello = format!(r#"{{"op":"x","auth":"{token}"}}"#);
        let padded = |bytes: usize| hello.clone() + &" ".repeat(bytes - hello.len());
        send_text(&broker, connection, &padded(200)).await.unwrap();
        let refused = send_text(&broker, connection, &padded(201)).await.unwrap_err();
        assert_eq!(refused.code, Code::LimitNetwork, "{secret_bytes}");
        let arrived = server.seen().iter().map(|it| format!("{it:?}")).collect::<String>();
        assert!(!arrived.contains(&token), "{arrived}");
    }
}
