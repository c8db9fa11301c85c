//! `studio …` and `transition …`: preview, and how it comes on air.

use crate::name;
use crate::scenes::on_scene;
use crate::session::Obs;
use crate::things::{Thing, by};
use if_sdk::prelude::*;

/// The commands.
pub fn commands() -> [Command; 7] {
    let mode = |on: bool| {
        move |call: &Call, ()| {
            let data = json!({ "studioModeEnabled": on });
            Obs::connect(call)?.request("SetStudioModeEnabled", data)?;
            Ok(json!({ "studio_mode": on }))
        }
    };
    [
        write("studio on", "switch studio mode on").run(mode(true)),
        write("studio off", "switch studio mode off").run(mode(false)),
        read("studio status", "is studio mode on").run(|call, ()| {
            let answer = Obs::connect(call)?.ask("GetStudioModeEnabled")?;
            Ok(json!({ "studio_mode": answer.at("studioModeEnabled") }))
        }),
        write("studio preview", "put a scene on preview")
            .takes(
                name("scene", "the scene's name or UUID").completes("scene list", "/scenes/*/name"),
            )
            .example("obs studio preview studio Interview")
            .run(|call, scene| {
                on_scene(call, "SetCurrentPreviewScene", &scene, by("scene", &scene))
            }),
        write("studio transition", "take the preview on air")
            .takes((
                text("transition", "with this transition from now on").optional(),
                duration("duration", "lasting so long from now on: 300ms").optional(),
            ))
            .example("obs studio transition studio --transition Fade --duration 500ms")
            .run(|call, (transition, duration)| {
                let mut obs = Obs::connect(call)?;
                set(&mut obs, transition.as_deref(), duration)?;
                obs.ask("TriggerStudioModeTransition")?;
                Ok(json!({ "transition": transition, "duration_ms": duration }))
            }),
        read("transition list", "all transitions, and which is chosen")
            .example("obs transition list studio")
            .table("/transitions", &["name", "kind", "chosen"])
            .run(list),
        write("transition set", "choose how scenes change")
            .takes((
                name("transition", "its name"),
                duration("duration", "lasting so long: 300ms").optional(),
            ))
            .example("obs transition set studio Fade --duration 300ms")
            .run(|call, (transition, duration)| {
                set(&mut Obs::connect(call)?, Some(&transition), duration)?;
                Ok(json!({ "transition": transition, "duration_ms": duration }))
            }),
    ]
}

fn set(obs: &mut Obs, transition: Option<&str>, duration: Option<u64>) -> Result<(), Failure> {
    if let Some(transition) = transition {
        let data = json!({ "transitionName": transition });
        obs.on(&[Thing::Transition(transition)], "SetCurrentSceneTransition", data)?;
    }
    if let Some(duration) = duration {
        let data = json!({ "transitionDuration": duration });
        obs.request("SetCurrentSceneTransitionDuration", data)?;
    }
    Ok(())
}

fn list(call: &Call, (): ()) -> Outcome {
    let answer = Obs::connect(call)?.ask("GetSceneTransitionList")?;
    let chosen = answer.at("currentSceneTransitionName");
    let rows = answer.at("transitions").items().iter().map(|row| {
        let name = row.at("transitionName");
        json!({ "name": name, "kind": row.at("transitionKind"), "chosen": name == chosen })
    });
    Ok(json!({ "current": chosen, "transitions": rows.collect::<Vec<_>>() }))
}
