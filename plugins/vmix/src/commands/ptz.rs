//! PTZ cameras. vMix's functions are by speed: a camera moves until it is told to stop.
//!
//! Presets are vMix's PTZ virtual inputs: each is a position stored as an input of its own.

use super::{input, on, told};
use crate::inputs::{self, Input};
use crate::link::{Vmix, values};
use if_sdk::Parameter;
use if_sdk::prelude::*;
use std::time::Duration;

/// Neither a crawl nor a jerk.
const SPEED: f64 = 0.5;
/// Longest timed move: the call must end before its deadline.
const MOVE_MS_MAX: i64 = 5_000;
/// Highest index of a virtual input, as published.
const PRESET_MAX: i64 = 100;

const DIRECTIONS: [(&str, &str); 9] = [
    ("up", "PTZMoveUp"),
    ("down", "PTZMoveDown"),
    ("left", "PTZMoveLeft"),
    ("right", "PTZMoveRight"),
    ("up-left", "PTZMoveUpLeft"),
    ("up-right", "PTZMoveUpRight"),
    ("down-left", "PTZMoveDownLeft"),
    ("down-right", "PTZMoveDownRight"),
    ("stop", "PTZMoveStop"),
];
const ZOOMS: [(&str, &str); 3] =
    [("in", "PTZZoomIn"), ("out", "PTZZoomOut"), ("stop", "PTZZoomStop")];
const FOCUSES: [(&str, &str); 5] = [
    ("near", "PTZFocusNear"),
    ("far", "PTZFocusFar"),
    ("auto", "PTZFocusAuto"),
    ("manual", "PTZFocusManual"),
    ("stop", "PTZFocusStop"),
];

pub fn commands() -> Vec<Command> {
    let [zoom, focus] = lens();
    let [preset, home, store] = positions();
    vec![moving(), zoom, focus, preset, home, store]
}

fn speed() -> Parameter<f64> {
    decimal("speed", "from 0.0 to 1.0").between(0.0, 1.0).or(SPEED)
}

fn briefly() -> Parameter<Option<i64>> {
    int("for", "milliseconds, then stop").between(1, MOVE_MS_MAX).optional()
}

fn one_of(table: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    table.iter().map(|(word, _)| *word).collect()
}

fn moving() -> Command {
    let percent = |name: &str, about: &str| int(name, about).between(-100, 100).optional();
    on(
        write("ptz move", "move a camera until `stop`, or for a while")
            .example("vmix ptz move studio \"PTZ 1\" left --speed 0.3 --for 800")
            .example("vmix ptz move studio --input 2 --pan -40 --tilt 10")
            .example("vmix ptz move studio 2 stop"),
        (
            input(),
            choice("direction", "where to", &one_of(&DIRECTIONS)).positional().optional(),
            (
                speed(),
                briefly(),
                percent("pan", "percent of full speed, negative is left"),
                percent("tilt", "percent of full speed, negative is down"),
                percent("zoom", "percent of full speed, negative is out"),
            ),
        ),
        |vmix, (input, direction, (speed, briefly, pan, tilt, zoom))| {
            let moves = match direction {
                Some(_) if pan.or(tilt).or(zoom).is_some() => {
                    let text = "give a direction or --pan, --tilt, --zoom, not both";
                    return Err(Failure::usage(text));
                }
                Some(direction) => vec![step(&DIRECTIONS, &direction, speed)],
                None => by_percent(pan, tilt, zoom)?,
            };
            drive(vmix, &input, &moves, briefly)
        },
    )
}

fn lens() -> [Command; 2] {
    [
        on(
            write("ptz zoom", "zoom a camera until `stop`, or for a while")
                .example("vmix ptz zoom studio 2 in --speed 0.2 --for 500"),
            (
                input(),
                choice("direction", "in, out or stop", &one_of(&ZOOMS)).positional(),
                speed(),
                briefly(),
            ),
            |vmix, (input, direction, speed, briefly): (String, String, f64, Option<i64>)| {
                drive(vmix, &input, &[step(&ZOOMS, &direction, speed)], briefly)
            },
        ),
        on(
            write("ptz focus", "focus a camera by hand or automatically")
                .example("vmix ptz focus studio 2 auto"),
            (
                input(),
                choice("focus", "near, far, stop, auto or manual", &one_of(&FOCUSES)).positional(),
                speed(),
            ),
            |vmix, (input, focus, speed): (String, String, f64)| {
                drive(vmix, &input, &[step(&FOCUSES, &focus, speed)], None)
            },
        ),
    ]
}

fn positions() -> [Command; 3] {
    [
        on(
            write("ptz preset", "move a camera to the position of one of its virtual inputs")
                .example("vmix ptz preset studio --input 2 --preset 0"),
            (
                input(),
                int("preset", "which of the camera's virtual inputs, from 0")
                    .between(0, PRESET_MAX)
                    .positional(),
            ),
            |vmix, (input, preset): (String, i64)| {
                let function = "PTZMoveToVirtualInputPositionByIndex";
                drive(vmix, &input, &[(function, Some(preset.to_string()))], None)
            },
        ),
        on(
            write("ptz home", "move a camera to its home position")
                .example("vmix ptz home studio --input 2"),
            input(),
            |vmix, input| drive(vmix, &input, &[("PTZHome", None)], None),
        ),
        on(
            write("ptz store", "keep a camera's position as a new virtual input")
                .example("vmix ptz store studio --input 2"),
            input(),
            |vmix, input| drive(vmix, &input, &[("PTZCreateVirtualInput", None)], None),
        ),
    ]
}

/// A function and its value.
type Step = (&'static str, Option<String>);

/// Speed goes only to functions that move.
fn step(table: &[(&str, &'static str)], word: &str, speed: f64) -> Step {
    let function =
        table.iter().find(|(known, _)| *known == word).map_or("PTZMoveStop", |(_, it)| it);
    let still = ["Stop", "Auto", "Manual"].iter().any(|end| function.ends_with(end));
    (function, (!still).then(|| speed.to_string()))
}

/// Percents as the prototype had them: the sign is the direction, the larger one the speed, because
/// vMix knows one speed for both axes.
fn by_percent(
    pan: Option<i64>,
    tilt: Option<i64>,
    zoom: Option<i64>,
) -> Result<Vec<Step>, Failure> {
    let mut steps = Vec::new();
    if pan.or(tilt).is_some() {
        let (pan, tilt) = (pan.unwrap_or(0), tilt.unwrap_or(0));
        let vertical = match tilt.signum() {
            1 => "up",
            -1 => "down",
            _ => "",
        };
        let horizontal = match pan.signum() {
            1 => "right",
            -1 => "left",
            _ => "",
        };
        let word = match (vertical, horizontal) {
            ("", "") => "stop".to_owned(),
            (one, "") | ("", one) => one.to_owned(),
            (vertical, horizontal) => format!("{vertical}-{horizontal}"),
        };
        steps.push(step(&DIRECTIONS, &word, speed_of(pan.abs().max(tilt.abs()))));
    }
    if let Some(zoom) = zoom {
        let word = match zoom.signum() {
            1 => "in",
            -1 => "out",
            _ => "stop",
        };
        steps.push(step(&ZOOMS, word, speed_of(zoom.abs())));
    }
    if steps.is_empty() {
        return Err(Failure::usage("where to? A direction, or --pan, --tilt, --zoom"));
    }
    Ok(steps)
}

fn speed_of(percent: i64) -> f64 {
    // At most 100: exact.
    percent as f64 / 100.0
}

/// Calls the functions on the camera; after a while, the functions that stop them.
fn drive(vmix: &mut Vmix<'_>, name: &str, steps: &[Step], briefly: Option<i64>) -> Outcome {
    let state = if inputs::is_role(name) { Value::Null } else { vmix.state()? };
    let input = inputs::find(&state, name)?;
    let mut done = Vec::new();
    for (function, value) in steps {
        call(vmix, &input, function, value.clone())?;
        done.push(*function);
    }
    if let Some(briefly) = briefly {
        std::thread::sleep(Duration::from_millis(briefly.unsigned_abs()));
        for function in stops(&done) {
            call(vmix, &input, function, None)?;
            done.push(function);
        }
    }
    let speed = steps.iter().find_map(|(_, value)| value.clone());
    Ok(told(json!({ "functions": done, "value": speed }), Some(&input)))
}

/// What ends these movements.
fn stops(moving: &[&str]) -> Vec<&'static str> {
    let any = |start: &str| moving.iter().any(|function| function.starts_with(start));
    let mut stops = Vec::new();
    if any("PTZMove") {
        stops.push("PTZMoveStop");
    }
    if any("PTZZoom") {
        stops.push("PTZZoomStop");
    }
    stops
}

fn call(vmix: &mut Vmix<'_>, input: &Input, function: &str, value: Option<String>) -> Outcome {
    vmix.function(function, values([("Input", Some(input.sent.clone())), ("Value", value)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions;

    #[test]
    fn every_function_exists_and_takes_a_speed_only_where_it_moves() {
        for (word, name) in DIRECTIONS.iter().chain(&ZOOMS).chain(&FOCUSES) {
            let function = functions::find(name).unwrap();
            let takes = function.parameters().any(|(known, ..)| known == "Value");
            let sends = [&DIRECTIONS[..], &ZOOMS, &FOCUSES]
                .iter()
                .find(|table| table.iter().any(|(_, it)| it == name))
                .is_some_and(|table| step(table, word, 0.5).1.is_some());
            assert_eq!(takes, sends, "{name}");
        }
    }

    #[test]
    fn percents_become_a_direction_and_a_speed() {
        for ((pan, tilt, zoom), expect) in [
            ((Some(-40), Some(10), None), vec![("PTZMoveUpLeft", Some("0.4"))]),
            ((None, Some(-100), None), vec![("PTZMoveDown", Some("1"))]),
            ((Some(0), Some(0), None), vec![("PTZMoveStop", None)]),
            ((None, None, Some(25)), vec![("PTZZoomIn", Some("0.25"))]),
            (
                (Some(5), None, Some(-5)),
                vec![("PTZMoveRight", Some("0.05")), ("PTZZoomOut", Some("0.05"))],
            ),
        ] {
            let expect: Vec<Step> =
                expect.into_iter().map(|(name, value)| (name, value.map(str::to_owned))).collect();
            assert_eq!(by_percent(pan, tilt, zoom), Ok(expect));
        }
        assert!(by_percent(None, None, None).is_err());
    }
}
