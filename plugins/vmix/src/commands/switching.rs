//! Program and preview: cut, fade, preview, transition, fade to black.

use super::{Aim, input, mix, on};
use crate::link::{Vmix, values};
use if_sdk::did_you_mean;
use if_sdk::prelude::*;

/// A transition of more than a minute is a slip of the finger on air.
const DURATION_MS_MAX: i64 = 60_000;
/// What a transition takes unless told otherwise.
const DURATION_MS: i64 = 1000;

/// Transitions that take their duration with the call.
const TIMED: [&str; 19] = [
    "Fade",
    "Merge",
    "Zoom",
    "Wipe",
    "WipeReverse",
    "Slide",
    "SlideReverse",
    "VerticalWipe",
    "VerticalWipeReverse",
    "VerticalSlide",
    "VerticalSlideReverse",
    "Fly",
    "FlyRotate",
    "CrossZoom",
    "Cube",
    "CubeZoom",
    "AlphaFade",
    "BarnDoor",
    "RollerDoor",
];
/// Buttons and stingers, whose duration is a setting of vMix.
const BUTTONS: [&str; 12] = [
    "Transition1",
    "Transition2",
    "Transition3",
    "Transition4",
    "Stinger1",
    "Stinger2",
    "Stinger3",
    "Stinger4",
    "Stinger5",
    "Stinger6",
    "Stinger7",
    "Stinger8",
];

pub fn commands() -> Vec<Command> {
    let duration = || int("duration", "milliseconds").between(0, DURATION_MS_MAX);
    vec![
        on(
            write("cut", "cut to an input, or to preview when none is given")
                .example("vmix cut studio --input 1")
                .example("vmix cut studio \"Camera 2\" --mix 1"),
            (input().optional(), mix()),
            |vmix, (input, mix)| take(vmix, "Cut", input, mix, None),
        ),
        on(
            write("fade", "fade to an input, or to preview when none is given")
                .example("vmix fade studio --input 2 --duration 500"),
            (input().optional(), duration().or(DURATION_MS), mix()),
            |vmix, (input, duration, mix): (_, i64, _)| {
                take(vmix, "Fade", input, mix, Some(duration))
            },
        ),
        on(
            write("preview", "put an input on preview").example("vmix preview studio --input 3"),
            (input(), mix()),
            |vmix, (input, mix)| take(vmix, "PreviewInput", Some(input), mix, None),
        ),
        on(
            write("transition", "switch with a transition, a transition button or a stinger")
                .example("vmix transition studio Merge --duration 800")
                .example("vmix transition studio 2")
                .example("vmix transition studio Stinger1 --input 4"),
            (
                text("type", "such as Merge; 1 to 4 are vMix's buttons; Stinger1 to 8")
                    .positional(),
                input().optional(),
                duration().optional(),
                mix(),
            ),
            |vmix, (kind, input, duration, mix): (String, _, Option<i64>, _)| {
                let (function, timed) = transition(&kind)?;
                if !timed && duration.is_some() {
                    let text = format!("`{function}` has its duration in vMix's own settings");
                    return Err(Failure::usage(text));
                }
                let duration = timed.then(|| duration.unwrap_or(DURATION_MS));
                take(vmix, function, input, mix, duration)
            },
        ),
        on(
            dangerous("fade-to-black", "program goes black, or comes back")
                .example("vmix fade-to-black studio --yes"),
            (),
            |vmix, ()| vmix.function("FadeToBlack", values([])),
        ),
    ]
}

fn take(
    vmix: &mut Vmix<'_>,
    function: &str,
    input: Option<String>,
    mix: Option<i64>,
    duration: Option<i64>,
) -> Outcome {
    let aim = Aim::find(vmix, input, mix)?;
    let duration = duration.map(|duration| duration.to_string());
    let values = values([("Input", aim.input()), ("Duration", duration), ("Mix", aim.mix())]);
    Ok(aim.told(vmix.function(function, values)?))
}

/// The function of a transition's name, and whether it takes a duration.
fn transition(kind: &str) -> Result<(&'static str, bool), Failure> {
    let button = format!("Transition{kind}");
    let same = |name: &&&str| name.eq_ignore_ascii_case(kind) || **name == button;
    if let Some(function) = TIMED.iter().find(same) {
        return Ok((function, true));
    }
    if let Some(function) = BUTTONS.iter().find(same) {
        return Ok((function, false));
    }
    let tail = did_you_mean(kind, TIMED.iter().chain(&BUTTONS).copied());
    Err(Failure::usage(format!("vMix has no transition `{kind}`{tail}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions;

    #[test]
    fn transitions_are_functions_and_take_what_is_sent() {
        for (names, timed) in [(&TIMED[..], true), (&BUTTONS[..], false)] {
            for name in names {
                let function = functions::find(name).unwrap();
                assert_eq!(function.group, "Transition");
                let known: Vec<_> = function.parameters().map(|(known, ..)| known).collect();
                assert!(known.contains(&"Input") && known.contains(&"Mix"), "{name}");
                assert!(!timed || known.contains(&"Duration"), "{name}");
            }
        }
    }

    #[test]
    fn names_are_found_in_any_case_and_buttons_by_number() {
        for (kind, function) in [
            ("Merge", ("Merge", true)),
            ("cubezoom", ("CubeZoom", true)),
            ("2", ("Transition2", false)),
            ("Transition4", ("Transition4", false)),
            ("stinger8", ("Stinger8", false)),
        ] {
            assert_eq!(transition(kind), Ok(function));
        }
        for (kind, near) in [("Merg", "Merge"), ("5", "")] {
            let Err(Failure::Usage(text)) = transition(kind) else { panic!("{kind}") };
            assert!(text.contains(near), "{text}");
        }
    }
}
