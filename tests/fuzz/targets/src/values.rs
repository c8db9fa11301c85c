//! Small languages: what a word on the command line means, templates of addresses, URLs.

use crate::input::{choice, text};
use if_manifest::model::Kind;
use if_manifest::template::{Piece, Template};
use if_manifest::url::UrlParts;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// A kind of each shape.
static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let kinds = r#"["bool", {"int": {}}, {"int": {"min": -5, "max": 40000}}, {"decimal": {}},
        {"decimal": {"min": 0.5, "max": 2}}, {"string": {"length_max": 8}},
        {"enum": {"values": ["cut", "fade"]}}, {"url": {"schemes": ["http", "wss"]}},
        {"duration": {}}, {"duration": {"max_ms": 60000}}, {"list": {"of": {"int": {"min": 0}}}},
        {"list": {"of": {"duration": {}}, "count_max": 2}}, {"record": {"count_max": 3}},
        {"json": {"bytes_max": 4096}}, "secret", {"file-in": {"bytes_max": 9}},
        {"file-out": {"bytes_max": 9}}]"#;
    serde_json::from_str(kinds).unwrap()
});

/// `value`: the first byte chooses the kind; the rest is the word.
pub fn value(data: &[u8]) {
    let Some((chosen, word)) = choice(data) else { return };
    let Some(word) = text(word) else { return };
    let kind = &KINDS[chosen % KINDS.len()];
    let Ok(value) = kind.parse_text(word) else { return };
    kind.check(&value).expect("what a word means fits its kind");
    assert!(!matches!(kind, Kind::Secret), "a secret has no value");
    let shown = match (kind, &value) {
        (Kind::Duration { max_ms }, Value::Number(millis)) => {
            let millis = millis.as_u64().unwrap();
            assert!(millis <= max_ms.unwrap_or(u64::MAX));
            format!("{millis}ms")
        }
        (Kind::Int { .. } | Kind::Decimal { .. } | Kind::Bool | Kind::Json { .. }, value) => {
            value.to_string()
        }
        (_, Value::String(text)) => text.clone(),
        _ => return,
    };
    let anew = match kind {
        // Its writing may be longer than what was typed, and than allowed.
        Kind::Json { .. } => serde_json::from_str(&shown).unwrap(),
        kind => kind.parse_text(&shown).expect("what it means can be typed"),
    };
    assert!(crate::alike::alike(&anew, &value), "{value} is typed {shown}, which means {anew}");
}

/// `template`.
pub fn template(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(template) = Template::parse(text) else { return };
    assert_eq!(template.to_string(), text, "a template prints otherwise");
    // A value that looks like a template is not one.
    let value = "https://{a}.example:444";
    let settings: Map<String, Value> =
        template.settings().map(|name| (name.to_owned(), Value::from(value))).collect();
    let filled = template.fill(&settings).expect("every setting has a value");
    let expected: String = template
        .pieces()
        .iter()
        .map(|piece| match piece {
            Piece::Literal(literal) => literal.as_str(),
            Piece::Setting(_) => value,
            Piece::Part(_, if_manifest::template::Part::Host) => "{a}.example",
            Piece::Part(_, if_manifest::template::Part::Port) => "444",
        })
        .collect();
    assert_eq!(filled, expected);
    let needs = template.settings().next().is_some();
    assert_eq!(template.fill(&Map::new()).is_err(), needs, "a setting without a value");
}

/// `url-setting`: ours, and the reading of the library that makes the connection.
pub fn url(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(parts) = UrlParts::parse(text) else { return };
    let UrlParts { scheme, host, port } = parts;
    assert!(port > 0 && !host.is_empty());
    assert!(!host.contains(['@', '/', '?', '#', '\\', '[', ']', ' ']));
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let anew = format!("{}://{bracketed}:{port}", scheme.as_str());
    assert_eq!(UrlParts::parse(&anew), Ok(parts), "{anew}");
    let Ok(name) = if_broker::grants::host::HostName::parse(host) else { return };
    let url = url::Url::parse(text).expect("two readers agree that it is a URL");
    let theirs = url.host_str().map(|host| host.strip_suffix('.').unwrap_or(host).to_owned());
    assert_eq!(theirs, Some(name.to_string()), "two readers go to different hosts");
    assert_eq!(url.port_or_known_default(), Some(port));
    assert!(url.username().is_empty() && url.password().is_none());
}
