//! `media …`: files that play.

use crate::inputs::on_input;
use crate::name;
use crate::sources;
use crate::things::{by, by_with};
use if_sdk::prelude::*;

/// The commands.
pub fn commands() -> [Command; 7] {
    let source = || {
        name("source", "the media source's name or UUID").completes("input list", "/inputs/*/name")
    };
    let action = |path: &str, about: &str, word: &'static str| {
        write(path, about)
            .takes(
                name("source", "the media source's name or UUID")
                    .completes("input list", "/inputs/*/name"),
            )
            .run(move |call, source| {
                let action = format!("OBS_WEBSOCKET_MEDIA_INPUT_ACTION_{word}");
                let data = by_with("input", &source, json!({ "mediaAction": action }));
                on_input(call, "TriggerMediaInputAction", &source, data)?;
                Ok(json!({ "source": source, "action": word.to_lowercase() }))
            })
    };
    [
        write("media add", "show a file of OBS's machine in a scene")
            .takes((
                name("scene", "the scene's name or UUID").completes("scene list", "/scenes/*/name"),
                name("source", "the new source's name"),
                text("file", "its path on the machine that runs OBS"),
                flag("loop", "begin again at the end"),
            ))
            .example("obs media add studio \"Main Scene\" Intro --file /srv/intro.mp4")
            .run(|call, (scene, source, file, again)| {
                let settings = json!({ "local_file": file, "looping": again });
                sources::create(call, &scene, &source, "media", settings)
            }),
        action("media play", "play, or go on playing", "PLAY"),
        action("media pause", "pause", "PAUSE"),
        action("media stop", "stop", "STOP"),
        action("media restart", "play from the beginning", "RESTART"),
        write("media seek", "go to a place in the file")
            .takes((source(), duration("to", "from its beginning: 90s").positional()))
            .example("obs media seek studio Intro 90s")
            .run(|call, (source, to)| {
                let data = by_with("input", &source, json!({ "mediaCursor": to }));
                on_input(call, "SetMediaInputCursor", &source, data)?;
                Ok(json!({ "source": source, "position_ms": to }))
            }),
        read("media status", "does it play, where is it, how long is it").takes(source()).run(
            |call, source| {
                let answer = on_input(call, "GetMediaInputStatus", &source, by("input", &source))?;
                let state = answer.at("mediaState").as_str().unwrap_or_default();
                let state = state.trim_start_matches("OBS_MEDIA_STATE_").to_lowercase();
                Ok(json!({
                    "source": source, "state": state,
                    "position_ms": answer.at("mediaCursor"),
                    "duration_ms": answer.at("mediaDuration"),
                }))
            },
        ),
    ]
}
