//! Events of the bus: which have listeners, firing one, hearing them as they come.

use crate::home::Home;
use crate::watch;
use if_sdk::prelude::*;

/// Longest name of an event: Home Assistant's own bound.
const TYPE_LENGTH_MAX: u32 = 64;

pub fn commands() -> [Command; 3] {
    [
        read("event list", "events that somebody listens to")
            .example("ha event list myhome")
            .table("/events", &["event", "listener_count"])
            .run(|call, ()| Ok(json!({ "events": Home::of(call)?.list_at("/api/events")? }))),
        write("event fire", "fire an event; automations may act on it")
            .takes((
                text("type", "its name").positional().longest(TYPE_LENGTH_MAX),
                if_sdk::json("data", "its data, a JSON object").or(json!({})),
            ))
            .example("ha event fire myhome show_begins --data '{\"act\": 1}'")
            .run(|call, (kind, data): (String, Value)| {
                let home = Home::of(call)?;
                let request = home.request("POST", "/api/events")?.segment(&kind).json(&data);
                home.object(request)
            }),
        read("event watch", "events as they are fired, until stopped")
            .takes(text("type", "only this one").positional().optional())
            .example("ha event watch myhome call_service")
            .streams()
            .json()
            .run(|call, kind: Option<String>| watch::events(call, kind)),
    ]
}
