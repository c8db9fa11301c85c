//! WebSocket, TCP and UDP through the gate.

use super::servers;
use super::*;

fn socket_rules() -> Value {
    json!([
        {"json": {"/op": "hello"}, "effect": "session"},
        {"json": {"/op": "get"}, "effect": "read"},
        {"json": {"/op": "set"}, "effect": "write", "planned": {"op": "done"}},
        {"json": {"/op": "put"}, "effect": "write"},
    ])
}

fn line_rules() -> Value {
    json!([
        {"line": "LOGIN ", "effect": "session"},
        {"line": "GET", "effect": "read"},
        {"line": "SET", "effect": "write", "planned": "OK planned\n"},
    ])
}

fn broker(setup: Setup, effect: Effect, mode: Mode) -> (Arc<CallBroker>, Arc<Ports>) {
    let Setup { mut config, ports, .. } = setup;
    (config.effect, config.mode) = (effect, mode);
    (CallBroker::live(config), ports)
}

fn text(frame: Option<Frame>) -> String {
    match frame.unwrap() {
        Frame::Text(text) => text,
        Frame::Binary(bytes) => String::from_utf8(bytes).unwrap(),
        closed => format!("{closed:?}"),
    }
}

#[tokio::test]
async fn a_websocket_carries_a_secret_and_messages_both_ways() {
    let server = servers::websocket(|text| Some(format!("{{\"got\":{}}}", text.len()))).await;
    let setup = setup(server.port, &["ws"], socket_rules(), |_| ());
    let (broker, ports) = broker(setup, Effect::Write, Mode::Live);
    let opened = broker.ask(Ask::Open { target: target(Protocol::Ws, server.port) }).await;
    assert_eq!(opened.effect, Some(Effect::Session));
    let Ok(Reply::Opened { connection, fresh: true, local, .. }) = opened.result else { panic!() };
    assert!(local.starts_with("127.0.0.1:"));
    let token = placeholder(&broker).await;
    let hello = format!(r#"{{"op":"hello","auth":"{token}","x":"{token}"}}"#);
    send_text(&broker, connection, &hello).await.unwrap();
    assert!(text(receive(&broker, connection).await.unwrap()).starts_with("{\"got\":"));
    let want = format!(r#"{{"op":"hello","auth":"{SECRET}","x":"{token}"}}"#);
    assert_eq!(server.seen(), [want]);
    send_text(&broker, connection, r#"{"op":"set"}"#).await.unwrap();
    assert!(broker.report().wrote_unanswered);
    ask(&broker, Ask::Ready { connection }).await.unwrap();
    receive(&broker, connection).await.unwrap().unwrap();
    let report = broker.report();
    assert_eq!((report.wrote, report.wrote_unanswered), (true, false));
    let want = BTreeMap::from([(Effect::Session, 2), (Effect::Write, 1)]);
    assert_eq!(report.traffic["device"].messages, want);
    assert_no_secret(&report, &ports);
}

#[tokio::test]
async fn a_frame_above_the_commands_effect_ends_the_call() {
    for (frame, effect) in [
        (Frame::Text(r#"{"op":"set"}"#.into()), Effect::Read),
        (Frame::Text(r#"{"op":"get","op":"set"}"#.into()), Effect::Write),
        (Frame::Text("not json".into()), Effect::Write),
        (Frame::Binary(br#"{"op":"get"}"#.to_vec()), Effect::Write),
    ] {
        for mode in [Mode::Live, Mode::DryRun] {
            let server = servers::websocket(|_| Some("{}".into())).await;
            let setup = setup(server.port, &["ws"], socket_rules(), |_| ());
            let (broker, _) = broker(setup, effect, mode);
            let connection = open(&broker, target(Protocol::Ws, server.port)).await.unwrap();
            let refused = send(&broker, connection, frame.clone()).await.unwrap_err();
            assert_eq!((refused.code, refused.ends_call), (Code::EffectExceeded, true));
            let after = send_text(&broker, connection, r#"{"op":"get"}"#).await.unwrap_err();
            assert_eq!(after.code, Code::EffectExceeded);
            broker.finish().await;
            assert!(server.seen().is_empty());
        }
    }
}

#[tokio::test]
async fn a_dry_run_of_frames_shakes_hands_and_plans() {
    let server = servers::websocket(|_| Some(r#"{"op":"real"}"#.into())).await;
    let setup = setup(server.port, &["ws"], socket_rules(), |_| ());
    let (broker, _) = broker(setup, Effect::Write, Mode::DryRun);
    let connection = open(&broker, target(Protocol::Ws, server.port)).await.unwrap();
    send_text(&broker, connection, r#"{"op":"hello"}"#).await.unwrap();
    assert_eq!(text(receive(&broker, connection).await.unwrap()), r#"{"op":"real"}"#);
    send_text(&broker, connection, r#"{"op":"set"}"#).await.unwrap();
    ask(&broker, Ask::Ready { connection }).await.unwrap();
    assert_eq!(text(receive(&broker, connection).await.unwrap()), r#"{"op":"done"}"#);
    let refused = send_text(&broker, connection, r#"{"op":"put","v":1}"#).await.unwrap_err();
    assert_eq!((refused.kind, refused.ends_call), (RefusalKind::Planned, false));
    broker.finish().await;
    assert_eq!(server.seen(), [r#"{"op":"hello"}"#]);
    let plan: Vec<_> = broker.report().plan.into_iter().map(|m| m.summary).collect();
    assert_eq!(plan, [r#"{"op":"set"}"#, r#"{"op":"put","v":1}"#]);
}

#[tokio::test]
async fn the_handshake_is_a_request_and_judged_as_one() {
    let server = servers::websocket(|_| Some("{}".into())).await;
    let setup = setup(server.port, &["ws"], socket_rules(), |_| ());
    let (broker, _) = broker(setup, Effect::Write, Mode::Live);
    let path = Some("/api/stop?now=1".to_owned());
    let sneaky = OpenTarget { path, ..target(Protocol::Ws, server.port) };
    let refused = open(&broker, sneaky).await.unwrap_err();
    assert_eq!(refused.code, Code::EffectExceeded);
}

#[tokio::test]
async fn a_refused_upgrade_and_a_close_are_told_apart() {
    let unauthorised = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
    let server = servers::http(unauthorised).await;
    let wrong = setup(server.port, &["ws"], socket_rules(), |_| ());
    let (wrong, _) = broker(wrong, Effect::Read, Mode::Live);
    let refused = open(&wrong, target(Protocol::Ws, server.port)).await.unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Protocol);
    assert!(refused.message.contains("401"), "{}", refused.message);
    let server = servers::websocket(|_| None).await;
    let closing = setup(server.port, &["ws"], socket_rules(), |_| ());
    let (broker, _) = broker(closing, Effect::Read, Mode::Live);
    let connection = open(&broker, target(Protocol::Ws, server.port)).await.unwrap();
    send_text(&broker, connection, r#"{"op":"get"}"#).await.unwrap();
    let closed = receive(&broker, connection).await.unwrap();
    assert_eq!(closed, Some(Frame::Closed { code: 4009, reason: "wrong".into() }));
}

#[tokio::test]
async fn an_echo_in_a_frame_or_close_reason_ends_the_call() {
    let server = servers::websocket(|text| Some(text.to_owned())).await;
    let setup = setup(server.port, &["ws"], socket_rules(), |_| ());
    let (broker, ports) = broker(setup, Effect::Read, Mode::Live);
    let connection = open(&broker, target(Protocol::Ws, server.port)).await.unwrap();
    let token = placeholder(&broker).await;
    let hello = format!(r#"{{"op":"hello","auth":"{token}"}}"#);
    send_text(&broker, connection, &hello).await.unwrap();
    let refused = receive(&broker, connection).await.unwrap_err();
    assert_eq!((refused.code, refused.ends_call), (Code::SecretEcho, true));
    assert_no_secret(&broker.report(), &ports);
}

#[tokio::test]
async fn frames_after_a_secret_are_searched_for_tokens() {
    let server =
        servers::websocket(|_| Some(r#"{"session_token":"session-value-1"}"#.into())).await;
    let setup = setup(server.port, &["ws"], socket_rules(), |_| ());
    let (broker, ports) = broker(setup, Effect::Read, Mode::Live);
    let connection = open(&broker, target(Protocol::Ws, server.port)).await.unwrap();
    send_text(&broker, connection, r#"{"op":"get"}"#).await.unwrap();
    assert!(text(receive(&broker, connection).await.unwrap()).contains("session-value-1"));
    let token = placeholder(&broker).await;
    send_text(&broker, connection, &format!(r#"{{"op":"hello","auth":"{token}"}}"#)).await.unwrap();
    assert!(!text(receive(&broker, connection).await.unwrap()).contains("session-value-1"));
    assert_no_secret(&broker.report(), &ports);
}

#[tokio::test]
async fn lines_leave_whole_judged_one_by_one() {
    let server = servers::lines(|line| Some(format!("re {line}\n"))).await;
    let setup = setup(server.port, &["tcp"], line_rules(), |_| ());
    let (broker, ports) = broker(setup, Effect::Read, Mode::Live);
    let connection = open(&broker, target(Protocol::Tcp, server.port)).await.unwrap();
    let token = placeholder(&broker).await;
    send_text(&broker, connection, "GE").await.unwrap();
    assert_eq!(broker.report().traffic["device"].messages.len(), 0);
    send_text(&broker, connection, "T a\r\nGET b\nGET ").await.unwrap();
    let mut heard = String::new();
    while heard.matches('\n').count() < 2 {
        heard += &text(receive(&broker, connection).await.unwrap());
    }
    assert_eq!(heard, "re GET a\r\nre GET b\n");
    // The held `GET ` is completed into a line with a command in its second half.
    let sneaky = send_text(&broker, connection, "x\nSET y\n").await.unwrap_err();
    assert_eq!((sneaky.code, sneaky.ends_call), (Code::EffectExceeded, true));
    assert_eq!(server.seen(), ["GET a\r", "GET b"]);
    drop(token);
    assert_no_secret(&broker.report(), &ports);
}

#[tokio::test]
async fn a_login_line_carries_the_secret_and_its_echo_in_two_pieces_is_noticed() {
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let wait = std::sync::Mutex::new(Some(wait));
    let server = servers::serve(move |mut io, seen| {
        let wait = wait.lock().unwrap().take();
        async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut line = vec![0; 1024];
            let read = io.read(&mut line).await.unwrap();
            seen.lock().unwrap().push(String::from_utf8_lossy(&line[..read]).into_owned());
            let (first, second) = SECRET.split_at(SECRET.len() / 2);
            io.write_all(format!("you said {first}").as_bytes()).await.unwrap();
            wait.unwrap().await.ok();
            io.write_all(second.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let setup = setup(server.port, &["tcp"], line_rules(), |_| ());
    let (broker, ports) = broker(setup, Effect::Read, Mode::Live);
    let connection = open(&broker, target(Protocol::Tcp, server.port)).await.unwrap();
    let token = placeholder(&broker).await;
    send_text(&broker, connection, &format!("LOGIN me {token}\n")).await.unwrap();
    assert!(text(receive(&broker, connection).await.unwrap()).starts_with("you said "));
    go.send(()).unwrap();
    let refused = receive(&broker, connection).await.unwrap_err();
    assert_eq!((refused.code, refused.ends_call), (Code::SecretEcho, true));
    assert_eq!(server.seen(), [format!("LOGIN me {SECRET}\n")]);
    assert_no_secret(&broker.report(), &ports);
}

#[tokio::test]
async fn a_dry_run_of_lines_sends_reads_and_plans_writes() {
    let server = servers::lines(|line| Some(format!("re {line}\n"))).await;
    let setup = setup(server.port, &["tcp"], line_rules(), |_| ());
    let (broker, _) = broker(setup, Effect::Write, Mode::DryRun);
    let connection = open(&broker, target(Protocol::Tcp, server.port)).await.unwrap();
    send_text(&broker, connection, "GET a\nSET b\nGET c\n").await.unwrap();
    assert_eq!(text(receive(&broker, connection).await.unwrap()), "OK planned\n");
    let mut heard = String::new();
    while heard.matches('\n').count() < 2 {
        heard += &text(receive(&broker, connection).await.unwrap());
    }
    assert_eq!(heard, "re GET a\nre GET c\n");
    assert_eq!(broker.report().plan[0].summary, "SET b");
    assert_eq!(server.seen(), ["GET a", "GET c"]);
}

#[tokio::test]
async fn datagrams_are_judged_and_sent_one_by_one() {
    let server = servers::datagrams().await;
    let setup = setup(server.port, &["udp"], line_rules(), |_| ());
    let (broker, _) = broker(setup, Effect::Read, Mode::Live);
    let connection = open(&broker, target(Protocol::Udp, server.port)).await.unwrap();
    let token = placeholder(&broker).await;
    send_text(&broker, connection, &format!("LOGIN {token}")).await.unwrap();
    assert_eq!(text(receive(&broker, connection).await.unwrap()), "got 27 bytes");
    assert_eq!(server.seen(), [format!("LOGIN {SECRET}")]);
    let sneaky = send_text(&broker, connection, "GET a\nSET b").await.unwrap_err();
    assert_eq!(sneaky.code, Code::EffectExceeded);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_peer_that_goes_away_is_seen_as_closed() {
    let server = servers::lines(|_| None).await;
    let setup = setup(server.port, &["tcp"], line_rules(), |_| ());
    let (broker, _) = broker(setup, Effect::Write, Mode::Live);
    let connection = open(&broker, target(Protocol::Tcp, server.port)).await.unwrap();
    send_text(&broker, connection, "SET a\n").await.unwrap();
    let closed = receive(&broker, connection).await.unwrap();
    assert!(matches!(closed, Some(Frame::Closed { .. })), "{closed:?}");
    assert!(broker.report().wrote_unanswered, "a goodbye is no answer to a write");
}

#[tokio::test]
async fn only_what_is_declared_can_be_opened() {
    let server = servers::lines(|_| None).await;
    let setup = setup(server.port, &["tcp"], line_rules(), |_| ());
    let (broker, _) = broker(setup, Effect::Read, Mode::Live);
    let with = |edit: &dyn Fn(&mut OpenTarget)| {
        let mut target = target(Protocol::Tcp, server.port);
        edit(&mut target);
        target
    };
    for (target, kind) in [
        (with(&|t| t.protocol = Protocol::Udp), RefusalKind::Denied),
        (with(&|t| t.protocol = Protocol::Http), RefusalKind::Invalid),
        (with(&|t| t.port += 1), RefusalKind::Denied),
        (with(&|t| t.host = "localhost".into()), RefusalKind::Denied),
        (with(&|t| t.host = "127.1".into()), RefusalKind::Denied),
        (with(&|t| t.path = Some("/".into())), RefusalKind::Invalid),
        (with(&|t| t.headers = vec![("a".into(), "b".into())]), RefusalKind::Invalid),
    ] {
        assert_eq!(open(&broker, target.clone()).await.unwrap_err().kind, kind, "{target:?}");
    }
}

#[tokio::test]
async fn a_guest_that_stops_waiting_loses_nothing() {
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let wait = std::sync::Mutex::new(Some(wait));
    let server = servers::serve(move |mut io, _| {
        let wait = wait.lock().unwrap().take();
        async move {
            wait.unwrap().await.ok();
            tokio::io::AsyncWriteExt::write_all(&mut io, b"late\n").await.unwrap();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let setup = setup(server.port, &["tcp"], line_rules(), |_| ());
    let (broker, _) = broker(setup, Effect::Read, Mode::Live);
    let connection = open(&broker, target(Protocol::Tcp, server.port)).await.unwrap();
    tokio::select! {
        biased;
        _ = broker.ask(Ask::Ready { connection }) => panic!("nothing was sent yet"),
        _ = tokio::task::yield_now() => {}
    }
    go.send(()).unwrap();
    ask(&broker, Ask::Ready { connection }).await.unwrap();
    assert_eq!(text(receive(&broker, connection).await.unwrap()), "late\n");
}

#[tokio::test]
async fn a_plan_does_not_grow_without_end() {
    let server = servers::websocket(|_| Some("{}".into())).await;
    let setup = setup(server.port, &["ws"], socket_rules(), |_| ());
    let (broker, _) = broker(setup, Effect::Write, Mode::DryRun);
    let connection = open(&broker, target(Protocol::Ws, server.port)).await.unwrap();
    for _ in 0..crate::PLAN_MAX {
        send_text(&broker, connection, r#"{"op":"set"}"#).await.unwrap();
    }
    let full = send_text(&broker, connection, r#"{"op":"set"}"#).await.unwrap_err();
    assert_eq!(full.kind, RefusalKind::Limit);
}
