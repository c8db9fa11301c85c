//! A message of a guest in which a secret stands: whatever the guest writes around it, the secret
//! comes where its recipe says, as one value, and nothing else changes.

use crate::alike::alike;
use crate::input::halves;
use if_broker::fuzzing::Filling;
use if_manifest::model::Sink;
use serde_json::Value;
use std::sync::LazyLock;

/// What a guest writes here where it means the token.
const MARK: char = '\u{1}';

/// The places of the secret.
static SINKS: LazyLock<Vec<Sink>> = LazyLock::new(|| {
    let places = r#"[{"json": "/a"}, {"frame": "/b/0"}, {"form": "c"}, {"query": "d"},
        {"path-segment": 1}, {"header": "e"}, {"line": "AUTH "}]"#;
    let places: Vec<Value> = serde_json::from_str(places).unwrap();
    let sink = |position| serde_json::json!({"endpoint": "web", "position": position});
    serde_json::from_value(places.into_iter().map(sink).collect()).unwrap()
});

/// The secret and what a guest writes, with a zero byte between them; none without a mark.
fn scene(data: &[u8]) -> Option<(Filling, String, &[u8])> {
    let (secret, message) = halves(data);
    let message = std::str::from_utf8(message).ok().filter(|text| text.contains(MARK))?;
    let filling = Filling::new(secret, &SINKS);
    let message = message.replace(MARK, filling.token());
    Some((filling, message, secret))
}

/// `sink-frame`: a WebSocket message.
pub fn frame(data: &[u8]) {
    let Some((filling, message, secret)) = scene(data) else { return };
    let filled = filling.frame(&message).ok();
    one_member(&filling, &message, secret, "/b/0", filled);
}

/// `sink-body`: a JSON body.
pub fn body(data: &[u8]) {
    let Some((filling, message, secret)) = scene(data) else { return };
    let filled = filling.body("application/json", &message).ok();
    one_member(&filling, &message, secret, "/a", filled);
}

/// The member of that pointer has the secret for its tokens; all others are as they were.
fn one_member(
    filling: &Filling,
    message: &str,
    secret: &[u8],
    pointer: &str,
    filled: Option<Vec<u8>>,
) {
    let Some(filled) = filled else {
        assert!(std::str::from_utf8(secret).is_err(), "a text cannot stand in JSON");
        return;
    };
    // Which of two members of one name is meant is not known: nothing is filled there.
    let Ok(mut expected) = serde_json::from_str::<Value>(message) else {
        assert_eq!(filled, message.as_bytes(), "what is no JSON was filled");
        return;
    };
    let found: Value = serde_json::from_slice(&filled).expect("it is still JSON");
    let Some(Value::String(place)) = expected.pointer_mut(pointer) else {
        assert!(alike(&found, &expected), "it was filled elsewhere");
        return;
    };
    let before = place.clone();
    let secret = String::from_utf8_lossy(secret);
    *place = before.replace(filling.token(), &secret);
    let untouched = serde_json::from_str::<Value>(message).unwrap();
    assert!(alike(&found, &expected) || alike(&found, &untouched), "{found} is not {expected}");
}

/// `sink-form`: fields of a form. Names, and how many there are, stay.
pub fn form(data: &[u8]) {
    let Some((filling, message, _)) = scene(data) else { return };
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    let filled = filling.body(kind, &message).expect("whatever the secret is, it is escaped");
    pairs(&message, &filled, "c");
}

/// `sink-query`.
pub fn query(data: &[u8]) {
    let Some((filling, message, _)) = scene(data) else { return };
    let filled = filling.target("/x", Some(&message)).expect("it is escaped");
    let filled = filled.strip_prefix(b"/x?").expect("the path stays");
    pairs(&message, filled, "d");
}

fn pairs(before: &str, after: &[u8], name: &str) {
    let after = std::str::from_utf8(after).expect("escapes are ASCII");
    let read = |text: &str| -> Vec<(String, String)> {
        url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    };
    let (before, after) = (read(before), read(after));
    assert_eq!(before.len(), after.len(), "a value became a field");
    for (was, is) in before.iter().zip(&after) {
        assert_eq!(was.0, is.0, "a name changed");
        assert!(was.0 == name || was.1 == is.1, "it was filled at `{}`", was.0);
    }
}

/// `sink-path`: as many segments as before, and only the second another one.
pub fn path(data: &[u8]) {
    let Some((filling, message, _)) = scene(data) else { return };
    if message.contains(['?', '#']) {
        return;
    }
    let path = format!("/{message}");
    let Ok(filled) = filling.target(&path, None) else { return };
    let filled = String::from_utf8(filled).expect("escapes are ASCII");
    let (was, is): (Vec<&str>, Vec<&str>) =
        (path.split('/').collect(), filled.split('/').collect());
    assert_eq!(was.len(), is.len(), "a value became a segment");
    for (at, (was, is)) in was.iter().zip(&is).enumerate() {
        assert!(was == is || at == 2, "segment {at} changed");
        assert!(was == is || !["", ".", ".."].contains(is), "a value leads elsewhere");
    }
}

/// `sink-line`: a line stays one line, a header one header.
pub fn line(data: &[u8]) {
    let Some((filling, message, secret)) = scene(data) else { return };
    let breaks = |bytes: &[u8]| bytes.iter().filter(|byte| b"\r\n\0".contains(byte)).count();
    let is_broken = breaks(secret) > 0;
    match filling.line(message.as_bytes()) {
        Err(_) => assert!(is_broken && message.starts_with("AUTH ")),
        Ok(filled) if message.starts_with("AUTH ") => {
            assert_eq!(breaks(&filled), breaks(message.as_bytes()));
            assert!(!contains(&filled, filling.token()));
        }
        Ok(filled) => assert_eq!(filled, message.as_bytes()),
    }
    let (name, value) = message.split_once(':').unwrap_or(("e", &message));
    match filling.header(name, value) {
        Err(_) => assert!(is_broken || !name.eq_ignore_ascii_case("e")),
        Ok(filled) if name.eq_ignore_ascii_case("e") => {
            assert_eq!(breaks(&filled), breaks(value.as_bytes()));
        }
        Ok(filled) => assert_eq!(filled, value.as_bytes()),
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
