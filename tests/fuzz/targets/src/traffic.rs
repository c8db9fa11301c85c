//! Traffic rules: what a message does, whoever reads it.

use crate::input::{choice, halves, percent_decoded, text};
use if_broker::traffic::lines::{LineBuffer, has_break, without_end};
use if_broker::traffic::{Outgoing, Tables, classify, http, json};
use if_core::Effect;
use if_manifest::model::Endpoint;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Rules of every kind; whatever they do not name is dangerous.
static ENDPOINT: LazyLock<Endpoint> = LazyLock::new(|| {
    let endpoint = r#"{"name": "web", "host": "{host}", "port": "80",
        "protocols": ["http", "ws", "tcp"], "rules": [
        {"method": "GET", "path": "/api/**", "query": {"Function": "Get"}, "effect": "read"},
        {"path": "/call", "method": "POST", "json": {"/op": 6}, "effect": "read"},
        {"json": {"/op": 1}, "effect": "session"},
        {"json": {"/op": 6},
         "effect": {"table": "requests", "key": "json:/d/requestType"}},
        {"line": "TALLY", "effect": "read"}]}"#;
    serde_json::from_str(endpoint).unwrap()
});

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let row = |name: &str, effect| (name.to_owned(), effect);
    let rows = BTreeMap::from([row("GetVersion", Effect::Read), row("StopStream", Effect::Write)]);
    BTreeMap::from([("requests".to_owned(), rows)])
});

fn effect(message: &Outgoing<'_>) -> Effect {
    classify(&ENDPOINT, message, &TABLES).effect
}

/// `traffic-frame`: a WebSocket message. What is called harmless says so to a plain reader too.
pub fn frame(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let judged = effect(&Outgoing::Text(text));
    if judged == Effect::Dangerous {
        return;
    }
    let value: Value = serde_json::from_str(text).expect("a rule looked into it");
    match (value["op"].as_u64(), value["d"]["requestType"].as_str()) {
        (Some(1), _) => assert_eq!(judged, Effect::Session),
        (Some(6), Some("GetVersion")) => assert_eq!(judged, Effect::Read),
        (Some(6), Some("StopStream")) => assert_eq!(judged, Effect::Write),
        other => panic!("{other:?} is called {judged}"),
    }
}

/// `traffic-request`: path, perhaps with a query, a zero byte, and a body.
pub fn request(data: &[u8]) {
    let (place, body) = halves(data);
    let Some(place) = text(place) else { return };
    let (path, query) = match place.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (place, None),
    };
    let ask = |method: &'static str| {
        effect(&Outgoing::Request { method, path, query, headers: &[], body })
    };
    if ask("GET") != Effect::Dangerous {
        // As a form's reader sees the query: the parameter once, in this spelling and no other.
        let pairs = || url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let named = |name: &str| name.eq_ignore_ascii_case("Function");
        let values: Vec<_> = pairs().filter(|(name, _)| named(name)).collect();
        assert!(
            matches!(values.as_slice(), [(name, value)] if name == "Function" && value == "Get")
        );
        let decoded = percent_decoded(path.as_bytes());
        assert!(decoded == b"/api" || decoded.starts_with(b"/api/"));
        assert!(http::path_is_plain(path) && body.is_empty());
        assert!(!path.contains("/../") && !path.ends_with("/.."));
    }
    if ask("POST") != Effect::Dangerous {
        let value: Value = serde_json::from_slice(body).expect("a rule looked into it");
        assert!(percent_decoded(path.as_bytes()) == b"/call" && value["op"] == 6);
    }
    assert_eq!(ask("DELETE"), Effect::Dangerous);
}

/// `traffic-line`: the first byte says how small the pieces of a stream are. Its lines are the
/// same, and a harmless one is one line to every device.
pub fn line(data: &[u8]) {
    let Some((piece, stream)) = choice(data) else { return };
    let lines = |size: usize| -> Option<Vec<Vec<u8>>> {
        let mut buffer = LineBuffer::default();
        let mut lines = Vec::new();
        for piece in stream.chunks(size) {
            lines.extend(buffer.push(piece).ok()?);
        }
        Some(lines)
    };
    let whole = lines(stream.len().max(1));
    assert_eq!(whole, lines(piece % 16 + 1));
    for line in whole.unwrap_or_default() {
        assert!(line.ends_with(b"\n"));
        let bare = without_end(&line);
        if effect(&Outgoing::Line(bare)) != Effect::Dangerous {
            assert!(bare.starts_with(b"TALLY") && !has_break(bare));
        }
    }
}

/// `json-pointer`: a pointer, a zero byte, JSON. Where ours finds something, another reader does.
pub fn pointer(data: &[u8]) {
    let (pointer, body) = halves(data);
    let (Some(pointer), Some(value)) = (text(pointer), json::parse(body)) else { return };
    if let json::Found::Value(found) = json::find(&value, pointer) {
        let plain: Value = serde_json::from_slice(body).unwrap();
        let theirs = plain.pointer(pointer).or_else(|| leniently(&plain, pointer));
        assert!(theirs.is_some_and(|it| crate::alike::alike(it, found)), "{pointer}");
    }
    if let Some(texts) = json::texts(&value, pointer) {
        assert!(!texts.is_empty());
    }
}

/// An index with leading zeros or a plus sign is none for serde_json.
fn leniently<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer.split('/').skip(1).try_fold(value, |here, step| match here {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        Value::Object(members) => members.get(&step.replace("~1", "/").replace("~0", "~")),
        _ => None,
    })
}
