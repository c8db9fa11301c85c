//! On what a service acts: entities by id, areas and devices by id or name.

use crate::entities::some_entity;
use crate::socket::Socket;
use if_sdk::prelude::*;

/// What names a target on the command line.
type Names = (Vec<String>, Vec<String>, Vec<String>);

/// A target whose areas and devices are ids.
#[derive(Debug, Default)]
pub struct Target {
    entities: Vec<String>,
    areas: Vec<String>,
    devices: Vec<String>,
}

/// `--entity`, `--area` and `--device`, each as often as wanted.
pub fn parameters() -> impl Parameters<Values = Names> {
    (
        list(some_entity("on this entity; several with commas or given again")).or(json!([])),
        list(some("area", "on everything in this area, by name or id")).or(json!([])),
        list(some("device", "on everything of this device, by name or id")).or(json!([])),
    )
}

fn some(what: &str, about: &str) -> if_sdk::Parameter<String> {
    text(what, about).completes(&format!("registry {what}s"), &format!("/{what}s/*/name"))
}

impl Target {
    /// One entity.
    pub fn entity(id: &str) -> Self {
        Self { entities: vec![id.to_owned()], ..Self::default() }
    }

    /// Finds the ids of areas and devices.
    pub fn resolve(
        socket: &mut Socket,
        (entities, areas, devices): Names,
    ) -> Result<Self, Failure> {
        let split = |words: &[String]| -> Vec<String> {
            let words = words.iter().flat_map(|word| word.split(','));
            words.map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
        };
        let areas = look_up(socket, "area", ("area_id", "name"), areas)?;
        let devices = look_up(socket, "device", ("id", "name"), devices)?;
        Ok(Self { entities: split(&entities), areas, devices })
    }

    /// Whether it names nothing.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty() && self.areas.is_empty() && self.devices.is_empty()
    }

    /// The member `target` of a call.
    pub fn json(&self) -> Value {
        let parts =
            [("entity_id", &self.entities), ("area_id", &self.areas), ("device_id", &self.devices)];
        let named = parts.into_iter().filter(|(_, ids)| !ids.is_empty());
        Value::Object(named.map(|(name, ids)| (name.to_owned(), json!(ids))).collect())
    }

    /// The entities that are named one by one, here or in the data; `all` and `none` are words.
    pub fn entities_named(&self, data: &Map<String, Value>) -> Vec<String> {
        let given = data.get("entity_id");
        let in_data = match given {
            Some(Value::String(ids)) => ids.split(',').map(|id| id.trim().to_owned()).collect(),
            Some(Value::Array(ids)) => {
                ids.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        let all = self.entities.iter().cloned().chain(in_data);
        all.filter(|id| id.contains('.')).collect()
    }
}

/// Ids of these names in a registry.
fn look_up(
    socket: &mut Socket,
    registry: &str,
    (id, name): (&str, &str),
    wanted: Vec<String>,
) -> Result<Vec<String>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let known = socket.ask(&format!("config/{registry}_registry/list"), json!({}))?;
    let find = |word: String| {
        let called = |entry: &&Value| {
            let names = [entry.at(id), entry.at("name_by_user"), entry.at(name)];
            names.iter().any(|known| {
                known.as_str().is_some_and(|known| known.to_lowercase() == word.to_lowercase())
            })
        };
        match known.items().iter().find(called).and_then(|entry| entry.at(id).as_str()) {
            Some(id) => Ok(id.to_owned()),
            None => {
                let names = known.items().iter().filter_map(|entry| entry.at(name).as_str());
                let near = nearest(&word, names).map(|near| format!("did you mean `{near}`?"));
                let fault = format!("Home Assistant has no {registry} `{word}`");
                Err(Failure::refused("not_found", fault).hint(near))
            }
        }
    };
    wanted.into_iter().map(find).collect()
}
