//! Cameras: a picture into a file, and the URL of a stream.

use crate::entities::{entity, list, no_entity};
use crate::home::Home;
use crate::scenes::full;
use crate::socket::Socket;
use if_sdk::file_out;
use if_sdk::prelude::*;

/// Largest picture: a camera's still has some hundred KiB, a 4K PNG some ten MiB.
const PICTURE_BYTES_MAX: u64 = 64 << 20;

pub fn commands() -> [Command; 3] {
    [
        list("camera list", "camera", "cameras"),
        read("camera snapshot", "the current picture, into a file")
            .takes((camera(), file_out("file", "where to, such as door.jpg", PICTURE_BYTES_MAX)))
            .example("ha camera snapshot myhome camera.front_door --file door.jpg")
            .run(snapshot),
        read("camera stream", "start its HLS stream and print the URL that players open")
            .takes((camera(), text("ndi", "not possible: say why and what is").optional()))
            .example("ha camera stream myhome camera.front_door")
            .text("/url")
            .run(stream),
    ]
}

fn camera() -> if_sdk::Parameter<String> {
    entity("such as camera.front_door").completes("camera list", "/cameras/*/entity")
}

fn snapshot(call: &Call, (id, file): (String, String)) -> Outcome {
    let home = Home::of(call)?;
    let id = full("camera", &id)?;
    let request = home.request("GET", "/api/camera_proxy")?.segment(&id);
    let answer = home.send(request).map_err(|failure| no_picture(&home, &id, failure))?;
    let kind = answer.header("content-type").unwrap_or_default().to_owned();
    if !kind.starts_with("image/") {
        return Err(Failure::protocol(format!("`{kind}` came instead of a picture")));
    }
    if_sdk::file::write("file", &answer.body)?;
    Ok(json!({ "camera": id, "file": file, "type": kind, "bytes": answer.body.len() }))
}

/// Home Assistant says 404 for a camera that does not exist, 500 for one that gives no picture.
fn no_picture(home: &Home<'_>, id: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Refused(refusal) if refusal.code == "404" => {
            let states = home.list_at("/api/states").unwrap_or_default();
            let known = states.items().iter().filter_map(|state| state.at("entity_id").as_str());
            no_entity(id, known.filter(|id| id.starts_with("camera.")))
        }
        Failure::Refused(refusal) if refusal.code == "500" || refusal.code == "503" => {
            Failure::refused(
                refusal.code,
                format!("`{id}` gives no picture: it is off or unreachable"),
            )
        }
        other => other,
    }
}

/// The path that Home Assistant answers holds a token of its own, good for this stream alone.
fn stream(call: &Call, (id, ndi): (String, Option<String>)) -> Outcome {
    if ndi.is_some() {
        return Err(Failure::usage(
            "Home Assistant sends no NDI: leave out --ndi for the URL of its HLS stream, and open \
             that in OBS or vMix, which can send it on as NDI",
        ));
    }
    let home = Home::of(call)?;
    let id = full("camera", &id)?;
    let mut socket = Socket::open(&home)?;
    crate::entities::Followed::these(&mut socket, std::slice::from_ref(&id))?;
    let answer = socket.ask("camera/stream", json!({ "entity_id": id, "format": "hls" }))?;
    let path = answer.at("url").as_str();
    let path = path.ok_or_else(|| Failure::protocol("no URL came for the stream"))?;
    let at = &home.address;
    let scheme = if at.secure { "https" } else { "http" };
    let authority = if_sdk::http::authority(&at.host, at.port);
    Ok(json!({ "camera": id, "format": "hls", "url": format!("{scheme}://{authority}{path}") }))
}
