//! `scene …`: list, on program, on preview, make, rename, delete.

use crate::name;
use crate::session::Obs;
use crate::things::{Thing, by, by_with};
use if_sdk::prelude::*;

/// The commands.
pub fn commands() -> [Command; 6] {
    let scene =
        || name("scene", "the scene's name or UUID").completes("scene list", "/scenes/*/name");
    [
        read("scene list", "all scenes, top to bottom")
            .example("obs scene list studio")
            .table("/scenes", &["name", "index", "uuid"])
            .run(list),
        read("scene current", "the scene on program")
            .example("obs scene current studio")
            .text("/scene")
            .run(|call, ()| current(&mut Obs::connect(call)?)),
        write("scene switch", "put a scene on program, or with --preview on preview")
            .takes((scene(), flag("preview", "on preview instead (studio mode)")))
            .example("obs scene switch studio \"Main Scene\"")
            .run(|call, (scene, preview)| {
                let kind =
                    if preview { "SetCurrentPreviewScene" } else { "SetCurrentProgramScene" };
                on_scene(call, kind, &scene, by("scene", &scene))
            }),
        write("scene create", "make an empty scene")
            .takes(name("scene", "the new scene's name"))
            .example("obs scene create studio Interview")
            .run(|call, scene| {
                let made =
                    Obs::connect(call)?.request("CreateScene", json!({ "sceneName": scene }))?;
                Ok(json!({ "scene": scene, "uuid": made.at("sceneUuid") }))
            }),
        write("scene rename", "give a scene another name")
            .takes((scene(), name("to", "its new name")))
            .example("obs scene rename studio Interview \"Interview 2\"")
            .run(|call, (scene, to)| {
                let data = by_with("scene", &scene, json!({ "newSceneName": to }));
                on_scene(call, "SetSceneName", &scene, data)?;
                Ok(json!({ "scene": to, "was": scene }))
            }),
        dangerous("scene remove", "delete a scene and what only it shows")
            .takes(scene())
            .example("obs scene remove studio Interview --yes")
            .run(|call, scene| on_scene(call, "RemoveScene", &scene, by("scene", &scene))),
    ]
}

/// A request about one scene.
pub fn on_scene(call: &Call, kind: &str, scene: &str, data: Value) -> Outcome {
    Obs::connect(call)?.on(&[Thing::Scene(scene)], kind, data)?;
    Ok(json!({ "scene": scene }))
}

/// `sceneName` exists since obs-websocket 5.3; before it was `currentProgramSceneName` alone.
fn current(obs: &mut Obs) -> Outcome {
    let answer = obs.ask("GetCurrentProgramScene")?;
    let name = answer.get("sceneName").or_else(|| answer.get("currentProgramSceneName"));
    Ok(json!({ "scene": name, "uuid": answer.at("sceneUuid") }))
}

/// OBS counts from the bottom; people read from the top.
fn list(call: &Call, (): ()) -> Outcome {
    const ROW: &[(&str, &str)] =
        &[("name", "sceneName"), ("index", "sceneIndex"), ("uuid", "sceneUuid")];
    let answer = Obs::connect(call)?.ask("GetSceneList")?;
    let scenes = answer.at("scenes").items().iter().rev();
    Ok(json!({
        "program": answer.at("currentProgramSceneName"),
        "preview": answer.at("currentPreviewSceneName"),
        "scenes": scenes.map(|scene| scene.pick(ROW)).collect::<Vec<_>>(),
    }))
}
