//! Streams: states and events as they change, over a connection that is made anew when it breaks.
//!
//! States are followed by difference. When Home Assistant is back, its whole states are compared
//! with what was known: what changed meanwhile is told once, what did not is not told again.

use crate::entities::{no_entity, some_entity};
use crate::home::Home;
use crate::socket::Socket;
use crate::states::{Change, States};
use if_sdk::follow::{catch_up, follow};
use if_sdk::prelude::*;

/// Who is said to be gone and back.
const PEER: &str = "Home Assistant";

pub fn command() -> Command {
    read("watch", "states as they change, until stopped; one line for each change")
        .takes((
            flag("initial", "begin with the states as they are now"),
            list(some_entity("only these")).positional().or(json!([])),
        ))
        .example("ha watch myhome light.kitchen lock.front_door")
        .streams()
        .json()
        .run(states)
}

fn states(call: &Call, (initial, ids): (bool, Vec<String>)) -> Outcome {
    let home = Home::of(call)?;
    let subscribe = || {
        let mut socket = Socket::open(&home)?;
        let fields = if ids.is_empty() { json!({}) } else { json!({ "entity_ids": ids }) };
        socket.ask("subscribe_entities", fields)?;
        Ok(socket)
    };
    let mut known = States::default();
    let mut begun = false;
    catch_up(call, PEER, subscribe, |socket| {
        let changes = known.take(socket.event()?.at("event"));
        if !begun {
            begun = true;
            exist(socket, &known, &ids)?;
            if !initial {
                return Ok(());
            }
        }
        changes.iter().map(Change::event).try_for_each(|event| call.emit(&event))
    })
}

/// Watching what does not exist would be silent for ever.
fn exist(socket: &mut Socket, known: &States, ids: &[String]) -> Result<(), Failure> {
    let Some(missing) = ids.iter().find(|id| known.get(id).is_none()) else { return Ok(()) };
    let all = socket.ask("get_states", json!({}))?;
    let names = all.items().iter().filter_map(|state| state.at("entity_id").as_str());
    Err(no_entity(missing, names))
}

/// Events of one type, or all that the token's user may hear.
pub fn events(call: &Call, kind: Option<String>) -> Outcome {
    let home = Home::of(call)?;
    let subscribe = || {
        let mut socket = Socket::open(&home)?;
        let fields = kind.as_ref().map_or(json!({}), |kind| json!({ "event_type": kind }));
        socket.ask("subscribe_events", fields)?;
        Ok(socket)
    };
    follow(call, PEER, subscribe, |socket| {
        let event = socket.event()?;
        let event = event.at("event");
        call.emit(&event.pick(&[
            ("event", "event_type"),
            ("data", "data"),
            ("origin", "origin"),
            ("fired_at", "time_fired"),
        ]))
    })
}
