//! `ws`: any command of the WebSocket API by its type.

use crate::effects;
use crate::home::Home;
use crate::socket::Socket;
use if_sdk::prelude::*;

/// Most events that one command waits for; who wants more wants `watch`.
const EVENTS_MAX: i64 = 1_000;

pub fn command() -> Command {
    let about = "any command of the WebSocket API; its effect stands in the signed table";
    by_table("ws", about, "commands", "type")
        .takes((
            text("type", "such as config/area_registry/list").positional(),
            if_sdk::json("data", "its fields as a JSON object").or(json!({})),
            int("events", "of a subscription: wait for this many").between(0, EVENTS_MAX).or(0),
        ))
        .example("ha ws myhome get_config")
        .example(
            "ha ws myhome weather/subscribe_forecast --data '{\"entity_id\": \
         \"weather.home\", \"forecast_type\": \"daily\"}' --events 1",
        )
        .json()
        .run(run)
}

fn run(call: &Call, (kind, data, events): (String, Value, i64)) -> Outcome {
    if !data.is_object() {
        return Err(Failure::usage("`data` must be a JSON object"));
    }
    let mut socket = Socket::open(&Home::of(call)?)?;
    let answer = match effects::of_command(&kind) {
        Some("read" | "session") => socket.ask(&kind, data),
        _ => socket.tell(&kind, data),
    };
    let result = answer.map_err(|failure| near(&kind, failure))?;
    if events == 0 {
        return Ok(json!({ "type": kind, "result": result }));
    }
    let mut heard = Vec::new();
    for _ in 0..events {
        heard.push(socket.event()?.take_at("event"));
    }
    Ok(json!({ "type": kind, "result": result, "events": heard }))
}

/// A type that this Home Assistant does not know: the nearest that the table knows.
fn near(kind: &str, failure: Failure) -> Failure {
    match &failure {
        Failure::Refused(refusal) if refusal.code == "unknown_command" => {
            let near = nearest(kind, effects::command_types()).filter(|near| *near != kind);
            failure.hint(near.map(|near| format!("did you mean `{near}`?")))
        }
        _ => failure,
    }
}
