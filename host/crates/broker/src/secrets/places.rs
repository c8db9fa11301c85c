//! Sinks and encodings, row by row: `places.txt`.

use super::sinks::{FilledRequest, Filler};
use super::*;
use crate::testing::{Secrets, config};
use if_core::Header;
use serde_json::json;

/// The value of the recipe without sinks; it must never be seen.
const NEVER: &str = "never-to-be-seen";

/// The bytes that a cell means.
fn bytes(cell: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = cell.chars();
    while let Some(sign) = rest.next() {
        if sign != '\\' {
            out.extend_from_slice(sign.to_string().as_bytes());
            continue;
        }
        out.push(match rest.next().unwrap() {
            'r' => b'\r',
            'n' => b'\n',
            '0' => 0,
            '\\' => b'\\',
            'x' => {
                let digits: String = rest.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).unwrap()
            }
            other => panic!("`\\{other}` in `{cell}`"),
        });
    }
    out
}

fn position(cell: &str) -> serde_json::Value {
    let (kind, name) = cell.split_once(' ').unwrap();
    match kind {
        "segment" => json!({"path-segment": name.parse::<u8>().unwrap()}),
        kind => json!({kind: name}),
    }
}

struct Scene {
    vault: Vault,
    token: String,
    other: String,
}

impl Scene {
    fn new(sink: &str, value: &[u8]) -> Self {
        let config = config(|predicate| {
            let sink = json!({"endpoint": "web", "position": position(sink)});
            predicate.secrets = serde_json::from_value(json!([
                {"name": "one", "summary": "s", "recipes": [
                    {"name": "placed", "step": {"secret": "one"}, "sinks": [sink]}]},
                {"name": "two", "summary": "s", "recipes": [
                    {"name": "nowhere", "step": {"secret": "two"}, "sinks": []}]},
            ]))
            .unwrap();
        });
        let source = Secrets {
            values: BTreeMap::from([
                ("test/one/one".to_owned(), value.to_vec()),
                ("test/one/two".to_owned(), NEVER.as_bytes().to_vec()),
            ]),
            ..Secrets::default()
        };
        let vault = Vault::new(false);
        let make = |recipe| {
            let from: (&dyn SecretSource, _) = (&source, "test/one");
            vault.make(&config.predicate, (recipe, &BTreeMap::new()), from, UnixMillis(0)).unwrap()
        };
        let (token, other) = (make("placed"), make("nowhere"));
        Self { vault, token, other }
    }

    /// One part of a message, filled.
    fn leaves(&self, message: &str) -> Result<String, BrokerError> {
        let (part, text) = message.split_once(' ').unwrap();
        let text = text.replace('T', &self.token).replace('N', &self.other);
        // What is upper case of its own.
        let text = text.replace(&format!("LOGI{}", self.other), "LOGIN");
        let endpoint = Word::new("web").unwrap();
        let filler = || Filler::new(&self.vault, &endpoint);
        let request = |place: (&str, Option<&str>), headers: &[Header], body: &str| {
            filler().request("POST", place, headers, body.as_bytes())
        };
        let of = |value: &recipes::Value| self.shown(value);
        let path_and_query = |filled: FilledRequest| of(&filled.path_and_query);
        Ok(match part {
            "header" => {
                let (name, value) = text.split_once(": ").unwrap();
                let headers = [(name.to_owned(), value.to_owned())];
                of(&request(("/", None), &headers, "")?.headers[0].1)
            }
            "query" => {
                let filled = path_and_query(request(("/", Some(&text)), &[], "")?);
                filled.strip_prefix("/?").unwrap().to_owned()
            }
            "path" => path_and_query(request((&text, None), &[], "")?),
            "json" => of(&request(("/", None), &[], &text)?.body),
            "form" => {
                let kind = "application/x-www-form-urlencoded".to_owned();
                let headers = [("content-type".to_owned(), kind)];
                of(&request(("/", None), &headers, &text)?.body)
            }
            "frame" => of(&filler().frame(&text)?.bytes),
            "line" => of(&filler().line(text.as_bytes())?.bytes),
            other => panic!("`{other}` is no part of a message"),
        })
    }

    fn shown(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes).into_owned();
        text.replace(&self.token, "T").replace(&self.other, "N")
    }
}

fn rows() -> Vec<[&'static str; 4]> {
    let lines = include_str!("places.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cells = |line: &'static str| line.split(" | ").collect::<Vec<_>>().try_into().unwrap();
    lines.map(cells).collect()
}

#[test]
fn a_value_stands_where_its_sink_says_in_that_places_encoding_and_nowhere_else() {
    let mut wrong = Vec::new();
    for row in rows() {
        let [sink, value, message, expect] = row;
        let got = match Scene::new(sink, &bytes(value)).leaves(message) {
            Ok(text) => text,
            Err(BrokerError::SecretSink(_)) => "refused".into(),
            Err(other) => other.to_string(),
        };
        if got != expect || got.contains(NEVER) {
            wrong.push(format!("{}: {got}", row.join(" | ")));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_kind_of_sink_is_tried_in_every_part_of_a_message() {
    let parts = ["header", "query", "path", "json", "form", "frame", "line"];
    let sinks = ["header k", "query k", "segment 1", "json /k", "form k", "frame /k", "line k"];
    let messages = ["k: T", "k=T", "/k/T", r#"{"k":"T"}"#, "k=T", r#"{"k":"T"}"#, "k T"];
    for (at, sink) in sinks.iter().enumerate() {
        let scene = Scene::new(sink, b"plain");
        for (part, message) in parts.iter().zip(messages) {
            let filled = scene.leaves(&format!("{part} {message}")).unwrap();
            assert_eq!(!filled.contains('T'), parts[at] == *part, "{sink} in {part}: {filled}");
        }
    }
}
