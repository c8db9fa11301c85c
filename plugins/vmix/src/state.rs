//! vMix's XML state as typed JSON.
//!
//! Elements keep vMix's names. Attributes become members, numbers and booleans typed; what people
//! write (titles, file names, text fields) stays text even when it looks like a number. An element
//! or attribute that a newer vMix adds comes through by the same rules instead of being dropped.

use if_sdk::prelude::*;
use roxmltree::{Document, Node};

/// Elements that are lists of their children.
const LISTS: &[&str] = &["inputs", "overlays", "transitions", "list"];
/// Elements that may occur several times beside others, and the name of their list.
const REPEATED: &[(&str, &str)] = &[
    ("text", "texts"),
    ("image", "images"),
    ("overlay", "layers"),
    ("mix", "mixes"),
    ("output", "outputs"),
];
/// On or off, with details as attributes: always an object, whatever details there are.
const SWITCHES: &[&str] =
    &["recording", "external", "streaming", "playList", "multiCorder", "fullscreen"];
/// Attributes and elements that hold what people wrote.
const TEXTS: &[&str] = &[
    "key",
    "title",
    "shortTitle",
    "name",
    "type",
    "state",
    "version",
    "edition",
    "preset",
    "effect",
    "audiobusses",
    "filename1",
    "filename2",
    "text",
    "image",
    "item",
];

/// Parses the state.
///
/// # Errors
/// `protocol` when it is not vMix's XML: malformed, with a DTD, or another root.
pub fn parse(xml: &str) -> Outcome {
    let document = Document::parse(xml)
        .map_err(|error| Failure::protocol(format!("the answer is not vMix's XML: {error}")))?;
    let root = document.root_element();
    if root.tag_name().name() != "vmix" {
        let name = root.tag_name().name();
        return Err(Failure::protocol(format!("the answer is `{name}` and not vMix's state")));
    }
    Ok(Value::Object(members(root)))
}

/// Attributes and children as members.
fn members(node: Node<'_, '_>) -> Map<String, Value> {
    let attributes = node.attributes();
    let mut members: Map<_, _> = attributes
        .map(|attribute| (attribute.name().to_owned(), typed(attribute.name(), attribute.value())))
        .collect();
    for child in node.children().filter(Node::is_element) {
        let name = child.tag_name().name();
        match REPEATED.iter().find(|(one, _)| *one == name) {
            None => {
                members.insert(name.to_owned(), element(child));
            }
            Some((_, several)) => {
                let list = members.entry((*several).to_owned()).or_insert_with(|| json!([]));
                if let Some(list) = list.as_array_mut() {
                    list.push(element(child));
                }
            }
        }
    }
    members
}

fn element(node: Node<'_, '_>) -> Value {
    let name = node.tag_name().name();
    let text = node.text().unwrap_or_default().trim();
    if LISTS.contains(&name) {
        return node.children().filter(Node::is_element).map(element).collect();
    }
    let mut members = members(node);
    if SWITCHES.contains(&name) {
        members.insert("active".to_owned(), typed(name, text));
        return Value::Object(members);
    }
    let value = if text.is_empty() { Value::Null } else { typed(name, text) };
    match (members.is_empty(), name) {
        (true, _) => value,
        // An input's text repeats its title.
        (false, "input") => Value::Object(members),
        (false, _) if value.is_null() && name != "overlay" => Value::Object(members),
        (false, "overlay") if members.contains_key("key") => Value::Object(members),
        (false, _) => {
            let label = if name == "overlay" { "input" } else { "value" };
            members.insert(label.to_owned(), value);
            Value::Object(members)
        }
    }
}

/// `True` and `False`, numbers, else text. A number that is none stays text: nothing is lost.
fn typed(name: &str, text: &str) -> Value {
    if TEXTS.contains(&name) {
        return json!(text);
    }
    match text {
        "True" => json!(true),
        "False" => json!(false),
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => json!(whole),
            (_, Ok(number)) if number.is_finite() => json!(number),
            _ => json!(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = include_str!("../tests/state.xml");

    #[test]
    fn the_whole_state_keeps_its_types() {
        let state = parse(STATE).unwrap();
        let at = |pointer: &str| state.pointer(pointer).cloned().unwrap_or(json!("absent"));
        for (pointer, value) in [
            ("/version", json!("27.0.0.49")),
            ("/inputs/0/number", json!(1)),
            ("/inputs/0/title", json!("1")),
            ("/inputs/0/loop", json!(false)),
            ("/inputs/1/title", json!("True")),
            ("/inputs/1/volume", json!(74.80429)),
            (
                "/inputs/1/texts",
                json!([
                    { "index": 0, "name": "Headline.Text", "value": "42" },
                    { "index": 1, "name": "Sub.Text" },
                ]),
            ),
            ("/inputs/1/images/0/value", json!("c:\\logo.png")),
            ("/inputs/1/layers/0/position", json!({ "panX": 0.5, "zoomX": 0.5 })),
            ("/inputs/2/list/0", json!({ "enabled": true, "selected": "true", "value": "a.mp4" })),
            ("/overlays", json!([{ "number": 1, "input": 2 }, { "number": 2, "input": null }])),
            ("/active", json!(1)),
            ("/fadeToBlack", json!(false)),
            ("/transitions", json!([{ "number": 1, "effect": "Fade", "duration": 500 }])),
            ("/recording", json!({ "duration": 12, "filename1": "1.mp4", "active": true })),
            ("/streaming", json!({ "channel1": false, "active": false })),
            ("/external", json!({ "active": false })),
            ("/mixes", json!([{ "number": 2, "preview": 0, "active": 1 }])),
            ("/audio/master/meterF1", json!(0.03125)),
            ("/audio/busA/volume", json!("x")),
            ("/dynamic", json!({ "input1": null, "value1": 7 })),
        ] {
            assert_eq!(at(pointer), value, "{pointer}");
        }
    }

    #[test]
    fn other_answers_are_protocol_failures() {
        let bomb = r#"<!DOCTYPE v [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><vmix>&b;</vmix>"#;
        for answer in ["", "<html/>", "<vmix>", "{}", bomb] {
            assert!(matches!(parse(answer), Err(Failure::Protocol(_))), "{answer}");
        }
    }
}
