//! `source …`, `browser add`, `screenshot`: what a scene shows.
//!
//! A scene shows *items*; each shows an *input*, which other scenes may show too. `source remove`
//! takes the item away; only `--everywhere` destroys the input, and with it the items: OBS alone
//! takes an item of a destroyed input away when it next draws that scene, and keeps the input
//! until then.

use crate::kinds;
use crate::name;
use crate::protocol::NOT_FOUND;
use crate::session::Obs;
use crate::things::{Thing, by, by_with, item_id};
use if_sdk::prelude::*;

/// Largest picture written: an uncompressed 4K frame, and some.
const PICTURE_BYTES_MAX: u64 = 48 << 20;

/// The commands.
pub fn commands() -> [Command; 7] {
    let scene =
        || name("scene", "the scene's name or UUID").completes("scene list", "/scenes/*/name");
    let source =
        || name("source", "the source's name or UUID").completes("input list", "/inputs/*/name");
    [
        read("source list", "what a scene shows, front to back")
            .takes(scene())
            .example("obs source list studio \"Main Scene\"")
            .table("/sources", &["name", "kind", "enabled", "id"])
            .run(list),
        write("source add", "make an input and show it in a scene")
            .takes((
                scene(),
                name("source", "the new source's name"),
                text("type", "color, text, image, browser, media, camera, ndi …, or OBS's kind"),
                text("ndi-name", "for --type ndi: the NDI source").optional(),
                if_sdk::json("settings", "its settings as a JSON object").or(json!({})),
            ))
            .example("obs source add studio \"Main Scene\" Title --type text")
            .run(add),
        write("source show", "show a source of a scene")
            .takes((scene(), source()))
            .run(|call, (scene, source)| enable(call, &scene, &source, true)),
        write("source hide", "hide a source of a scene")
            .takes((scene(), source()))
            .run(|call, (scene, source)| enable(call, &scene, &source, false)),
        dangerous("source remove", "take a source out of a scene, or with --everywhere out of OBS")
            .takes((scene(), source(), flag("everywhere", "destroy the input in every scene")))
            .example("obs source remove studio \"Main Scene\" Title --yes")
            .run(remove),
        write("browser add", "show a web page in a scene")
            .takes((
                scene(),
                name("source", "the new source's name"),
                text("url", "the page's address"),
                int("width", "pixels").between(1, 8192).or(1920),
                int("height", "pixels").between(1, 8192).or(1080),
            ))
            .example("obs browser add studio \"Main Scene\" Clock --url https://clock.example/")
            .run(|call, (scene, source, url, width, height)| {
                let settings = json!({ "url": url, "width": width, "height": height });
                create(call, &scene, &source, "browser", settings)
            }),
        screenshot(),
    ]
}

fn list(call: &Call, scene: String) -> Outcome {
    const ROW: &[(&str, &str)] = &[
        ("name", "sourceName"),
        ("kind", "inputKind"),
        ("enabled", "sceneItemEnabled"),
        ("locked", "sceneItemLocked"),
        ("id", "sceneItemId"),
        ("index", "sceneItemIndex"),
        ("type", "sourceType"),
        ("uuid", "sourceUuid"),
    ];
    let things = [Thing::Scene(&scene)];
    let answer = Obs::connect(call)?.on(&things, "GetSceneItemList", by("scene", &scene))?;
    let items = answer.at("sceneItems").items().iter().rev();
    let rows: Vec<_> = items.map(|item| item.pick(ROW)).collect();
    Ok(json!({ "scene": scene, "sources": rows }))
}

fn add(
    call: &Call,
    (scene, source, kind, ndi, mut settings): (String, String, String, Option<String>, Value),
) -> Outcome {
    let Some(members) = settings.as_object_mut() else {
        return Err(Failure::usage("`settings` must be a JSON object"));
    };
    if let Some(ndi) = ndi {
        members.insert("ndi_source_name".into(), json!(ndi));
    }
    create(call, &scene, &source, &kind, settings)
}

/// Makes an input of a kind that this OBS has.
pub fn create(call: &Call, scene: &str, source: &str, kind: &str, settings: Value) -> Outcome {
    let mut obs = Obs::connect(call)?;
    let kind = kinds::input(&mut obs, kind)?;
    let fields = json!({ "inputName": source, "inputKind": kind, "inputSettings": settings });
    let data = by_with("scene", scene, fields);
    let made = obs.on(&[Thing::Scene(scene)], "CreateInput", data)?;
    Ok(json!({
        "scene": scene, "source": source, "kind": kind,
        "id": made.at("sceneItemId"), "uuid": made.at("inputUuid"),
    }))
}

fn enable(call: &Call, scene: &str, source: &str, enabled: bool) -> Outcome {
    let mut obs = Obs::connect(call)?;
    let id = item_id(&mut obs, scene, source)?;
    let fields = json!({ "sceneItemId": id, "sceneItemEnabled": enabled });
    obs.request("SetSceneItemEnabled", by_with("scene", scene, fields))?;
    Ok(json!({ "scene": scene, "source": source, "enabled": enabled }))
}

fn remove(call: &Call, (scene, source, everywhere): (String, String, bool)) -> Outcome {
    let mut obs = Obs::connect(call)?;
    // Looked up in either case: what is not in that scene is probably not what was meant.
    let id = item_id(&mut obs, &scene, &source)?;
    if everywhere {
        obs.request("RemoveInput", by("input", &source))?;
        take_out_of_all_scenes(&mut obs, &source)?;
    } else {
        let fields = json!({ "sceneItemId": id });
        obs.request("RemoveSceneItem", by_with("scene", &scene, fields))?;
    }
    Ok(json!({ "scene": scene, "source": source, "everywhere": everywhere }))
}

fn take_out_of_all_scenes(obs: &mut Obs, source: &str) -> Result<(), Failure> {
    let scenes = obs.ask("GetSceneList")?.take_at("scenes");
    let scenes = scenes.items().iter().map(|scene| (scene.at("sceneName"), "GetSceneItemList"));
    let groups = obs.ask("GetGroupList")?.take_at("groups");
    let groups = groups.items().iter().map(|group| (group, "GetGroupSceneItemList"));
    for (scene, list) in scenes.chain(groups) {
        let items = obs.request(list, json!({ "sceneName": scene }))?.take_at("sceneItems");
        let is_its =
            |item: &&Value| item.at("sourceName") == source || item.at("sourceUuid") == source;
        for item in items.items().iter().filter(is_its) {
            let fields = json!({ "sceneName": scene, "sceneItemId": item.at("sceneItemId") });
            match obs.request("RemoveSceneItem", fields) {
                // OBS drew the scene just now.
                Err(Failure::Refused(refusal)) if refusal.code == NOT_FOUND => {}
                taken => drop(taken?),
            }
        }
    }
    Ok(())
}

fn screenshot() -> Command {
    read("screenshot", "a picture of a source or scene, into a file")
        .takes((
            name("source", "the source's or scene's name or UUID"),
            if_sdk::file_out("file", "where to write it", PICTURE_BYTES_MAX),
            text("image-format", "png, jpg, webp … as OBS knows it").or("png"),
            int("width", "pixels; the source's own when absent").between(8, 4096).optional(),
            int("height", "pixels").between(8, 4096).optional(),
            int("quality", "0 to 100, -1 for the format's own").between(-1, 100).or(-1),
        ))
        .example("obs screenshot studio \"Main Scene\" --file scene.png")
        .run(|call, (source, file, format, width, height, quality)| {
            let mut fields = json!({ "imageFormat": format, "imageCompressionQuality": quality });
            for (field, value) in [("imageWidth", width), ("imageHeight", height)] {
                if let (Some(value), Some(fields)) = (value, fields.as_object_mut()) {
                    fields.insert(field.into(), json!(value));
                }
            }
            let data = by_with("source", &source, fields);
            let things = [Thing::Source(&source)];
            let answer = Obs::connect(call)?.on(&things, "GetSourceScreenshot", data)?;
            let picture = picture(answer.at("imageData").as_str().unwrap_or_default())?;
            if_sdk::file::write("file", &picture)?;
            Ok(json!({ "source": source, "file": file, "format": format, "bytes": picture.len() }))
        })
}

/// The bytes of a `data:image/png;base64,…` URL.
fn picture(url: &str) -> Result<Vec<u8>, Failure> {
    let odd = || Failure::protocol("OBS's picture is not a base64 data URL");
    let (head, data) = url.split_once(',').ok_or_else(odd)?;
    let base64 = head.starts_with("data:") && head.ends_with(";base64");
    base64.then(|| if_sdk::base64::decode(data)).flatten().ok_or_else(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_base64_data_url_or_a_fault_of_the_protocol() {
        assert_eq!(picture("data:image/png;base64,Zm9v"), Ok(b"foo".to_vec()));
        for bad in ["", "Zm9v", "data:image/png,Zm9v", "data:image/png;base64,!", "x;base64,Zm9v"] {
            assert!(matches!(picture(bad), Err(Failure::Protocol(_))), "{bad}");
        }
    }
}
