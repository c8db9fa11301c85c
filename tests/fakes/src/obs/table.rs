//! Requests and events of the newest protocol, by its published field tables: what a real OBS of
//! today knows and the one that can be installed does not.
//!
//! It checks fields as OBS does (missing, type, range, in OBS's words) and answers with values of
//! the published types. It keeps no state: a name that was set is not remembered.
//!
//! Source: obsproject/obs-websocket 5.7.3, `docs/generated/protocol.json`, as two tables.

// `serde_json` makes the members that are not there; a fake may fail loudly on what is no object.
#![allow(clippy::indexing_slicing)]

use serde_json::{Map, Value, json};

/// `request,category,since,deprecated,field,direction,type,optional,range`
const REQUESTS: &str = include_str!("../../data/obs-requests.csv");
/// `event,category,subscription,since,field,type`
const EVENTS: &str = include_str!("../../data/obs-events.csv");

/// Subscription bits by name.
const SUBSCRIPTIONS: [(&str, u32); 16] = [
    ("General", 1 << 0),
    ("Config", 1 << 1),
    ("Scenes", 1 << 2),
    ("Inputs", 1 << 3),
    ("Transitions", 1 << 4),
    ("Filters", 1 << 5),
    ("Outputs", 1 << 6),
    ("SceneItems", 1 << 7),
    ("MediaInputs", 1 << 8),
    ("Vendors", 1 << 9),
    ("Ui", 1 << 10),
    ("Canvases", 1 << 11),
    ("InputVolumeMeters", 1 << 16),
    ("InputActiveStateChanged", 1 << 17),
    ("InputShowStateChanged", 1 << 18),
    ("SceneItemTransformChanged", 1 << 19),
];

/// A field of a request: name, type, whether it may be missing, range.
struct Field<'a> {
    name: &'a str,
    kind: &'a str,
    optional: bool,
    range: &'a str,
}

fn rows(request: &str) -> impl Iterator<Item = Vec<&'static str>> {
    REQUESTS.lines().skip(1).map(split).filter(move |cells| cells.first() == Some(&request))
}

/// Cells of a line; the last one of a request may hold a quoted comma.
fn split(line: &'static str) -> Vec<&'static str> {
    let mut cells: Vec<_> = line.splitn(9, ',').collect();
    if let Some(last) = cells.last_mut() {
        *last = last.trim_matches('"');
    }
    cells
}

/// Names of all 147 requests.
pub fn requests() -> Vec<&'static str> {
    let mut names: Vec<_> =
        REQUESTS.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    names.dedup();
    names
}

/// What an OBS of today answers: data, or code and comment.
pub(super) fn answer(request: &str, data: &Value) -> Result<Value, (u16, String)> {
    if rows(request).next().is_none() {
        return Err((204, "Your request type is not valid.".into()));
    }
    let (mut answered, none) = (Map::new(), json!({}));
    let data = if data.is_null() { &none } else { data };
    for cells in rows(request) {
        let [_, _, _, _, name, direction, kind, optional, range] = cells[..] else { continue };
        let field = Field { name, kind, optional: optional == "True", range };
        match direction {
            "in" => field.check(data)?,
            "out" => drop(answered.insert(name.to_owned(), sample(name, kind))),
            _ => {}
        }
    }
    Ok(Value::Object(answered))
}

impl Field<'_> {
    fn check(&self, data: &Value) -> Result<(), (u16, String)> {
        let place = format!("/{}", self.name.replace('.', "/"));
        let (name, missing) = (self.name, 300);
        let Some(value) = data.pointer(&place).filter(|value| !value.is_null()) else {
            let fine = self.optional;
            let comment = format!("Your request is missing the `{name}` field.");
            return if fine { Ok(()) } else { Err((missing, comment)) };
        };
        let (fits, wanted) = match self.kind {
            "String" => (value.is_string(), "a string"),
            "Number" => (value.is_number(), "a number"),
            "Boolean" => (value.is_boolean(), "boolean"),
            "Object" => (value.is_object(), "an object"),
            _ => (true, ""),
        };
        if !fits {
            return Err((401, format!("The field value of `{name}` must be {wanted}.")));
        }
        let number = value.as_f64().unwrap_or_default();
        for bound in self.range.split(", ").filter(|bound| !bound.is_empty()) {
            let limit: f64 = bound.get(3..).and_then(|text| text.parse().ok()).unwrap_or_default();
            let (out, side) = match bound.get(..2) {
                Some(">=") => (number < limit, "below the minimum"),
                _ => (number > limit, "above the maximum"),
            };
            if out {
                let comment = format!("The field value of `{name}` is {side} of `{limit:.6}`");
                return Err((402, comment));
            }
        }
        Ok(())
    }
}

/// A value of a published type.
fn sample(name: &str, kind: &str) -> Value {
    match kind {
        "String" => json!(format!("a {name}")),
        "Number" => json!(1),
        "Boolean" => json!(true),
        "Array<String>" => json!(["one", "two"]),
        "Array<Object>" => json!([{ "name": "one" }]),
        "Object" => json!({ "member": 1 }),
        _ => json!("anything"),
    }
}

/// A valid value for every field of a request, required or not.
pub fn example(request: &str) -> Value {
    let mut data = json!({});
    for cells in rows(request) {
        let [_, _, _, _, name, "in", kind, _, range] = cells[..] else { continue };
        let value = match (kind, range.split(", ").next()) {
            ("Number", Some(bound)) if !bound.is_empty() => {
                json!(bound.get(3..).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0).max(0.0))
            }
            _ => sample(name, kind),
        };
        match name.split_once('.') {
            None => data[name] = value,
            // Members of an object that is itself a field.
            Some((outer, inner)) => {
                data[outer].as_object_mut().map(|object| object.shift_remove("member"));
                data[outer][inner] = value;
            }
        }
    }
    data
}

/// One event of each of the 60 types, as OBS sends it.
pub fn events() -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for line in EVENTS.lines().skip(1) {
        let cells: Vec<_> = line.split(',').collect();
        let [event, _, subscription, _, field, kind] = cells[..] else { continue };
        if all.last().is_none_or(|last| last["eventType"] != event) {
            let intent = SUBSCRIPTIONS.iter().find(|(name, _)| *name == subscription);
            let intent = intent.map_or(0, |(_, bit)| *bit);
            all.push(json!({ "eventType": event, "eventIntent": intent, "eventData": {} }));
        }
        if let (Some(last), false) = (all.last_mut(), field.is_empty()) {
            last["eventData"][field] = sample(field, kind);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole_and_every_example_is_accepted() {
        assert_eq!((requests().len(), events().len()), (147, 60));
        for request in requests() {
            let data = example(request);
            assert!(
                answer(request, &data).is_ok(),
                "{request} {data}: {:?}",
                answer(request, &data)
            );
        }
        assert!(events().iter().all(|event| event["eventIntent"] != 0));
    }

    #[test]
    fn fields_are_checked_as_obs_checks_them() {
        let refused = |request: &str, data: Value| answer(request, &data).unwrap_err();
        assert_eq!(refused("SetRecordDirectory", json!({})).0, 300);
        assert_eq!(refused("SetRecordDirectory", json!({ "recordDirectory": 1 })).0, 401);
        assert_eq!(refused("SetInputVolume", json!({ "inputVolumeDb": 27 })).0, 402);
        assert_eq!(refused("Nothing", json!({})).0, 204);
    }
}
