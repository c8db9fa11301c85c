//! Entities and their states: lists, one of them, what changes only Home Assistant's stored copy.

use crate::home::Home;
use crate::socket::Socket;
use crate::states::{Change, States};
use if_sdk::prelude::*;

/// Longest entity id that Home Assistant accepts.
pub const ID_LENGTH_MAX: u32 = 255;

/// What a table of entities shows.
const ROW: &[(&str, &str)] = &[("entity", "entity_id"), ("state", "state")];

/// The parameter that names an entity.
pub fn entity(about: &str) -> if_sdk::Parameter<String> {
    some_entity(about).positional()
}

/// The same as an option, or in a list.
pub fn some_entity(about: &str) -> if_sdk::Parameter<String> {
    text("entity", about).longest(ID_LENGTH_MAX).completes("entities", "/entities/*/entity")
}

pub fn commands() -> [Command; 3] {
    [
        read("entities", "every entity with its state")
            .takes(text("domain", "only these, such as light").optional())
            .example("ha entities myhome --domain light")
            .table("/entities", &["entity", "state", "name"])
            .run(|call, domain: Option<String>| {
                Ok(json!({ "entities": rows(&Home::of(call)?, domain.as_deref())? }))
            }),
        read("state", "one entity: its state and attributes")
            .takes(entity("such as light.kitchen"))
            .example("ha state myhome light.kitchen")
            .run(|call, id: String| state(&Home::of(call)?, &id)),
        write("forget", "drop an entity's stored state; its device hears nothing")
            .takes(entity("such as sensor.old"))
            .example("ha forget myhome sensor.old")
            .run(|call, id: String| {
                let home = Home::of(call)?;
                let request = home.request("DELETE", "/api/states")?.segment(&id);
                match home.object(request) {
                    Ok(_) => Ok(json!({ "forgotten": id })),
                    Err(failure) => Err(with_near_entity(&home, &id, failure)),
                }
            }),
    ]
}

/// `<domain> list`, the same for cameras, scripts, scenes and the rest.
pub fn list(path: &str, domain: &'static str, what: &str) -> Command {
    read(path, &format!("all {what} and their states"))
        .example(&format!("ha {path} myhome"))
        .table(&format!("/{what}"), &["entity", "state", "name"])
        .run({
            let what = what.to_owned();
            move |call, ()| {
                let rows = rows(&Home::of(call)?, Some(domain))?;
                Ok(Value::Object(Map::from_iter([(what.clone(), Value::Array(rows))])))
            }
        })
}

fn rows(home: &Home<'_>, domain: Option<&str>) -> Result<Vec<Value>, Failure> {
    let states = home.list_at("/api/states")?;
    let wanted = |state: &&Value| {
        let id = state.at("entity_id").as_str().unwrap_or_default();
        domain.is_none_or(|domain| domain_of(id) == domain)
    };
    let rows: Vec<Value> = states.items().iter().filter(wanted).map(row).collect();
    match domain {
        Some(domain) if rows.is_empty() => {
            let known = states.items().iter().filter_map(|state| state.at("entity_id").as_str());
            let near = nearest(domain, known.map(domain_of)).filter(|near| *near != domain);
            match near {
                Some(near) => {
                    Err(Failure::refused("not_found", format!("no entity is a `{domain}`"))
                        .hint(Some(format!("did you mean `{near}`?"))))
                }
                None => Ok(rows),
            }
        }
        _ => Ok(rows),
    }
}

fn row(state: &Value) -> Value {
    let mut row = state.pick(ROW);
    if let Some(row) = row.as_object_mut() {
        row.insert("name".to_owned(), state.at("attributes").at("friendly_name").clone());
        row.insert("last_changed".to_owned(), state.at("last_changed").clone());
    }
    row
}

/// The part of an entity's id before the dot.
pub fn domain_of(id: &str) -> &str {
    id.split('.').next().unwrap_or_default()
}

/// One entity's state, as REST has it; a name that does not exist gets the nearest as a hint.
pub fn state(home: &Home<'_>, id: &str) -> Outcome {
    let request = home.request("GET", "/api/states")?.segment(id);
    home.object(request).map_err(|failure| with_near_entity(home, id, failure))
}

/// A 404 about an entity, with the nearest that exists.
fn with_near_entity(home: &Home<'_>, id: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Refused(refusal) if refusal.code == "404" => {
            let states = home.list_at("/api/states").unwrap_or_default();
            let known = states.items().iter().filter_map(|state| state.at("entity_id").as_str());
            no_entity(id, known)
        }
        other => other,
    }
}

/// The refusal for an entity that is not there.
pub fn no_entity<'a>(id: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let near = nearest(id, known).map(|near| format!("did you mean `{near}`?"));
    Failure::refused("not_found", format!("Home Assistant has no entity `{id}`")).hint(near)
}

/// Entities whose states a conversation follows while it changes them.
#[derive(Default)]
pub struct Followed(pub States);

impl Followed {
    /// Follows these entities and demands that each exists: a service call to one that does not is
    /// accepted by Home Assistant and does nothing.
    pub fn these(socket: &mut Socket, ids: &[String]) -> Result<Self, Failure> {
        let mut states = States::default();
        if !ids.is_empty() {
            socket.ask("subscribe_entities", json!({ "entity_ids": ids }))?;
            states.take(socket.event()?.at("event"));
        }
        match ids.iter().find(|id| states.get(id).is_none()) {
            None => Ok(Self(states)),
            Some(missing) => {
                let all = socket.ask("get_states", json!({}))?;
                let known = all.items().iter().filter_map(|state| state.at("entity_id").as_str());
                Err(no_entity(missing, known))
            }
        }
    }

    /// What changed until now. Home Assistant answers in order: whatever a finished call changed
    /// stands before the answer to a question asked after it.
    pub fn changes(&mut self, socket: &mut Socket) -> Result<Vec<Value>, Failure> {
        socket.ask("ping", json!({}))?;
        let mut changes = Vec::new();
        while let Some(event) = socket.event_before() {
            changes.extend(self.0.take(event.at("event")).iter().map(Change::event));
        }
        Ok(changes)
    }
}
