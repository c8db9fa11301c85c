//! Recording. File name and format are settings of vMix: its functions cannot give them.

use super::{on, wrong_state};
use crate::link::{Vmix, values};
use if_sdk::prelude::*;

pub fn commands() -> Vec<Command> {
    vec![
        on(
            write(
                "record start",
                "begin recording, with file name and format as vMix has them set",
            )
            .example("vmix record start studio"),
            text("file", "refused: vMix names the file by its own recording settings").optional(),
            |vmix, file: Option<String>| {
                if file.is_some() {
                    return Err(Failure::usage(
                        "vMix's StartRecording takes neither file nor format: set them in vMix \
                         under Settings, Recording; `record status` says the file's name",
                    ));
                }
                switch(vmix, "StartRecording", false)
            },
        ),
        on(
            dangerous("record stop", "end recording").example("vmix record stop studio --yes"),
            (),
            |vmix, ()| switch(vmix, "StopRecording", true),
        ),
        on(
            read("record status", "is it recording, for how long, to which file")
                .example("vmix record status studio"),
            (),
            |vmix, ()| Ok(vmix.state()?.take_at("recording")),
        ),
    ]
}

/// Calls the function if the recording is in the state it needs.
fn switch(vmix: &mut Vmix<'_>, function: &str, runs: bool) -> Outcome {
    let state = vmix.state()?;
    if state.at("recording").at("active").as_bool() == Some(!runs) {
        let text = if runs { "nothing is being recorded" } else { "it is recording already" };
        return Err(wrong_state(text.to_owned(), "`vmix record status`"));
    }
    vmix.function(function, values([]))
}
