//! OBS Studio over obs-websocket 5.
//!
//! Commands are thin: each names the request and the members a person wants. Members that OBS
//! itself gives are passed on under OBS's names. What a request does is not said here but in the
//! signed table `requests-effects.csv`, which the host applies to every frame that leaves.

mod batch;
pub mod events;
mod filters;
mod inputs;
mod kinds;
mod media;
mod outputs;
pub mod protocol;
mod raw;
mod requests;
mod scenes;
mod session;
mod sources;
mod studio;
mod things;

use if_sdk::Candidate;
use if_sdk::prelude::*;
use session::Obs;

/// OBS sets no limit on names; this is far beyond what its windows show.
const NAME_LENGTH_MAX: u32 = 512;

/// The provider `obs`.
pub fn provider() -> Provider {
    Provider::new("OBS Studio: scenes, sources, streaming, recording")
        .settings((
            text("host", "name or address of the machine that runs OBS"),
            int("port", "obs-websocket's port").between(1, 65_535).or(4455),
            flag("tls", "connect with TLS, behind a proxy that offers it"),
        ))
        .check(|call| versions(&mut Obs::connect(call)?))
        .discover(discover)
        .commands(looks())
        .commands(scenes::commands())
        .commands(sources::commands())
        .commands(inputs::commands())
        .commands(filters::commands())
        .commands(media::commands())
        .commands(outputs::commands())
        .commands(studio::commands())
        .commands([events::command()])
        .commands(raw::commands())
}

/// A required name, standing without its option.
fn name(word: &str, about: &str) -> if_sdk::Parameter<String> {
    text(word, about).positional().longest(NAME_LENGTH_MAX)
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

fn versions(obs: &mut Obs) -> Outcome {
    Ok(obs.ask("GetVersion")?.pick(&[
        ("obs", "obsVersion"),
        ("websocket", "obsWebSocketVersion"),
        ("rpc", "rpcVersion"),
        ("platform", "platformDescription"),
    ]))
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

/// Who answered the host's probe as obs-websocket answers what is no WebSocket: "upgrade", in the
/// name of the library it is built on.
fn discover(call: &Call) -> Outcome {
    Ok(call.candidates()?.iter().filter_map(instance).collect())
}

fn instance(candidate: &Candidate) -> Option<Value> {
    const LIBRARY: &str = "WebSocket++";
    let host = candidate.host.as_str();
    let name = match host {
        "127.0.0.1" => "obs".to_owned(),
        host => format!("obs-{}", host.replace(['.', ':'], "-")),
    };
    candidate.server.starts_with(LIBRARY).then(|| {
        let settings = json!({ "host": host, "port": candidate.port });
        json!({ "name": name, "settings": settings, "about": "answers as obs-websocket does" })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_obs_s_library_is_an_obs() {
        let found = |host: &str, server: &str| {
            let (host, server) = (host.into(), server.into());
            instance(&Candidate { host, port: 4455, server, ..Candidate::default() })
        };
        let near = found("192.168.1.7", "WebSocket++/0.8.2").unwrap();
        assert_eq!(near.at("name"), "obs-192-168-1-7");
        assert_eq!(near.at("settings"), &json!({ "host": "192.168.1.7", "port": 4455 }));
        assert_eq!(found("127.0.0.1", "WebSocket++/0.8.2").unwrap().at("name"), "obs");
        assert_eq!(found("192.168.1.7", "nginx"), None);
    }
}

if_sdk::provider!(provider);
