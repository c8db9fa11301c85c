//! The same gate over a recorded conversation.

use super::servers::{self, answer};
use super::*;

fn rules() -> Value {
    json!([
        {"json": {"/op": "hello"}, "effect": "session"},
        {"json": {"/op": "get"}, "effect": "read"},
        {"json": {"/op": "set"}, "effect": "write", "planned": {"op": "done"}},
        {"method": "POST", "path": "/login", "effect": "session"},
        {"method": "GET", "path": "/read", "effect": "read"},
        {"method": "POST", "path": "/write", "effect": "write"},
    ])
}

fn fake(port: u16, cassette: Cassette, effect: Effect, mode: Mode) -> (Arc<CallBroker>, Setup) {
    let mut setup = setup(port, &["ws", "http"], rules(), |_| ());
    (setup.config.effect, setup.config.mode) = (effect, mode);
    let again = super::setup(port, &["ws", "http"], rules(), |_| ());
    let Setup { config, ports, secrets } = setup;
    (CallBroker::fake(config, cassette), Setup { config: again.config, ports, secrets })
}

fn cassette(value: Value) -> Cassette {
    Cassette::parse(&value.to_string()).unwrap()
}

/// What a plugin would do: log in by HTTP with a secret, then use the captured token.
async fn log_in(broker: &CallBroker, port: u16) -> Result<HttpResponse, Refusal> {
    let token = placeholder(broker).await;
    let mut login = request("POST", port, "/login");
    login.headers = vec![("authorization".into(), format!("Bearer {token}"))];
    let answer = http(broker, login).await?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let access = body["access_token"].as_str().unwrap();
    let mut read = request("GET", port, "/read");
    read.headers = vec![("authorization".into(), format!("Bearer {access}"))];
    http(broker, read).await
}

#[tokio::test]
async fn a_live_transcript_replays_without_device_or_secret() {
    let body = r#"{"access_token":"fresh-access-token","n":1.50}"#;
    let server = servers::http(answer("", body)).await;
    let live = setup(server.port, &["ws", "http"], rules(), |_| ());
    let live = CallBroker::live(live.config);
    let first = log_in(&live, server.port).await.unwrap();
    assert!(server.seen()[1].contains("authorization: Bearer fresh-access-token"));
    let recorded = serde_json::to_string(&Cassette::from_report(&live.report()).unwrap());
    let recorded = recorded.unwrap();
    assert!(!recorded.contains("fresh-access-token") && !recorded.contains(SECRET));
    let port = server.port;
    drop(server);
    let tape = Cassette::parse(&recorded).unwrap();
    let (fake, setup) = fake(port, tape, Effect::Read, Mode::Live);
    let second = log_in(&fake, port).await.unwrap();
    assert!(setup.secrets.read.lock().unwrap().is_empty());
    assert_eq!(fake.report().cassette_left, 0);
    let numbers = |response: &HttpResponse| {
        serde_json::from_slice::<Value>(&response.body).unwrap()["n"].clone()
    };
    assert_eq!(numbers(&first), numbers(&second));
    let told = |broker: &CallBroker| Cassette::from_report(&broker.report()).unwrap();
    assert_eq!(told(&fake), told(&live), "a replay records what it played");
}

fn conversation() -> Value {
    let opened = json!({"Ok": {"reply": "opened", "connection": 1, "fresh": true,
        "local": "127.0.0.1:5", "subprotocol": null}});
    json!([
        {"ask": {"ask": "open", "target": {"protocol": "ws", "host": "127.0.0.1", "port": 7,
            "path": null, "headers": [], "timeout_ms": 1}},
         "answer": {"at": 1500, "effect": "session", "result": opened}},
        {"ask": {"ask": "send", "connection": 1,
            "frame": {"text": "{\"auth\": \"<placeholder:auth>\", \"op\": \"hello\"}"}},
         "answer": {"at": 1600, "effect": "session", "result": {"Ok": {"reply": "done"}}}},
        {"ask": {"ask": "receive", "connection": 1, "timeout_ms": 9},
         "answer": {"at": 1700, "effect": null,
            "result": {"Ok": {"reply": "frame", "frame": {"text": "{\"hi\":1}"}}}}},
    ])
}

async fn say_hello(broker: &CallBroker) -> Result<Option<Frame>, Refusal> {
    let connection = open(broker, target(Protocol::Ws, 7)).await?;
    let token = placeholder(broker).await;
    send_text(broker, connection, &format!(r#"{{"op":"hello","auth":"{token}"}}"#)).await?;
    ask(broker, Ask::Ready { connection }).await?;
    receive(broker, connection).await
}

#[tokio::test]
async fn a_cassette_written_by_hand_plays_and_moves_time() {
    let (broker, _) = fake(7, cassette(conversation()), Effect::Read, Mode::Live);
    let frame = say_hello(&broker).await.unwrap();
    assert_eq!(frame, Some(Frame::Text("{\"hi\":1}".into())));
    let slept = broker.ask(Ask::Sleep { nanos: 300_000_000 }).await;
    assert_eq!(slept.at.0, 2_000);
    assert_eq!(broker.report().cassette_left, 0);
}

#[tokio::test]
async fn a_wish_that_is_not_on_the_tape_ends_the_call_and_says_so() {
    let mut other = conversation();
    other[1]["ask"]["frame"]["text"] = json!("{\"op\":\"get\"}");
    let (broker, _) = fake(7, cassette(other), Effect::Read, Mode::Live);
    let refused = say_hello(&broker).await.unwrap_err();
    assert_eq!((refused.kind, refused.ends_call), (RefusalKind::Protocol, true));
    assert!(refused.message.contains("expected") && refused.message.contains("op"), "{refused:?}");
    assert_eq!(broker.report().cassette_left, 2);
    let (empty, _) = fake(7, Cassette::default(), Effect::Read, Mode::Live);
    let refused = say_hello(&empty).await.unwrap_err();
    assert!(refused.message.contains("at its end"), "{refused:?}");
}

#[tokio::test]
async fn every_part_of_a_request_is_compared() {
    let tape = |request: Value| {
        let answer = json!({"at": 1, "effect": "read", "result": {"Ok": {"reply": "http",
            "response": {"status": 200, "headers": [], "body": ""}}}});
        cassette(json!([{"ask": {"ask": "http", "request": request}, "answer": answer}]))
    };
    let recorded = |edit: &dyn Fn(&mut Value)| {
        let mut request = json!({"method": "GET", "url": "http://127.0.0.1:7/read", "body": "",
            "headers": [["Accept", "text/xml"]], "timeout_ms": 1});
        edit(&mut request);
        request
    };
    type Edit<'a> = &'a dyn Fn(&mut Value);
    let rows: [(Edit<'_>, bool); 5] = [
        (&|_| (), true),
        (&|r| r["headers"] = json!([]), true),
        (&|r| r["headers"] = json!([["accept", "text/html"]]), false),
        (&|r| r["url"] = json!("http://127.0.0.1:7/read?x"), false),
        (&|r| r["method"] = json!("HEAD"), false),
    ];
    for (edit, fits) in rows {
        let (broker, _) = fake(7, tape(recorded(edit)), Effect::Read, Mode::Live);
        let mut wish = request("GET", 7, "/read");
        wish.headers = vec![("accept".into(), "text/xml".into()), ("x-more".into(), "1".into())];
        assert_eq!(http(&broker, wish).await.is_ok(), fits, "{}", recorded(edit));
    }
}

#[tokio::test]
async fn the_gate_stands_in_front_of_a_cassette_too() {
    let (broker, _) = fake(7, Cassette::default(), Effect::Read, Mode::Live);
    let refused = http(&broker, request("GET", 8, "/read")).await.unwrap_err();
    assert_eq!(refused.code, Code::EgressDenied);
    let refused = http(&broker, request("POST", 7, "/write")).await.unwrap_err();
    assert_eq!((refused.code, refused.ends_call), (Code::EffectExceeded, true));
}

#[tokio::test]
async fn a_dry_run_keeps_the_tape_in_step() {
    let answer = |body: &str| {
        json!({"at": 1, "effect": "read", "result": {"Ok": {"reply": "http",
            "response": {"status": 200, "headers": [], "body": body}}}})
    };
    let ask_of = |method: &str, path: &str| {
        json!({"ask": "http", "request": {"method": method, "headers": [], "body": "",
            "url": format!("http://127.0.0.1:7{path}"), "timeout_ms": null}})
    };
    let tape = cassette(json!([
        {"ask": ask_of("POST", "/write"), "answer": answer("written")},
        {"ask": ask_of("GET", "/read"), "answer": answer("read")},
    ]));
    let (broker, _) = fake(7, tape, Effect::Write, Mode::DryRun);
    let planned = http(&broker, request("POST", 7, "/write")).await.unwrap_err();
    assert_eq!(planned.kind, RefusalKind::Planned);
    assert_eq!(http(&broker, request("GET", 7, "/read")).await.unwrap().body, b"read");
    assert_eq!(broker.report().plan.len(), 1);
}

#[test]
fn a_cassette_with_unknown_members_is_refused() {
    for bad in ["{}", "[{}]", r#"[{"ask":{"ask":"sleep","nanos":1},"answer":1}]"#, "["] {
        assert!(Cassette::parse(bad).is_err(), "{bad}");
    }
}
