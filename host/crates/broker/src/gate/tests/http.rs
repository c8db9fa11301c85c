//! HTTP through the gate: what leaves, what is kept back, what comes back.

use super::servers::{self, Server, answer};
use super::*;

fn rules() -> Value {
    json!([
        {"method": "GET", "path": "/read", "effect": "read"},
        {"method": "POST", "path": "/write", "effect": "write", "planned": {"done": true}},
        {"method": "POST", "path": "/silent", "effect": "write"},
        {"method": "POST", "path": "/login", "effect": "session"},
    ])
}

async fn plain(server: &Server, effect: Effect, mode: Mode) -> (Arc<CallBroker>, Arc<Ports>) {
    let Setup { mut config, ports, .. } = setup(server.port, &["http"], rules(), |_| ());
    (config.effect, config.mode) = (effect, mode);
    (CallBroker::live(config), ports)
}

#[tokio::test]
async fn a_request_and_its_answer_cross_whole() {
    let server = servers::http(answer("x-a: 1\r\nconnection: close\r\n", "body")).await;
    let (broker, _) = plain(&server, Effect::Read, Mode::Live).await;
    let mut wish = request("GET", server.port, "/read?a=b");
    wish.headers = vec![
        ("X-Mine".into(), "1".into()),
        ("Host".into(), "evil.example".into()),
        ("Accept-Encoding".into(), "gzip".into()),
        ("Content-Length".into(), "99".into()),
        ("X-Forwarded-For".into(), "1.2.3.4".into()),
        ("Transfer-Encoding".into(), "chunked".into()),
    ];
    let got = broker.ask(Ask::Http { request: wish }).await;
    assert_eq!(got.effect, Some(Effect::Read));
    let Ok(Reply::Http { response }) = got.result else { panic!("{:?}", got.result) };
    assert_eq!((response.status, response.body.as_slice()), (200, &b"body"[..]));
    let names: Vec<&str> = response.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x-a", "content-length"]);
    let head = server.seen().remove(0);
    let mut lines: Vec<&str> = head.trim_end().lines().collect();
    lines.sort_unstable();
    let host = format!("host: 127.0.0.1:{}", server.port);
    let want = ["GET /read?a=b HTTP/1.1", "accept-encoding: identity", &host, "x-mine: 1"];
    assert_eq!(lines, want);
    let report = broker.report();
    assert_eq!((report.wrote, report.wrote_unanswered, report.transcript.len()), (false, false, 1));
    assert_eq!(report.traffic["device"].messages, BTreeMap::from([(Effect::Read, 1)]));
}

#[tokio::test]
async fn a_read_command_cannot_write_and_nothing_leaves() {
    for mode in [Mode::Live, Mode::DryRun] {
        let server = servers::http(answer("", "")).await;
        let (broker, _) = plain(&server, Effect::Read, mode).await;
        let refused = http(&broker, request("POST", server.port, "/write")).await.unwrap_err();
        assert_eq!((refused.code, refused.ends_call), (Code::EffectExceeded, true));
        assert!(refused.message.contains("POST /write"), "{}", refused.message);
        // The call has ended: not even what was allowed before is allowed now.
        let after = http(&broker, request("GET", server.port, "/read")).await.unwrap_err();
        assert_eq!(after.code, Code::EffectExceeded);
        assert!(server.seen().is_empty());
        let report = broker.report();
        assert_eq!(report.refusal.unwrap().code, Code::EffectExceeded);
        assert!(!report.wrote);
    }
}

#[tokio::test]
async fn a_dry_run_reads_keeps_writes_back_and_plans_them() {
    let server = servers::http(answer("", "real")).await;
    let (broker, _) = plain(&server, Effect::Write, Mode::DryRun).await;
    let read = http(&broker, request("GET", server.port, "/read")).await.unwrap();
    assert_eq!(read.body, b"real");
    let planned = http(&broker, request("POST", server.port, "/write")).await.unwrap();
    assert_eq!((planned.status, planned.body.as_slice()), (200, &br#"{"done":true}"#[..]));
    let silent = http(&broker, request("POST", server.port, "/silent?x=1")).await.unwrap_err();
    assert_eq!((silent.kind, silent.ends_call), (RefusalKind::Planned, false));
    assert_eq!(server.seen().len(), 1);
    let report = broker.report();
    let plan: Vec<_> = report.plan.iter().map(|m| (m.summary.as_str(), m.effect)).collect();
    assert_eq!(plan, [("POST /write", Effect::Write), ("POST /silent?x=1", Effect::Write)]);
    assert!(!report.wrote);
}

#[tokio::test]
async fn a_live_write_is_sent_and_answered() {
    let server = servers::http(answer("", "done")).await;
    let (broker, _) = plain(&server, Effect::Write, Mode::Live).await;
    let mut wish = request("POST", server.port, "/write");
    wish.body = b"{\"a\":1}".to_vec();
    http(&broker, wish).await.unwrap();
    assert!(
        server.seen()[0].ends_with("content-length: 7\r\n\r\n{\"a\":1}"),
        "{:?}",
        server.seen()
    );
    let report = broker.report();
    assert_eq!((report.wrote, report.wrote_unanswered), (true, false));
}

#[tokio::test]
async fn a_write_without_answer_is_remembered_as_unanswered() {
    let server = servers::http("").await;
    let (broker, _) = plain(&server, Effect::Write, Mode::Live).await;
    let lost = http(&broker, request("POST", server.port, "/write")).await.unwrap_err();
    assert_eq!(lost.kind, RefusalKind::Unreachable);
    let report = broker.report();
    assert_eq!((report.wrote, report.wrote_unanswered), (true, true));
}

#[tokio::test]
async fn a_write_that_never_left_is_not_remembered() {
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let Setup { mut config, .. } = setup(port, &["http"], rules(), |_| ());
    config.effect = Effect::Write;
    let broker = CallBroker::live(config);
    let refused = http(&broker, request("POST", port, "/write")).await.unwrap_err();
    assert_eq!((refused.kind, refused.code), (RefusalKind::Unreachable, Code::Unreachable));
    let report = broker.report();
    assert_eq!((report.wrote, report.wrote_unanswered), (false, false));
}

#[tokio::test]
async fn a_redirect_is_returned_and_not_followed() {
    let elsewhere = servers::http(answer("", "secret data")).await;
    let location = format!("location: http://127.0.0.1:{}/read\r\n", elsewhere.port);
    let redirect = format!("HTTP/1.1 302 Found\r\n{location}content-length: 0\r\n\r\n");
    let server = servers::http(redirect).await;
    let (broker, _) = plain(&server, Effect::Read, Mode::Live).await;
    let response = http(&broker, request("GET", server.port, "/read")).await.unwrap();
    assert_eq!(response.status, 302);
    assert!(elsewhere.seen().is_empty());
    let follow = http(&broker, request("GET", elsewhere.port, "/read")).await.unwrap_err();
    assert_eq!(follow.code, Code::EgressDenied);
}

#[tokio::test]
async fn places_that_are_not_granted_are_refused_in_every_spelling() {
    let server = servers::http(answer("", "")).await;
    let (broker, _) = plain(&server, Effect::Read, Mode::Live).await;
    let port = server.port;
    for url in [
        format!("http://localhost:{port}/read"),
        format!("http://127.0.0.2:{port}/read"),
        format!("http://[::ffff:127.0.0.1]:{port}/read"),
        format!("http://127.1:{port}/read"),
        format!("http://0x7f000001:{port}/read"),
        format!("http://2130706433:{port}/read"),
        format!("http://127.0.0.1@evil.example:{port}/read"),
        format!("https://127.0.0.1:{port}/read"),
        "http://127.0.0.1/read".into(),
        "http://169.254.169.254/latest/meta-data".into(),
    ] {
        let wish = HttpRequest { url: url.clone(), ..request("GET", port, "/read") };
        let refused = http(&broker, wish).await.unwrap_err();
        assert!(!refused.ends_call, "{url}");
        assert!(
            matches!(refused.kind, RefusalKind::Denied | RefusalKind::Invalid),
            "{url}: {refused:?}"
        );
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_private_address_needs_the_record() {
    let server = servers::http(answer("", "")).await;
    let Setup { mut config, .. } = setup(server.port, &["http"], rules(), |_| ());
    config.private_networks = false;
    let refused = http(&CallBroker::live(config), request("GET", server.port, "/read")).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, Code::AddressDenied);
    assert!(refused.hints[0].contains("--private-network"), "{:?}", refused.hints);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn methods_that_tunnel_or_mirror_are_not_sent() {
    let server = servers::http(answer("", "")).await;
    let any = json!([{"effect": "read"}]);
    let Setup { config, .. } = setup(server.port, &["http"], any, |_| ());
    let broker = CallBroker::live(config);
    for method in ["CONNECT", "TRACE", "get", "", "GE T", "GET\r\nX: y"] {
        let refused = http(&broker, request(method, server.port, "/read")).await.unwrap_err();
        assert_eq!(refused.kind, RefusalKind::Invalid, "{method:?}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_secret_is_sent_in_its_sink_and_seen_nowhere_else() {
    let server = servers::http(answer("", r#"{"access_token":"fresh-access-token","ok":1}"#)).await;
    let (broker, ports) = plain(&server, Effect::Read, Mode::Live).await;
    let token = placeholder(&broker).await;
    let mut wish = request("POST", server.port, "/login");
    wish.headers = vec![("authorization".into(), format!("Bearer {token}"))];
    wish.body = format!("note {token}").into_bytes();
    let response = http(&broker, wish).await.unwrap();
    let seen = server.seen().remove(0);
    assert!(seen.contains(&format!("authorization: Bearer {SECRET}\r\n")), "{seen}");
    assert!(seen.ends_with(&format!("note {token}")), "elsewhere it stays text: {seen}");
    let text = String::from_utf8(response.body.clone()).unwrap();
    assert!(!text.contains("fresh-access-token") && text.contains(r#""ok":1"#), "{text}");
    let length = &response.headers.iter().find(|(name, _)| name == "content-length").unwrap().1;
    assert_eq!(*length, response.body.len().to_string());
    let report = broker.report();
    assert_eq!(report.secrets_used, [("password".to_owned(), "device".to_owned())]);
    assert_no_secret(&report, &ports);
    let recorded = told(&report);
    assert!(recorded.contains("Bearer <placeholder:auth>"), "{recorded}");
    assert!(recorded.contains("<placeholder:capture.access_token>"), "{recorded}");
}

#[tokio::test]
async fn without_a_secret_sent_nothing_is_captured() {
    let body = r#"{"access_token":"somebody-elses-token"}"#;
    let server = servers::http(answer("", body)).await;
    let (broker, _) = plain(&server, Effect::Read, Mode::Live).await;
    let response = http(&broker, request("GET", server.port, "/read")).await.unwrap();
    assert_eq!(response.body, body.as_bytes());
}

#[tokio::test]
async fn an_authorization_of_the_plugins_own_does_not_leave() {
    let server = servers::http(answer("", "")).await;
    let (broker, _) = plain(&server, Effect::Read, Mode::Live).await;
    for name in ["authorization", "Cookie", "Proxy-Authorization"] {
        let mut wish = request("GET", server.port, "/read");
        wish.headers = vec![(name.into(), "stolen".into())];
        let refused = http(&broker, wish).await.unwrap_err();
        assert_eq!((refused.code, refused.ends_call), (Code::SecretSink, false), "{name}");
    }
    assert!(server.seen().is_empty());
}

async fn echo(answer: String, echoes: bool) -> (Result<HttpResponse, Refusal>, BrokerReport) {
    let server = servers::http(answer).await;
    let edit = |predicate: &mut Predicate| predicate.echoes = echoes;
    let Setup { config, ports, .. } = setup(server.port, &["http"], rules(), edit);
    let broker = CallBroker::live(config);
    let token = placeholder(&broker).await;
    let mut wish = request("GET", server.port, "/read");
    wish.headers = vec![("authorization".into(), token)];
    let result = http(&broker, wish).await;
    let report = broker.report();
    assert_no_secret(&report, &ports);
    (result, report)
}

#[tokio::test]
async fn an_echoed_secret_ends_the_call_in_header_or_body_and_every_spelling() {
    use base64::Engine;
    let base64 = base64::engine::general_purpose::STANDARD.encode(format!("user:{SECRET}"));
    let escaped: String = SECRET.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    for mirrored in [
        answer("", &format!("you sent {SECRET}!")),
        answer(&format!("x-echo: {SECRET}\r\n"), ""),
        answer("", &base64),
        answer("", &hex::encode_upper(SECRET)),
        answer("", &SECRET.replace(' ', "%20")),
        answer("", &format!(r#"{{"a":"{escaped}"}}"#)),
        format!("HTTP/1.1 401 No\r\ncontent-length: {}\r\n\r\n{SECRET}", SECRET.len()),
    ] {
        let (result, report) = echo(mirrored.clone(), false).await;
        let refused = result.unwrap_err();
        assert_eq!((refused.code, refused.ends_call), (Code::SecretEcho, true), "{mirrored}");
        assert_eq!(report.refusal.unwrap().code, Code::SecretEcho);
    }
}

#[tokio::test]
async fn a_provider_that_may_echo_is_redacted() {
    let mirrored = answer(&format!("x-echo: {SECRET}\r\n"), &format!("you sent {SECRET}!"));
    let (result, _) = echo(mirrored, true).await;
    let response = result.unwrap();
    assert_eq!(response.body, b"you sent [redacted]!");
    let header = |name: &str| &response.headers.iter().find(|(n, _)| n == name).unwrap().1;
    assert_eq!(header("x-echo"), "[redacted]");
    assert_eq!(header("content-length"), &response.body.len().to_string());
}

#[tokio::test]
async fn chunks_that_are_none_are_the_providers_fault_and_cut_ones_the_lines() {
    for (body, code) in [
        ("zz\r\nhello\r\n0\r\n\r\n", Code::ProviderProtocol),
        ("2\r\nhello\r\n0\r\n\r\n", Code::ProviderProtocol),
        ("fffffffffffffffff\r\nhello\r\n0\r\n\r\n", Code::ProviderProtocol),
        ("ff\r\nhello", Code::Unreachable),
        ("5\r\nhello\r\n", Code::Unreachable),
    ] {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
        let server = servers::http(format!("{head}{body}")).await;
        let (broker, _) = plain(&server, Effect::Read, Mode::Live).await;
        let refused = http(&broker, request("GET", server.port, "/read")).await.unwrap_err();
        assert_eq!(refused.code, code, "{body:?}: {}", refused.message);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_searched_is_no_answer() {
    for bad in [
        answer("content-encoding: gzip\r\n", "xx"),
        answer("content-encoding: identity\r\ncontent-encoding: br\r\n", "xx"),
        answer("content-encoding: deflate\r\n", "xx"),
        answer("content-encoding: x-gzip\r\n", "xx"),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nxx\r\n0\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\nconnection: close\r\n\r\nxx".into(),
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n".into(),
        "SSH-2.0-OpenSSH_9.2\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!".into(),
    ] {
        let server = servers::http(bad.clone()).await;
        let (broker, _) = plain(&server, Effect::Read, Mode::Live).await;
        let refused = http(&broker, request("GET", server.port, "/read")).await.unwrap_err();
        assert_eq!(refused.kind, RefusalKind::Protocol, "{bad}: {refused:?}");
    }
}
