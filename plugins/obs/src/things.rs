//! What has a name in OBS: how a request addresses it, by name or UUID, and what else is called
//! nearly so.

use crate::protocol::NOT_FOUND;
use crate::session::Obs;
use if_sdk::prelude::*;

/// Something a person names.
#[derive(Debug, Clone, Copy)]
pub enum Thing<'a> {
    Scene(&'a str),
    Input(&'a str),
    /// A scene or an input: whatever can have filters or a picture.
    Source(&'a str),
    /// A source in this scene.
    Item {
        scene: &'a str,
        source: &'a str,
    },
    /// A filter of this source.
    Filter {
        source: &'a str,
        filter: &'a str,
    },
    Transition(&'a str),
}

impl<'a> Thing<'a> {
    fn given(self) -> &'a str {
        match self {
            Self::Scene(name) | Self::Input(name) | Self::Source(name) => name,
            Self::Item { source, .. } => source,
            Self::Filter { filter, .. } => filter,
            Self::Transition(name) => name,
        }
    }

    /// What exists of its sort.
    fn names(self, obs: &mut Obs) -> Result<Vec<String>, Failure> {
        let mut list = |kind: &str, data: Value, rows: &str, name: &str| {
            let answer = obs.request(kind, data)?;
            let names = answer.at(rows).items().iter().filter_map(|row| row.at(name).as_str());
            Ok::<_, Failure>(names.map(str::to_owned).collect::<Vec<_>>())
        };
        let scenes = ("GetSceneList", "scenes", "sceneName");
        let inputs = ("GetInputList", "inputs", "inputName");
        match self {
            Self::Scene(_) => list(scenes.0, json!({}), scenes.1, scenes.2),
            Self::Input(_) => list(inputs.0, json!({}), inputs.1, inputs.2),
            Self::Source(_) => {
                let mut names = list(inputs.0, json!({}), inputs.1, inputs.2)?;
                names.extend(list(scenes.0, json!({}), scenes.1, scenes.2)?);
                Ok(names)
            }
            Self::Item { scene, .. } => {
                list("GetSceneItemList", by("scene", scene), "sceneItems", "sourceName")
            }
            Self::Filter { source, .. } => {
                list("GetSourceFilterList", by("source", source), "filters", "filterName")
            }
            Self::Transition(_) => {
                list("GetSceneTransitionList", json!({}), "transitions", "transitionName")
            }
        }
    }
}

/// `{"sceneName": "Main"}`, or `{"sceneUuid": …}` for what looks like a UUID.
pub fn by(sort: &str, given: &str) -> Value {
    let suffix = if is_uuid(given) { "Uuid" } else { "Name" };
    json!({ format!("{sort}{suffix}"): given })
}

/// The same with further fields.
pub fn by_with(sort: &str, given: &str, more: Value) -> Value {
    let mut data = by(sort, given);
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    data
}

/// 8-4-4-4-12 hexadecimal digits, as OBS writes them.
pub fn is_uuid(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// A refusal because something does not exist, with the nearest name of the first that does not.
pub fn with_nearest(obs: &mut Obs, failure: Failure, things: &[Thing<'_>]) -> Failure {
    let missing = matches!(&failure, Failure::Refused(refusal) if refusal.code == NOT_FOUND);
    if !missing {
        return failure;
    }
    for thing in things {
        let names = thing.names(obs).unwrap_or_default();
        if !names.iter().any(|name| name == thing.given()) && !is_uuid(thing.given()) {
            return failure.or_nearest(NOT_FOUND, thing.given(), || Ok(names));
        }
    }
    failure
}

/// The number under which OBS knows a source in a scene.
pub fn item_id(obs: &mut Obs, scene: &str, source: &str) -> Result<Value, Failure> {
    let things = [Thing::Scene(scene), Thing::Item { scene, source }];
    if !is_uuid(source) {
        let data = by_with("scene", scene, json!({ "sourceName": source }));
        return Ok(obs.on(&things, "GetSceneItemId", data)?.take_at("sceneItemId"));
    }
    let list = obs.on(&things, "GetSceneItemList", by("scene", scene))?;
    let items = list.at("sceneItems").items();
    let found = items.iter().find(|item| item.at("sourceUuid") == source);
    let item = found.ok_or_else(|| Failure::refused(NOT_FOUND, "no such source in that scene"))?;
    Ok(item.at("sceneItemId").clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_uuid_is_one() {
        let uuid = "0a1B2c3d-0000-1111-2222-333344445555";
        assert_eq!(by("scene", uuid), json!({ "sceneUuid": uuid }));
        for name in ["Main", "", "0a1b2c3d-0000-1111-2222-33334444555", "-".repeat(36).as_str()] {
            assert_eq!(by("input", name), json!({ "inputName": name }));
        }
        let more = by_with("source", "Mic", json!({ "filterName": "Gate" }));
        assert_eq!(more, json!({ "sourceName": "Mic", "filterName": "Gate" }));
    }
}
