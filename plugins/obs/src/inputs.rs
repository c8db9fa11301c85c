//! `input …`: what makes sound or pictures, whatever scene shows it.

use crate::kinds;
use crate::name;
use crate::session::Obs;
use crate::things::{Thing, by, by_with};
use if_sdk::prelude::*;

/// The commands.
pub fn commands() -> [Command; 9] {
    let input =
        || name("input", "the input's name or UUID").completes("input list", "/inputs/*/name");
    let muted = |muted: bool| {
        move |call: &Call, input: String| {
            let data = by_with("input", &input, json!({ "inputMuted": muted }));
            on_input(call, "SetInputMute", &input, data)?;
            Ok(json!({ "input": input, "muted": muted }))
        }
    };
    [
        read("input list", "all inputs, or those of one kind")
            .takes(text("kind", "such as ffmpeg_source").optional())
            .example("obs input list studio")
            .table("/inputs", &["name", "kind", "uuid"])
            .run(list),
        write("input mute", "silence an input").takes(input()).run(muted(true)),
        write("input unmute", "let an input be heard").takes(input()).run(muted(false)),
        write("input toggle", "mute an input, or unmute it").takes(input()).run(|call, input| {
            let answer = on_input(call, "ToggleInputMute", &input, by("input", &input))?;
            Ok(json!({ "input": input, "muted": answer.at("inputMuted") }))
        }),
        write("input volume", "set an input's volume")
            .takes((
                input(),
                decimal("db", "in decibels; 0 is unchanged").between(-100.0, 26.0).optional(),
                decimal("percent", "as a factor; 100 is unchanged").between(0.0, 2000.0).optional(),
            ))
            .example("obs input volume studio Mic --db=-12")
            .run(volume),
        read("input status", "is an input muted, how loud is it")
            .takes(input())
            .example("obs input status studio Mic")
            .run(status),
        read("input settings", "an input's settings, defaults included")
            .takes(input())
            .json()
            .run(settings),
        write("input set", "change some of an input's settings")
            .takes((
                input(),
                if_sdk::json("settings", "the settings to change, as a JSON object"),
                flag("replace", "forget the settings that are not given"),
            ))
            .example("obs input set studio Title --settings '{\"text\": \"Welcome\"}'")
            .run(|call, (input, settings, replace)| {
                let fields = json!({ "inputSettings": settings, "overlay": !replace });
                on_input(call, "SetInputSettings", &input, by_with("input", &input, fields))?;
                Ok(json!({ "input": input, "settings": settings }))
            }),
        kinds::command(),
    ]
}

/// A request about one input.
pub fn on_input(call: &Call, kind: &str, input: &str, data: Value) -> Outcome {
    Obs::connect(call)?.on(&[Thing::Input(input)], kind, data)
}

fn list(call: &Call, kind: Option<String>) -> Outcome {
    const ROW: &[(&str, &str)] =
        &[("name", "inputName"), ("kind", "inputKind"), ("uuid", "inputUuid")];
    let data = kind.map_or_else(|| json!({}), |kind| json!({ "inputKind": kind }));
    let answer = Obs::connect(call)?.request("GetInputList", data)?;
    let inputs = answer.at("inputs").items().iter();
    Ok(json!({ "inputs": inputs.map(|input| input.pick(ROW)).collect::<Vec<_>>() }))
}

fn volume(call: &Call, (input, db, percent): (String, Option<f64>, Option<f64>)) -> Outcome {
    let fields = match (db, percent) {
        (Some(db), None) => json!({ "inputVolumeDb": db }),
        (None, Some(percent)) => json!({ "inputVolumeMul": percent / 100.0 }),
        _ => return Err(Failure::usage("give either --db or --percent")),
    };
    let mut obs = Obs::connect(call)?;
    let data = by_with("input", &input, fields);
    obs.on(&[Thing::Input(&input)], "SetInputVolume", data)?;
    loudness(&mut obs, &input)
}

fn loudness(obs: &mut Obs, input: &str) -> Outcome {
    let answer = obs.request("GetInputVolume", by("input", input))?;
    let percent = answer.at("inputVolumeMul").as_f64().map(|factor| factor * 100.0);
    Ok(json!({ "input": input, "db": answer.at("inputVolumeDb"), "percent": percent }))
}

fn status(call: &Call, input: String) -> Outcome {
    let mut obs = Obs::connect(call)?;
    let mute = obs.on(&[Thing::Input(&input)], "GetInputMute", by("input", &input))?;
    let mut status = loudness(&mut obs, &input)?;
    if let Some(status) = status.as_object_mut() {
        status.insert("muted".into(), mute.at("inputMuted").clone());
    }
    Ok(status)
}

fn settings(call: &Call, input: String) -> Outcome {
    let mut obs = Obs::connect(call)?;
    let things = [Thing::Input(&input)];
    let mut answer = obs.on(&things, "GetInputSettings", by("input", &input))?;
    let kind = answer.take_at("inputKind");
    let defaults = obs.request("GetInputDefaultSettings", json!({ "inputKind": kind }))?;
    let mut settings = defaults.at("defaultInputSettings").clone();
    if let (Some(settings), Value::Object(set)) =
        (settings.as_object_mut(), answer.take_at("inputSettings"))
    {
        settings.extend(set);
    }
    Ok(json!({ "input": input, "kind": kind, "settings": settings }))
}
