//! OBS Studio over obs-websocket 5.
//!
//! Commands are thin: each names the request and the members a person wants. Members that OBS
//! itself gives are passed on under OBS's names. What a request does is not said here but in the
//! signed table `requests-effects.csv`, which the host applies to every frame that leaves.

mod requests;
mod session;

use if_sdk::prelude::*;
use session::Obs;

/// The provider `obs`.
pub fn provider() -> Provider {
    Provider::new("OBS Studio: scenes, streaming, recording")
        .settings((
            text("host", "name or address of the machine that runs OBS"),
            int("port", "obs-websocket's port").between(1, 65_535).or(4455),
            flag("tls", "connect with TLS, behind a proxy that offers it"),
        ))
        .check(|call| versions(&mut Obs::connect(call)?))
        .commands(looks())
        .commands(scenes())
        .commands(outputs())
        .commands([request()])
}

fn looks() -> [Command; 3] {
    [
        read("version", "versions of OBS, obs-websocket and its protocol")
            .example("obs version studio")
            .run(|call, ()| versions(&mut Obs::connect(call)?)),
        read("status", "what is on air: scenes, stream, recording, virtual camera")
            .example("obs status studio")
            .run(status),
        read("stats", "load, memory, frames rendered and skipped")
            .example("obs stats studio")
            .run(|call, ()| Obs::connect(call)?.ask("GetStats")),
    ]
}

fn scenes() -> [Command; 5] {
    let scene = || text("scene", "the scene's name").positional().longest(NAME_LENGTH_MAX);
    [
        read("scene list", "all scenes, top to bottom")
            .example("obs scene list studio")
            .table("/scenes", &["name", "index", "uuid"])
            .run(scene_list),
        read("scene current", "the scene on program")
            .example("obs scene current studio")
            .text("/scene")
            .run(|call, ()| program_scene(&mut Obs::connect(call)?)),
        write("scene switch", "put a scene on program")
            .takes(scene())
            .example("obs scene switch studio \"Main Scene\"")
            .run(|call, scene| on_scene(call, "SetCurrentProgramScene", &scene)),
        write("scene create", "make an empty scene")
            .takes(scene())
            .example("obs scene create studio Interview")
            .run(|call, scene| on_scene(call, "CreateScene", &scene)),
        dangerous("scene remove", "delete a scene and what only it shows")
            .takes(scene())
            .example("obs scene remove studio Interview --yes")
            .run(|call, scene| on_scene(call, "RemoveScene", &scene)),
    ]
}

/// OBS sets no limit on names; this is far beyond what its windows show.
const NAME_LENGTH_MAX: u32 = 512;

/// Stream, record and virtual camera: start, stop and status of each.
fn outputs() -> [Command; 9] {
    [
        write("stream start", "go live with the service set in OBS").run(ask("StartStream")),
        dangerous("stream stop", "end the live stream").run(ask("StopStream")),
        read("stream status", "is it live, for how long, frames lost").run(ask("GetStreamStatus")),
        write("record start", "begin recording").run(ask("StartRecord")),
        write("record stop", "end recording, and say which file it became").run(ask("StopRecord")),
        read("record status", "is it recording, for how long").run(ask("GetRecordStatus")),
        write("virtualcam start", "switch the virtual camera on").run(ask("StartVirtualCam")),
        write("virtualcam stop", "switch the virtual camera off").run(ask("StopVirtualCam")),
        read("virtualcam status", "is the virtual camera on").run(ask("GetVirtualCamStatus")),
    ]
}

fn request() -> Command {
    by_table("request", "any of the 147 requests of obs-websocket 5", "requests", "type")
        .takes((
            text("type", "such as GetInputList").positional(),
            if_sdk::json("data", "the request's fields as a JSON object").or(json!({})),
        ))
        .example("obs request studio GetSceneItemList --data '{\"sceneName\": \"Main Scene\"}'")
        .json()
        .run(|call, (kind, data): (String, Value)| {
            requests::check(&kind, &data)?;
            Obs::connect(call)?.request(&kind, data)
        })
}

/// A handler that makes one request without fields and answers as OBS does.
fn ask(kind: &'static str) -> impl Fn(&Call, ()) -> Outcome {
    move |call, ()| match Obs::connect(call)?.ask(kind)? {
        Value::Object(answer) if answer.is_empty() => Ok(json!({ "accepted": kind })),
        answer => Ok(answer),
    }
}

fn versions(obs: &mut Obs) -> Outcome {
    Ok(obs.ask("GetVersion")?.pick(&[
        ("obs", "obsVersion"),
        ("websocket", "obsWebSocketVersion"),
        ("rpc", "rpcVersion"),
        ("platform", "platformDescription"),
    ]))
}

/// `sceneName` exists since obs-websocket 5.3; before it was `currentProgramSceneName` alone.
fn program_scene(obs: &mut Obs) -> Outcome {
    let answer = obs.ask("GetCurrentProgramScene")?;
    let name = answer.get("sceneName").or_else(|| answer.get("currentProgramSceneName"));
    Ok(json!({ "scene": name, "uuid": answer.at("sceneUuid") }))
}

/// OBS counts from the bottom; people read from the top.
fn scene_list(call: &Call, (): ()) -> Outcome {
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

fn status(call: &Call, (): ()) -> Outcome {
    let obs = &mut Obs::connect(call)?;
    let version = versions(obs)?;
    let scenes = obs.ask("GetSceneList")?;
    let stream = obs.ask("GetStreamStatus")?;
    let record = obs.ask("GetRecordStatus")?;
    // A machine without the virtual camera's driver refuses the question.
    let camera = match obs.ask("GetVirtualCamStatus") {
        Err(Failure::Refused(_)) => Value::Null,
        answer => answer?.take_at("outputActive"),
    };
    Ok(json!({
        "obs": version.at("obs"),
        "websocket": version.at("websocket"),
        "program": scenes.at("currentProgramSceneName"),
        "preview": scenes.at("currentPreviewSceneName"),
        "streaming": stream.at("outputActive"),
        "stream_timecode": stream.at("outputTimecode"),
        "recording": record.at("outputActive"),
        "record_paused": record.at("outputPaused"),
        "record_timecode": record.at("outputTimecode"),
        "virtualcam": camera,
    }))
}

/// A request about one scene; a name that OBS does not know gets the nearest one as a hint.
fn on_scene(call: &Call, kind: &str, scene: &str) -> Outcome {
    /// obs-websocket's `ResourceNotFound`.
    const NOT_FOUND: &str = "600";
    let mut obs = Obs::connect(call)?;
    match obs.request(kind, json!({ "sceneName": scene })) {
        Ok(answer) => Ok(json!({ "scene": scene, "uuid": answer.at("sceneUuid") })),
        Err(Failure::Refused(refusal)) if refusal.code == NOT_FOUND => {
            let hint = obs.ask("GetSceneList").ok().and_then(|list| near_scene(scene, &list));
            Err(Failure::Refused(refusal).hint(hint))
        }
        Err(failure) => Err(failure),
    }
}

fn near_scene(scene: &str, list: &Value) -> Option<String> {
    let scenes = list.at("scenes").items().iter();
    let near = nearest(scene, scenes.filter_map(|scene| scene.at("sceneName").as_str()))?;
    Some(format!("did you mean `{near}`?"))
}

if_sdk::provider!(provider);
