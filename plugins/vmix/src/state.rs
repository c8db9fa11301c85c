//! vMix's XML state as typed JSON.
//!
//! Elements keep vMix's names. Attributes become members, numbers and booleans typed; what people
//! write (titles, file names, text fields) stays text even when it looks like a number. A number
//! that is none becomes `null` and is named in `notes`; what an older vMix does not have is an
//! empty list or `null`; what a newer one adds comes through by its looks instead of being dropped.

use crate::depth;
use crate::members::{self, Kind};
use if_sdk::prelude::*;
use roxmltree::{Document, Node};

/// The name under which `members` knows the text of a switch.
const SWITCH_TEXT: &str = "active?";
/// Notes kept: one wrong element in a thousand inputs must not double the state.
const NOTES_MAX: usize = 50;

/// Parses the state.
///
/// # Errors
/// `protocol` when it is not vMix's XML: cut off, malformed, with a DTD, or another root.
pub fn parse(xml: &str) -> Outcome {
    if !depth::is_bearable(xml) {
        return Err(Failure::protocol("the answer is nested far deeper than vMix's XML"));
    }
    let document = Document::parse(xml).map_err(|error| {
        let ends = xml.trim_end().ends_with("</vmix>");
        match xml.trim_start().starts_with("<vmix") && !ends {
            true => Failure::protocol(format!("the state breaks off after {} bytes", xml.len())),
            false => Failure::protocol(format!("the answer is not vMix's XML: {error}")),
        }
    })?;
    let root = document.root_element();
    if root.tag_name().name() != "vmix" {
        let name = root.tag_name().name();
        return Err(Failure::protocol(format!("the answer is `{name}` and not vMix's state")));
    }
    let mut reader = Reader { notes: Vec::new() };
    let mut state = reader.members(root, "");
    complete(&mut state);
    state.insert("notes".to_owned(), json!(reader.notes));
    Ok(Value::Object(state))
}

/// Fills in what this version of vMix does not have, and what is easier to read in another form.
fn complete(state: &mut Map<String, Value>) {
    for (name, default) in [
        ("version", Value::Null),
        ("edition", Value::Null),
        ("preset", Value::Null),
        ("inputs", json!([])),
        ("overlays", json!([])),
        ("transitions", json!([])),
        ("mixes", json!([])),
        ("outputs", json!([])),
        ("active", Value::Null),
        ("preview", Value::Null),
        ("fadeToBlack", Value::Null),
        ("audio", json!({})),
        ("dynamic", json!({})),
    ] {
        state.entry(name).or_insert(default);
    }
    for name in members::SWITCHES {
        state.entry(*name).or_insert_with(|| json!({ "active": null }));
    }
    let inputs = state.get("inputs").map(Members::items).unwrap_or_default();
    let replay = inputs.iter().find_map(|input| input.get("replay")).cloned();
    state.insert("replay".to_owned(), replay.unwrap_or_default());
    if let Some(streaming) = state.get_mut("streaming").and_then(Value::as_object_mut) {
        let channels = channels(streaming);
        streaming.insert("channels".to_owned(), channels);
    }
}

/// `channel1="True"` … as a list; vMix's functions count these channels from 0. Older versions
/// have three, and none says anything while nothing streams.
fn channels(streaming: &mut Map<String, Value>) -> Value {
    let mut channels = Vec::new();
    for channel in 0.. {
        let Some(active) = streaming.shift_remove(&format!("channel{}", channel + 1)) else {
            break;
        };
        channels.push(json!({ "channel": channel, "active": active }));
    }
    Value::Array(channels)
}

/// Reads elements, and keeps what could not be read.
struct Reader {
    notes: Vec<String>,
}

impl Reader {
    /// Attributes and children as members.
    fn members(&mut self, node: Node<'_, '_>, place: &str) -> Map<String, Value> {
        let mut found = Map::new();
        for attribute in node.attributes() {
            let name = attribute.name();
            let value = self.typed(name, attribute.value(), place);
            found.insert(name.to_owned(), value);
        }
        for child in node.children().filter(Node::is_element) {
            let name = child.tag_name().name();
            let place = format!("{place}/{name}");
            let value = self.element(child, &place);
            match members::REPEATED.iter().find(|(one, _)| *one == name) {
                None => {
                    let taken = found.contains_key(name);
                    let other = members::RENAMED.iter().find(|(one, _)| taken && *one == name);
                    found.insert(other.map_or(name, |(_, other)| other).to_owned(), value);
                }
                Some((_, several)) => {
                    let list = found.entry((*several).to_owned()).or_insert_with(|| json!([]));
                    if let Some(list) = list.as_array_mut() {
                        list.push(value);
                    }
                }
            }
        }
        found
    }

    fn element(&mut self, node: Node<'_, '_>, place: &str) -> Value {
        let name = node.tag_name().name();
        let text = node.text().unwrap_or_default().trim();
        if members::LISTS.contains(&name) {
            let children = node.children().filter(Node::is_element).enumerate();
            let item = |(at, child): (usize, Node<'_, '_>)| {
                self.element(child, &format!("{place}/{}", at + 1))
            };
            return children.map(item).collect();
        }
        let mut found = self.members(node, place);
        if members::SWITCHES.contains(&name) {
            let active = self.typed(SWITCH_TEXT, text, place);
            found.insert("active".to_owned(), active);
            return Value::Object(found);
        }
        if found.is_empty() {
            let written = members::kind(name) == Some(Kind::Text);
            return if text.is_empty() && !written {
                Value::Null
            } else {
                self.typed(name, text, place)
            };
        }
        match name {
            // An input's text repeats its title.
            "input" | "vmix" => {}
            "overlay" if !found.contains_key("key") => {
                let input =
                    if text.is_empty() { Value::Null } else { self.typed("input", text, place) };
                found.insert("input".to_owned(), input);
            }
            "text" | "image" | "color" | "item" => {
                found.insert("value".to_owned(), json!(text));
            }
            _ if text.is_empty() => {}
            _ => {
                let value = self.typed(name, text, place);
                found.insert("value".to_owned(), value);
            }
        }
        Value::Object(found)
    }

    /// By the kind its name has; by its looks when the name is new.
    fn typed(&mut self, name: &str, text: &str, place: &str) -> Value {
        let (value, wanted) = match members::kind(name) {
            Some(Kind::Text) => (Some(json!(text)), ""),
            Some(Kind::Buses) => {
                (Some(text.split(',').filter(|bus| !bus.is_empty()).collect()), "")
            }
            Some(Kind::Flag) => (flag(text), "neither True nor False"),
            Some(Kind::Number) => (number(text), "no number"),
            Some(Kind::Either) => (number(text).or_else(|| flag(text)), "no number"),
            None => {
                let looks = flag(text).or_else(|| number(text));
                (Some(looks.unwrap_or_else(|| json!(text))), "")
            }
        };
        if value.is_none() && self.notes.len() < NOTES_MAX {
            let shown: String = text.chars().take(40).collect();
            // An element's own text needs no second name.
            let own = place.ends_with(&format!("/{name}")) || name == SWITCH_TEXT;
            let name = if own { String::new() } else { format!(" {name}") };
            self.notes.push(format!("{place}{name}: `{shown}` is {wanted}"));
        }
        value.unwrap_or_default()
    }
}

/// A volume of 100 is written without its fraction.
fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(json!(whole));
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from)
}

fn flag(text: &str) -> Option<Value> {
    match text {
        "True" | "true" => Some(json!(true)),
        "False" | "false" => Some(json!(false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
