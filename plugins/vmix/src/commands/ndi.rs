//! NDI inputs. vMix's functions cannot make one: `AddInput` knows no type for it, so a source is
//! chosen on an NDI input that exists.

use super::{on, told};
use crate::inputs;
use crate::link::{Vmix, values};
use if_sdk::Parameter;
use if_sdk::prelude::*;

/// The type as the state names it.
const NDI: &str = "NDI";

fn ndi_input() -> Parameter<String> {
    text("input", "the NDI input: number, title or key").completes("ndi list", "/inputs/*/title")
}

pub fn commands() -> Vec<Command> {
    vec![
        on(
            write("ndi add", "show an NDI source on an NDI input that exists")
                .example("vmix ndi add studio --source \"STUDIO-PC (CAM 1)\" --input 3"),
            (
                text("source", "the source's name, as vMix lists it").positional(),
                ndi_input().optional(),
            ),
            |vmix, (source, input): (String, _)| {
                let state = vmix.state()?;
                let Some(input) = input else { return Err(needs_input(&state)) };
                act(vmix, &state, &input, "NDISelectSourceByName", Some(source))
            },
        ),
        on(
            read("ndi list", "inputs that show NDI sources")
                .example("vmix ndi list studio")
                .table("/inputs", &["number", "title", "state"]),
            (),
            |vmix, ()| Ok(json!({ "inputs": ndi_inputs(&vmix.state()?) })),
        ),
        on(
            dangerous("ndi remove", "remove an NDI input from the show")
                .example("vmix ndi remove studio --input 3 --yes"),
            ndi_input().positional(),
            |vmix, input: String| {
                let state = vmix.state()?;
                act(vmix, &state, &input, "RemoveInput", None)
            },
        ),
    ]
}

fn ndi_inputs(state: &Value) -> Vec<Value> {
    let is_ndi = |entry: &&Value| entry.at("type") == NDI;
    let row = |entry: &Value| {
        entry.pick(&[("number", "number"), ("key", "key"), ("title", "title"), ("state", "state")])
    };
    state.at("inputs").items().iter().filter(is_ndi).map(row).collect()
}

fn needs_input(state: &Value) -> Failure {
    let found = ndi_inputs(state);
    let named = |entry: &Value| {
        format!("{} `{}`", entry.at("number"), entry.at("title").as_str().unwrap_or_default())
    };
    let there = match found.as_slice() {
        [] => "there is none".to_owned(),
        found => format!("there are {}", found.iter().map(named).collect::<Vec<_>>().join(", ")),
    };
    Failure::usage(format!(
        "vMix has no function that adds an NDI input: add one in vMix (Add Input, NDI), then name \
         it with --input; {there}"
    ))
}

fn act(
    vmix: &mut Vmix<'_>,
    state: &Value,
    name: &str,
    function: &str,
    value: Option<String>,
) -> Outcome {
    // Program and preview are looked up, too: only their entries say what they are.
    let role = match name {
        "-1" => state.at("active").to_string(),
        "0" => state.at("preview").to_string(),
        name => name.to_owned(),
    };
    let input = inputs::find(state, &role)?;
    if input.entry.at("type") != NDI {
        let kind = input.entry.at("type").as_str().unwrap_or("of unknown type");
        let text = format!("input `{name}` is {kind} and not NDI");
        let hint = format!("see `vmix ndi list {}`", vmix.call.facts.name);
        return Err(Failure::refused("", text).hint(Some(hint)));
    }
    let values = values([("Input", Some(input.sent.clone())), ("Value", value)]);
    Ok(told(vmix.function(function, values)?, Some(&input)))
}
