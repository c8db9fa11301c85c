//! Stream, record, virtual camera, replay buffer: start, stop and status of each.

use crate::protocol::UNKNOWN_REQUEST;
use crate::session::Obs;
use if_sdk::prelude::*;

/// The commands.
pub fn commands() -> [Command; 15] {
    [
        write("stream start", "go live with the service set in OBS").run(ask("StartStream")),
        dangerous("stream stop", "end the live stream").run(ask("StopStream")),
        read("stream status", "is it live, for how long, frames lost").run(ask("GetStreamStatus")),
        write("record start", "begin recording")
            .takes(text("directory", "a folder of OBS's machine to record into").optional())
            .example("obs record start studio --directory /srv/recordings")
            .run(record),
        write("record stop", "end recording, and say which file it became").run(ask("StopRecord")),
        write("record pause", "pause the recording").run(ask("PauseRecord")),
        write("record resume", "go on recording").run(ask("ResumeRecord")),
        read("record status", "is it recording, for how long").run(ask("GetRecordStatus")),
        write("virtualcam start", "switch the virtual camera on").run(ask("StartVirtualCam")),
        write("virtualcam stop", "switch the virtual camera off").run(ask("StopVirtualCam")),
        read("virtualcam status", "is the virtual camera on").run(ask("GetVirtualCamStatus")),
        write("replay start", "start the replay buffer").run(ask("StartReplayBuffer")),
        dangerous("replay stop", "stop the replay buffer; what it holds is lost")
            .run(ask("StopReplayBuffer")),
        write("replay save", "write what the replay buffer holds to a file")
            .run(ask("SaveReplayBuffer")),
        read("replay status", "is the replay buffer running").run(ask("GetReplayBufferStatus")),
    ]
}

/// A handler that makes one request without fields and answers as OBS does.
fn ask(kind: &'static str) -> impl Fn(&Call, ()) -> Outcome {
    move |call, ()| match Obs::connect(call)?.ask(kind)? {
        Value::Object(answer) if answer.is_empty() => Ok(json!({ "accepted": kind })),
        answer => Ok(answer),
    }
}

/// obs-websocket has no file name for a recording; a folder it takes since 5.3.
fn record(call: &Call, directory: Option<String>) -> Outcome {
    let mut obs = Obs::connect(call)?;
    if let Some(directory) = &directory {
        let set = obs.request("SetRecordDirectory", json!({ "recordDirectory": directory }));
        if let Err(Failure::Refused(refusal)) = &set
            && refusal.code == UNKNOWN_REQUEST
        {
            let hint = "leave --directory out, and choose the folder in OBS's output settings";
            let words = "this OBS is too old to be told where to record (obs-websocket 5.3 is)";
            return Err(Failure::refused(UNKNOWN_REQUEST, words).hint(Some(hint.into())));
        }
        set?;
    }
    obs.ask("StartRecord")?;
    Ok(json!({ "accepted": "StartRecord", "directory": directory }))
}
