//! What vMix tells about itself.

use super::on;
use crate::inputs;
use if_sdk::prelude::*;

pub fn commands() -> Vec<Command> {
    vec![
        on(
            read("status", "what is on air: program, preview, streams, recording, overlays")
                .example("vmix status studio"),
            (),
            |vmix, ()| Ok(status(&vmix.state()?)),
        ),
        on(
            read("state", "program and preview of every mix; --full for all vMix tells")
                .example("vmix state studio")
                .example("vmix state studio --full --json")
                .json(),
            flag("full", "inputs, overlays, audio, recording, outputs and everything else"),
            |vmix, full| {
                let state = vmix.state()?;
                Ok(if full { state } else { mixes(&state) })
            },
        ),
        on(
            read("inputs", "all inputs")
                .example("vmix inputs studio")
                .example("vmix inputs studio --type Video")
                .table("/inputs", &["number", "title", "type", "state", "position", "duration"]),
            text("type", "only of this type, such as Video").optional(),
            |vmix, kind: Option<String>| {
                let state = vmix.state()?;
                let wanted = |entry: &&Value| {
                    let of = entry.at("type").as_str().unwrap_or_default();
                    kind.as_deref().is_none_or(|kind| of.eq_ignore_ascii_case(kind))
                };
                let inputs: Vec<_> = state.at("inputs").items().iter().filter(wanted).collect();
                Ok(json!({ "inputs": inputs, "notes": state.at("notes") }))
            },
        ),
    ]
}

fn shown(state: &Value, number: &Value) -> Value {
    let found = inputs::find(state, &number.to_string());
    found.map_or_else(|_| json!({ "number": number }), |input| input.shown())
}

/// The main mix and those behind it, counted as functions count them.
fn mixes(state: &Value) -> Value {
    let others = state.at("mixes").items().iter().map(|mix| {
        json!({
            "mix": mix.at("number").as_i64().map(|number| number - 1),
            "active": mix.at("active"),
            "preview": mix.at("preview"),
        })
    });
    json!({
        "active": state.at("active"),
        "preview": state.at("preview"),
        "program": shown(state, state.at("active")),
        "next": shown(state, state.at("preview")),
        "mixes": others.collect::<Vec<_>>(),
    })
}

fn status(state: &Value) -> Value {
    let on = |name: &str| state.at(name).at("active").clone();
    let shows = |overlay: &&Value| !overlay.at("input").is_null();
    let overlays = state.at("overlays").items().iter().filter(shows);
    json!({
        "version": state.at("version"),
        "edition": state.at("edition"),
        "preset": state.at("preset"),
        "inputs": state.at("inputs").items().len(),
        "program": shown(state, state.at("active")),
        "preview": shown(state, state.at("preview")),
        "streaming": on("streaming"),
        "channels": state.at("streaming").at("channels"),
        "recording": on("recording"),
        "record_duration": state.at("recording").at("duration"),
        "external": on("external"),
        "multicorder": on("multiCorder"),
        "playlist": on("playList"),
        "fullscreen": on("fullscreen"),
        "fade_to_black": state.at("fadeToBlack"),
        "overlays": overlays.collect::<Vec<_>>(),
        "master_volume": state.at("audio").at("master").at("volume"),
        "master_muted": state.at("audio").at("master").at("muted"),
        "notes": state.at("notes"),
    })
}
