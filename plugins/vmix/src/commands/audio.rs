//! Sound of an input.

use super::{input, on, told};
use crate::inputs;
use crate::link::{Vmix, values};
use if_sdk::prelude::*;

/// A fade of more than a minute is a slip of the finger.
const FADE_MS_MAX: i64 = 60_000;

pub fn commands() -> Vec<Command> {
    vec![
        on(
            write("audio volume", "set an input's volume")
                .example("vmix audio volume studio --input 2 --volume 80")
                .example("vmix audio volume studio \"Camera 1\" 0 --fade 2000"),
            (
                input(),
                decimal("volume", "0 is silent, 100 full").between(0.0, 100.0).positional(),
                int("fade", "milliseconds the change takes").between(0, FADE_MS_MAX).optional(),
            ),
            |vmix, (input, volume, fade): (_, f64, Option<i64>)| match fade {
                None => sound(vmix, "SetVolume", input, Some(volume.to_string())),
                Some(fade) => sound(vmix, "SetVolumeFade", input, Some(format!("{volume},{fade}"))),
            },
        ),
        on(
            write("audio mute", "switch an input's sound off")
                .example("vmix audio mute studio --input 2"),
            input(),
            |vmix, input| sound(vmix, "AudioOff", input, None),
        ),
        on(
            write("audio unmute", "switch an input's sound on")
                .example("vmix audio unmute studio --input 2"),
            input(),
            |vmix, input| sound(vmix, "AudioOn", input, None),
        ),
    ]
}

fn sound(vmix: &mut Vmix<'_>, function: &str, input: String, value: Option<String>) -> Outcome {
    let state = if inputs::is_role(&input) { Value::Null } else { vmix.state()? };
    let input = inputs::find(&state, &input)?;
    let sounds = ["volume", "muted", "audiobusses"];
    if !input.entry.is_null() && sounds.iter().all(|name| input.entry.at(name).is_null()) {
        let title = input.entry.at("title").as_str().unwrap_or_default();
        let kind = input.entry.at("type").as_str().unwrap_or_default();
        return Err(Failure::refused("", format!("input `{title}` ({kind}) has no sound")));
    }
    let values = values([("Input", Some(input.sent.clone())), ("Value", value)]);
    Ok(told(vmix.function(function, values)?, Some(&input)))
}
