//! Overlay channels: eight since vMix 27, four before.

use super::{input, on, told, wrong_state};
use crate::inputs;
use crate::link::{Vmix, values};
use if_sdk::prelude::*;

/// Channels of the newest vMix.
const CHANNELS_MAX: i64 = 8;
/// Channels that every vMix has: for these nobody needs to be asked.
const CHANNELS_EVERYWHERE: i64 = 4;

/// What can be done, and the prototype's words for three of them.
const ACTIONS: [&str; 10] = [
    "toggle",
    "in",
    "out",
    "off",
    "last",
    "zoom",
    "preview",
    "OverlayInput",
    "OverlayInputIn",
    "OverlayInputOut",
];

pub fn commands() -> Vec<Command> {
    vec![
        on(
            write("overlay", "show an input over program, or take it away")
                .example("vmix overlay studio 1 \"lower third.gtzip\"")
                .example("vmix overlay studio 2 --input 4 --action in")
                .example("vmix overlay studio 2 --action out"),
            (
                int("num", "the overlay channel").between(1, CHANNELS_MAX).positional(),
                input().optional(),
                choice(
                    "action",
                    "toggle, in, out (with its transition), off (at once), …",
                    &ACTIONS,
                )
                .or("toggle"),
            ),
            |vmix, (channel, input, action): (_, _, String)| overlay(vmix, channel, input, &action),
        ),
        on(
            write("overlays off", "take all overlays away").example("vmix overlays off studio"),
            (),
            |vmix, ()| vmix.function("OverlayInputAllOff", values([])),
        ),
    ]
}

/// The function of an action, and whether it is about an input.
fn function(channel: i64, action: &str) -> (String, bool) {
    match action {
        "in" | "OverlayInputIn" => (format!("OverlayInput{channel}In"), true),
        "out" | "OverlayInputOut" => (format!("OverlayInput{channel}Out"), false),
        "off" => (format!("OverlayInput{channel}Off"), false),
        "last" => (format!("OverlayInput{channel}Last"), false),
        "zoom" => (format!("OverlayInput{channel}Zoom"), false),
        "preview" => (format!("PreviewOverlayInput{channel}"), true),
        _ => (format!("OverlayInput{channel}"), true),
    }
}

fn overlay(vmix: &mut Vmix<'_>, channel: i64, input: Option<String>, action: &str) -> Outcome {
    let (function, about_input) = function(channel, action);
    let input = input.filter(|_| about_input);
    let look =
        channel > CHANNELS_EVERYWHERE || input.as_deref().is_some_and(|i| !inputs::is_role(i));
    let state = if look { vmix.state()? } else { Value::Null };
    let channels = state.at("overlays").items().len();
    if channel > CHANNELS_EVERYWHERE && usize::try_from(channel).is_ok_and(|it| it > channels) {
        let version = state.at("version").as_str().unwrap_or("of unknown version");
        let text = format!("this vMix ({version}) has {channels} overlay channels, not {channel}");
        return Err(wrong_state(text, "`vmix state --full`"));
    }
    let input = input.map(|name| inputs::find(&state, &name)).transpose()?;
    let sent = input.as_ref().map(|input| input.sent.clone());
    Ok(told(vmix.function(&function, values([("Input", sent)]))?, input.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions;

    #[test]
    fn the_number_stands_before_the_suffix_and_every_name_exists() {
        assert_eq!(function(2, "OverlayInputIn").0, "OverlayInput2In");
        assert_eq!(function(3, "OverlayInputOut").0, "OverlayInput3Out");
        for channel in 1..=CHANNELS_MAX {
            for action in ACTIONS {
                let (name, about_input) = function(channel, action);
                let function = functions::find(&name).unwrap();
                let takes = function.parameters().any(|(known, ..)| known == "Input");
                assert_eq!(takes, about_input, "{name}");
            }
        }
    }
}
