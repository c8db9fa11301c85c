//! States as `subscribe_entities` sends them: short names, and only what changed.
//!
//! `a` holds whole states of entities, `c` what was added (`+`) and taken away (`-`) since, `r` the
//! names of those that are gone. Source: the compressed states of Home Assistant's WebSocket API.
//! Pure: a message and what was known give what is known now and what changed.

use if_sdk::prelude::*;
use std::collections::BTreeMap;

/// One entity as it is now.
#[derive(Debug, Clone)]
pub struct State {
    pub state: Value,
    pub attributes: Map<String, Value>,
    /// Seconds since 1970.
    pub changed: f64,
}

/// Equal whenever nothing that a person sees differs: after a restart every state is of a new time.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state && self.attributes == other.attributes
    }
}

/// One change of one entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub entity: String,
    pub before: Option<State>,
    pub after: Option<State>,
}

/// Everything that is known.
#[derive(Debug, Default)]
pub struct States {
    known: BTreeMap<String, State>,
}

impl States {
    /// Takes one message's `event`; what really changed, in the order of the message. Whole states
    /// that say what was known already, as after connecting anew, are no change.
    pub fn take(&mut self, event: &Value) -> Vec<Change> {
        let mut changes = Vec::new();
        for (entity, state) in members(event.at("a")) {
            let state = State::read(state);
            let before = self.known.insert(entity.clone(), state.clone());
            if before.as_ref() != Some(&state) {
                changes.push(Change { entity: entity.clone(), before, after: Some(state) });
            }
        }
        for (entity, difference) in members(event.at("c")) {
            let Some(known) = self.known.get_mut(entity) else { continue };
            let before = known.clone();
            known.apply(difference);
            if before != *known {
                let (entity, after) = (entity.clone(), Some(known.clone()));
                changes.push(Change { entity, before: Some(before), after });
            }
        }
        for entity in event.at("r").items().iter().filter_map(Value::as_str) {
            if let Some(before) = self.known.remove(entity) {
                let (entity, before) = (entity.to_owned(), Some(before));
                changes.push(Change { entity, before, after: None });
            }
        }
        changes
    }

    /// One entity.
    pub fn get(&self, entity: &str) -> Option<&State> {
        self.known.get(entity)
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

impl State {
    fn read(value: &Value) -> Self {
        Self {
            state: value.at("s").clone(),
            attributes: value.at("a").as_object().cloned().unwrap_or_default(),
            changed: value.at("lc").as_f64().unwrap_or_default(),
        }
    }

    fn apply(&mut self, difference: &Value) {
        let added = difference.at("+");
        if let Some(state) = added.get("s") {
            self.state = state.clone();
        }
        if let Some(changed) = added.at("lc").as_f64() {
            self.changed = changed;
        }
        for (name, value) in members(added.at("a")) {
            self.attributes.insert(name.clone(), value.clone());
        }
        for name in difference.at("-").at("a").items().iter().filter_map(Value::as_str) {
            self.attributes.remove(name);
        }
    }
}

impl Change {
    /// The change as people and programs read it.
    pub fn event(&self) -> Value {
        let state = |state: &Option<State>| state.as_ref().map(|state| state.state.clone());
        let mut event = json!({
            "entity": self.entity,
            "state": state(&self.after),
            "before": state(&self.before),
        });
        if let (Some(event), Some(after)) = (event.as_object_mut(), &self.after) {
            event.insert("attributes".to_owned(), Value::Object(self.attributes_changed(after)));
            event.insert("changed_at".to_owned(), json!(after.changed));
        }
        event
    }

    /// The attributes that differ; all of them when nothing was known.
    fn attributes_changed(&self, after: &State) -> Map<String, Value> {
        let before = self.before.as_ref().map(|before| &before.attributes);
        let differs = |(name, value): &(&String, &Value)| {
            before.is_none_or(|before| before.get(*name) != Some(*value))
        };
        let changed = after.attributes.iter().filter(differs);
        let mut changed: Map<_, _> =
            changed.map(|(name, value)| (name.clone(), value.clone())).collect();
        for name in before.into_iter().flat_map(Map::keys) {
            if !after.attributes.contains_key(name) {
                changed.insert(name.clone(), Value::Null);
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(states: &mut States, event: Value) -> Vec<Value> {
        states.take(&event).iter().map(Change::event).collect()
    }

    #[test]
    fn only_what_changed_is_an_event() {
        let mut states = States::default();
        let whole =
            json!({ "a": { "light.a": { "s": "off", "a": { "x": 1, "y": 2 }, "lc": 5.0 } } });
        assert_eq!(seen(&mut states, whole.clone()).len(), 1);
        let mut again = whole.clone();
        assert!(seen(&mut states, whole).is_empty(), "the same again is no change");
        again["a"]["light.a"]["lc"] = json!(9.0);
        assert!(seen(&mut states, again).is_empty(), "nor is the same after a restart");
        let on = json!({ "c": { "light.a": { "+": { "s": "on", "lc": 6.0, "a": { "x": 3 } },
            "-": { "a": ["y"] } } } });
        let expect = json!({ "entity": "light.a", "state": "on", "before": "off",
            "attributes": { "x": 3, "y": null }, "changed_at": 6.0 });
        assert_eq!(seen(&mut states, on.clone()), [expect]);
        assert!(seen(&mut states, on).is_empty());
        let gone = json!({ "entity": "light.a", "state": null, "before": "on" });
        assert_eq!(seen(&mut states, json!({ "r": ["light.a"] })), [gone]);
        assert!(seen(&mut states, json!({ "r": ["light.a"] })).is_empty());
    }

    #[test]
    fn odd_shapes_are_ignored() {
        let mut states = States::default();
        for event in [json!([]), json!({ "a": 1 }), json!({ "c": { "x.y": 1 } }), json!({ "r": 7 })]
        {
            assert!(seen(&mut states, event).is_empty());
        }
    }
}
