//! Classification as tables: endpoint rules, a message, the effect.

use super::*;
use crate::testing::endpoint;
use Effect::{Dangerous, Read, Session, Write};
use serde_json::json;

fn tables() -> Tables {
    serde_json::from_value(json!({
        "functions": {"Cut": "write", "Stop": "dangerous", "State": "read"},
        "requests": {"GetVersion": "read", "SetScene": "write"},
    }))
    .unwrap()
}

fn vmix() -> Endpoint {
    endpoint(json!({"name": "web", "protocols": ["http"], "host": "h", "port": "1", "rules": [
        {"method": "GET", "path": "/api", "query": {"Function": "!"}, "effect": "read"},
        {"method": "GET", "path": "/api",
         "effect": {"table": "functions", "key": "query:Function"}, "planned": {"ok": true}},
        {"method": "POST", "path": "/graph", "json": {"/query": "q"}, "effect": "read"},
        {"method": "POST", "path": "/upload", "effect": "write"},
    ]}))
}

fn request(method: &str, path: &str, query: Option<&str>, body: &[u8]) -> Effect {
    let message = Outgoing::Request { method, path, query, headers: &[], body };
    classify(&vmix(), &message, &tables()).effect
}

#[test]
fn requests_are_judged_by_method_path_query_and_body() {
    let rows: &[(&str, &str, Option<&str>, &str, Effect)] = &[
        ("GET", "/api", None, "", Read),
        ("GET", "/api", Some("x=1"), "", Read),
        ("GET", "/api", Some("Function=Cut"), "", Write),
        ("GET", "/api", Some("Function=State"), "", Read),
        ("GET", "/api", Some("Function=Stop"), "", Dangerous),
        ("GET", "/api", Some("Function=cut"), "", Dangerous),
        ("GET", "/api", Some("Function=Unknown"), "", Dangerous),
        ("GET", "/api", Some("Function="), "", Dangerous),
        ("GET", "/api", Some("function=Cut"), "", Dangerous),
        ("GET", "/api", Some("Function=State&Function=Cut"), "", Dangerous),
        ("GET", "/api", Some("Function=State&FUNCTION=Cut"), "", Dangerous),
        ("GET", "/api", Some("x=1;Function=Cut"), "", Dangerous),
        ("GET", "/api/", None, "", Dangerous),
        ("GET", "/API", None, "", Dangerous),
        ("GET", "//api", None, "", Dangerous),
        ("GET", "/x/../api", None, "", Dangerous),
        ("GET", "/%2e%2e/api", None, "", Dangerous),
        ("GET", "/api", None, "Function=Cut", Dangerous),
        ("POST", "/api", None, "", Dangerous),
        ("get", "/api", None, "", Dangerous),
        ("POST", "/graph", None, r#"{"query":"q"}"#, Read),
        ("POST", "/graph", None, r#"{"query":"m"}"#, Dangerous),
        ("POST", "/graph", None, r#"{"query":"q","query":"m"}"#, Dangerous),
        ("POST", "/graph", None, r#"{"query":"q","Query":"m"}"#, Dangerous),
        ("POST", "/graph", None, "", Dangerous),
        ("POST", "/upload", None, "any \0 bytes", Write),
    ];
    for (method, path, query, body, expect) in rows {
        let got = request(method, path, *query, body.as_bytes());
        assert_eq!(got, *expect, "{method} {path} {query:?} {body}");
    }
}

#[test]
fn a_wide_pattern_does_not_take_paths_that_servers_fold() {
    let wide = endpoint(json!({"name": "e", "protocols": ["http"], "host": "h", "port": "1",
        "rules": [{"path": "/v1/**", "effect": "read"}]}));
    for (path, expect) in [
        ("/v1/a/b", Read),
        ("/v1/../admin", Dangerous),
        ("/v1/%2e%2e/admin", Dangerous),
        ("/v1//admin", Dangerous),
        ("/v1/a%2f..%2fadmin", Dangerous),
        ("/v1/..;/admin", Dangerous),
        ("/v1/..\\admin", Dangerous),
    ] {
        let message =
            Outgoing::Request { method: "GET", path, query: None, headers: &[], body: b"" };
        assert_eq!(classify(&wide, &message, &tables()).effect, expect, "{path}");
    }
}

#[test]
fn a_header_that_overrides_method_or_path_is_dangerous() {
    let get = |headers: &[Header]| {
        let message =
            Outgoing::Request { method: "GET", path: "/api", query: None, headers, body: b"" };
        classify(&vmix(), &message, &tables()).effect
    };
    assert_eq!(get(&[("accept".into(), "*/*".into())]), Read);
    for name in OVERRIDE_HEADERS {
        assert_eq!(get(&[(name.to_uppercase(), "DELETE".into())]), Dangerous, "{name}");
    }
}

#[test]
fn the_rule_brings_its_planned_answer() {
    let message = Outgoing::Request {
        method: "GET",
        path: "/api",
        query: Some("Function=Cut"),
        headers: &[],
        body: b"",
    };
    let classified = classify(&vmix(), &message, &tables());
    assert_eq!(classified, Classified { effect: Write, planned: Some(json!({"ok": true})) });
}

fn obs() -> Endpoint {
    endpoint(json!({"name": "control", "protocols": ["ws"], "host": "h", "port": "1", "rules": [
        {"json": {"/op": 1}, "effect": "session"},
        {"json": {"/op": 6}, "effect": {"table": "requests", "key": "json:/d/requestType"}},
    ]}))
}

#[test]
fn a_batch_does_what_its_strongest_request_does() {
    let rules = endpoint(json!({"name": "e", "protocols": ["ws"], "host": "h", "port": "1",
        "rules": [{"json": {"/op": 8},
                   "effect": {"table": "requests", "key": "json:/d/requests/*/requestType"}}]}));
    let batch = |requests: Value| {
        let text = json!({"op": 8, "d": {"requestId": "1", "requests": requests}}).to_string();
        classify(&rules, &Outgoing::Text(&text), &tables()).effect
    };
    let of = |names: &[&str]| {
        batch(names.iter().map(|name| json!({"requestType": name})).collect::<Value>())
    };
    assert_eq!(of(&["GetVersion", "GetVersion"]), Read);
    assert_eq!(of(&["GetVersion", "SetScene", "GetVersion"]), Write);
    assert_eq!(of(&["GetVersion", "Unlisted"]), Dangerous);
    assert_eq!(of(&["getversion"]), Dangerous);
    // A wrong shape never lowers what the batch may do.
    for shape in [
        json!([]),
        json!({"requestType": "GetVersion"}),
        json!("GetVersion"),
        json!(null),
        json!([{"requestType": "GetVersion"}, {}]),
        json!([{"requestType": "GetVersion"}, {"requestType": ["GetVersion"]}]),
        json!([{"requestType": "GetVersion"}, [{"requestType": "GetVersion"}]]),
        json!([{"requestType": "GetVersion", "RequestType": "SetScene"}]),
    ] {
        assert_eq!(batch(shape.clone()), Dangerous, "{shape}");
    }
}

#[test]
fn frames_are_judged_by_pointers() {
    let rows = [
        (r#"{"op":1,"d":{}}"#, Session),
        (r#"{"op":6,"d":{"requestType":"GetVersion"}}"#, Read),
        (r#"{"op":6,"d":{"requestType":"SetScene"}}"#, Write),
        (r#"{"op":6,"d":{"requestType":"Unheard"}}"#, Dangerous),
        (r#"{"op":6,"d":{"requestType":7}}"#, Dangerous),
        (r#"{"op":6,"d":{"requestType":"GetVersion","RequestType":"SetScene"}}"#, Dangerous),
        (r#"{"op":6,"d":{"requestType":"GetVersion","requestType":"SetScene"}}"#, Dangerous),
        (r#"{"op":1,"op":6,"d":{"requestType":"SetScene"}}"#, Dangerous),
        (r#"{"op":1,"OP":6,"d":{"requestType":"SetScene"}}"#, Dangerous),
        (r#"{"op":1.0,"d":{}}"#, Dangerous),
        (r#"{"op":"1","d":{}}"#, Dangerous),
        (r#"{"op":8,"d":{"requests":[]}}"#, Dangerous),
        (r#"[{"op":1}]"#, Dangerous),
        ("hello", Dangerous),
        ("", Dangerous),
    ];
    for (frame, expect) in rows {
        let got = classify(&obs(), &Outgoing::Text(frame), &tables()).effect;
        assert_eq!(got, expect, "{frame}");
    }
    let binary = Outgoing::Binary(br#"{"op":1,"d":{}}"#);
    assert_eq!(classify(&obs(), &binary, &tables()).effect, Dangerous);
}

#[test]
fn a_table_is_asked_by_several_places_at_once() {
    let services = Tables::from([(
        "services".to_owned(),
        [("light.turn_on", Write), ("lock.unlock", Dangerous), ("todo.get_items", Read)]
            .map(|(name, effect)| (name.to_owned(), effect))
            .into(),
    )]);
    let house = endpoint(json!({"name": "api", "protocols": ["http", "ws"], "host": "h",
        "port": "1", "rules": [
        {"method": "POST", "path": "/api/services/*/*",
         "effect": {"table": "services", "key": "path:2 . path:3"}},
        {"json": {"/type": "call_service"},
         "effect": {"table": "services", "key": "json:/domain . json:/service"}},
    ]}));
    let effect = |message: &Outgoing<'_>| classify(&house, message, &services).effect;
    for (path, expect) in [
        ("/api/services/light/turn_on", Write),
        ("/api/services/todo/get_items", Read),
        ("/api/services/lock/unlock", Dangerous),
        ("/api/services/lock/%75nlock", Dangerous),
        ("/api/services/light/%74urn_on", Write),
        ("/api/services/light.turn_on/x", Dangerous),
        ("/api/services/light/", Dangerous),
        ("/api/services/unknown/thing", Dangerous),
    ] {
        let (method, query, body) = ("POST", None, b"{}");
        let message = Outgoing::Request { method, path, query, headers: &[], body };
        assert_eq!(effect(&message), expect, "{path}");
    }
    for (frame, expect) in [
        (r#"{"type":"call_service","domain":"light","service":"turn_on"}"#, Write),
        (r#"{"type":"call_service","domain":"todo","service":"get_items"}"#, Read),
        (r#"{"type":"call_service","domain":"lock","service":"unlock"}"#, Dangerous),
        (r#"{"type":"call_service","domain":"light.turn_on","service":""}"#, Dangerous),
        (r#"{"type":"call_service","domain":"light","service":["turn_on"]}"#, Dangerous),
        (r#"{"type":"call_service","domain":"light"}"#, Dangerous),
        (
            r#"{"type":"call_service","domain":"light","service":"turn_on","Service":"x"}"#,
            Dangerous,
        ),
        (r#"[{"type":"call_service","domain":"light","service":"turn_on"}]"#, Dangerous),
    ] {
        assert_eq!(effect(&Outgoing::Text(frame)), expect, "{frame}");
    }
}

#[test]
fn a_handshake_is_judged_as_the_request_it_is() {
    let open = |endpoint: &Endpoint, path, query| {
        classify(endpoint, &Outgoing::Handshake { path, query, headers: &[] }, &tables()).effect
    };
    assert_eq!(open(&obs(), "/", None), Session);
    assert_eq!(open(&obs(), "/", Some("Function=Cut")), Dangerous);
    assert_eq!(open(&obs(), "/api/stop", None), Dangerous);
    let both = endpoint(json!({"name": "e", "protocols": ["http", "ws"], "host": "h", "port": "1",
        "rules": [{"path": "/api/websocket", "effect": "session"}, {"effect": "read"}]}));
    assert_eq!(open(&both, "/api/websocket", None), Session);
    assert_eq!(open(&both, "/api/webhook/x", None), Dangerous);
}

#[test]
fn lines_and_datagrams_are_judged_by_their_start() {
    let endpoint = endpoint(json!({"name": "e", "protocols": ["tcp"], "host": "h", "port": "1",
    "rules": [
        {"line": "TALLY", "effect": "read"},
        {"line": "FUNCTION ", "effect": {"table": "functions", "key": "line:1"}},
        {"method": "OPTIONS", "effect": "session"},
    ]}));
    let rows: &[(&[u8], Effect, Effect)] = &[
        (b"TALLY", Read, Read),
        (b"FUNCTION Cut Input=1", Write, Write),
        (b"FUNCTION Stop", Dangerous, Dangerous),
        (b"FUNCTION  Cut", Dangerous, Dangerous),
        (b"function Cut", Dangerous, Dangerous),
        (b" TALLY", Dangerous, Dangerous),
        (b"TALLY\rFUNCTION Cut", Dangerous, Dangerous),
        (b"TALLY\0FUNCTION Cut", Dangerous, Dangerous),
        (b"TALLY\nFUNCTION Cut", Dangerous, Dangerous),
        (b"OPTIONS sip:a SIP/2.0", Session, Session),
        (b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n", Dangerous, Session),
        (b"INVITE sip:a SIP/2.0\r\n\r\n", Dangerous, Dangerous),
        (b"", Dangerous, Dangerous),
    ];
    for (bytes, line, datagram) in rows {
        let text = String::from_utf8_lossy(bytes);
        let got = classify(&endpoint, &Outgoing::Line(bytes), &tables()).effect;
        assert_eq!(got, *line, "line {text:?}");
        let got = classify(&endpoint, &Outgoing::Datagram(bytes), &tables()).effect;
        assert_eq!(got, *datagram, "datagram {text:?}");
    }
    let terminated = classify(&endpoint, &Outgoing::Datagram(b"TALLY\r\n"), &tables());
    assert_eq!(terminated.effect, Read);
}

#[test]
fn a_line_s_query_is_read_as_a_request_s() {
    let by_line = endpoint(json!({"name": "e", "protocols": ["tcp"], "host": "h", "port": "1",
        "rules": [{"line": "FUNCTION ", "query": {"Function": "!"},
                   "effect": {"table": "functions", "key": "line:1"}}]}));
    let line = |text: &str| classify(&by_line, &Outgoing::Line(text.as_bytes()), &tables()).effect;
    for (text, expect) in [
        ("FUNCTION Cut", Write),
        ("FUNCTION Cut Input=1&Value=a%26b c", Write),
        ("FUNCTION Stop", Dangerous),
        ("FUNCTION Cut Function=Stop", Dangerous),
        ("FUNCTION Cut Input=1&function=Stop", Dangerous),
        ("FUNCTION Cut Input=1&%46unction=Stop", Dangerous),
        ("FUNCTION Cut Input=1;Function=Stop", Dangerous),
        ("FUNCTION Cut Input=%zz", Dangerous),
        ("FUNCTION  Cut", Dangerous),
        ("FUNCTION Cut\tInput=1", Dangerous),
    ] {
        assert_eq!(line(text), expect, "{text}");
    }
    assert_eq!(
        classify(&by_line, &Outgoing::Line(b"FUNCTION Cut \xff"), &tables()).effect,
        Dangerous
    );
    let datagram = Outgoing::Datagram(b"FUNCTION Cut Input=1");
    assert_eq!(classify(&by_line, &datagram, &tables()).effect, Dangerous);
}

#[test]
fn rules_of_one_kind_do_not_leak_into_another() {
    let endpoint = endpoint(json!({"name": "e", "protocols": ["ws"], "host": "h", "port": "1",
        "rules": [{"path": "/x", "effect": "read"}, {"query": {"a": "!"}, "effect": "read"},
                  {"line": "L", "effect": "read"}, {"method": "GET", "effect": "read"}]}));
    for message in [Outgoing::Text("L"), Outgoing::Binary(b"L")] {
        assert_eq!(classify(&endpoint, &message, &tables()).effect, Dangerous, "{message:?}");
    }
    assert!(judges_lines(&endpoint));
    assert!(!judges_lines(&obs()));
}

#[test]
fn a_rule_for_frames_is_no_password_for_requests() {
    let both = endpoint(json!({"name": "e", "protocols": ["http", "ws"], "host": "h", "port": "1",
        "rules": [{"json": {"/op": 1}, "effect": "session"},
                  {"effect": {"table": "requests", "key": "json:/t"}, "path": "/known"},
                  {"effect": {"table": "requests", "key": "json:/t"}}]}));
    let post = |path, body: &str| {
        let (method, body) = ("POST", body.as_bytes());
        let message = Outgoing::Request { method, path, query: None, headers: &[], body };
        classify(&both, &message, &tables()).effect
    };
    assert_eq!(classify(&both, &Outgoing::Text(r#"{"op":1}"#), &tables()).effect, Session);
    assert_eq!(post("/stop", r#"{"op":1}"#), Dangerous);
    assert_eq!(post("/stop", r#"{"t":"GetVersion"}"#), Dangerous);
    assert_eq!(post("/known", r#"{"t":"GetVersion"}"#), Read);
}

#[test]
fn a_rule_without_conditions_takes_everything_but_the_ambiguous() {
    let endpoint = endpoint(json!({"name": "e", "protocols": ["tcp"], "host": "h", "port": "1",
        "rules": [{"json": {"/op": 9}, "effect": "write"}, {"effect": "read"}]}));
    assert_eq!(classify(&endpoint, &Outgoing::Binary(b"\xff"), &tables()).effect, Read);
    assert_eq!(classify(&endpoint, &Outgoing::Text(r#"{"op":1}"#), &tables()).effect, Read);
    // It must not be reachable by hiding the `op` that an earlier rule looks for.
    let hidden = Outgoing::Text(r#"{"op":1,"op":9}"#);
    assert_eq!(classify(&endpoint, &hidden, &tables()).effect, Dangerous);
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic_and_unlisted_lines_never_pass(bytes: Vec<u8>) {
        let strict = endpoint(json!({"name": "e", "protocols": ["tcp"], "host": "h", "port": "1",
            "rules": [{"line": "TALLY", "effect": "read"}]}));
        let got = classify(&strict, &Outgoing::Line(&bytes), &tables()).effect;
        let listed = bytes.starts_with(b"TALLY") && !lines::has_break(&bytes);
        proptest::prop_assert_eq!(got == Read, listed);
        let text = String::from_utf8_lossy(&bytes);
        classify(&obs(), &Outgoing::Text(&text), &tables());
        request("GET", &text, Some(&text), &bytes);
    }
}
