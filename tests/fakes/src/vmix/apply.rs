//! One function against the state. All 797 names are accepted; those with a visible effect have
//! it, the rest (plugins, colour, replay, PTZ, …) complete without one, as their effect is not in
//! the XML either. A name vMix does not have, or an input that does not exist, is refused.

use super::call::{Call, Handled, Refused};
use super::functions;
use super::state::Mixer;
use super::{audio, input, output, transition};

/// Applies a call, or refuses it and leaves the state as it was.
pub fn apply(mixer: &mut Mixer, call: &Call) -> Result<(), Refused> {
    if functions::group_of(&call.function).is_none() {
        return Err(Refused(format!("function {} not found", call.function)));
    }
    let mut next = mixer.clone();
    for family in [transition::apply, input::apply, audio::apply, output::apply] {
        if family(&mut next, call)? == Handled::Yes {
            *mixer = next;
            return Ok(());
        }
    }
    match &call.input {
        // An input that does not exist is an error even where nothing visible would change.
        Some(name) if mixer.find(name).is_none() => Err(Refused(format!("input {name} not found"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vmix::state::PlayState;

    fn after(queries: &[&str]) -> Mixer {
        let mut mixer = Mixer::default();
        for query in queries {
            apply(&mut mixer, &Call::parse(query)).unwrap_or_else(|error| {
                panic!("{query}: {}", error.0);
            });
        }
        mixer
    }

    fn refused(query: &str) -> String {
        let mut mixer = Mixer::default();
        let error = apply(&mut mixer, &Call::parse(query)).unwrap_err();
        assert_eq!(mixer, Mixer::default(), "{query} left a trace");
        error.0
    }

    fn shown(mixer: &Mixer) -> (usize, usize) {
        (mixer.number_of(mixer.active()), mixer.number_of(mixer.preview()))
    }

    #[test]
    fn every_documented_function_is_accepted() {
        for name in functions::names() {
            let mut mixer = Mixer::default();
            // Input 3 has sound and time; titles have text; a value most functions can read.
            let input = if name == "SetText" { 4 } else { 3 };
            let value = match name {
                "AddInput" => "Colour",
                "AudioBus" | "AudioBusOn" | "AudioBusOff" => "A",
                _ if name.starts_with("BusX") => "A",
                _ if name.starts_with("StreamingSet") => "0,text",
                _ => "1",
            };
            let query = format!("Function={name}&Input={input}&Value={value}");
            let outcome = apply(&mut mixer, &Call::parse(&query));
            assert_eq!(outcome, Ok(()), "{name}");
        }
    }

    #[test]
    fn transitions_swap_program_and_preview() {
        assert_eq!(shown(&Mixer::default()), (1, 2));
        assert_eq!(shown(&after(&["Function=Cut"])), (2, 1));
        assert_eq!(shown(&after(&["Function=Fade&Input=3&Duration=500"])), (3, 1));
        assert_eq!(shown(&after(&["Function=CutDirect&Input=3"])), (3, 2));
        assert_eq!(shown(&after(&["Function=Transition2"])), (2, 1));
        assert_eq!(shown(&after(&["Function=SetFader&Value=100"])), (1, 2));
        assert_eq!(shown(&after(&["Function=SetFader&Value=255"])), (2, 1));
        assert_eq!(shown(&after(&["Function=PreviewInput&Input=opener.mp4"])), (1, 3));
        assert_eq!(shown(&after(&["Function=PreviewInputNext"])), (1, 3));
        assert_eq!(shown(&after(&["Function=PreviewInputPrevious"])), (1, 1));
        let mixer = after(&["Function=Cut&Input=3&Mix=1"]);
        assert_eq!(shown(&mixer), (1, 2));
        assert_eq!(mixer.number_of(&mixer.mixes[1].active), 3);
    }

    #[test]
    fn clips_run_while_they_are_on_program() {
        let mixer = after(&["Function=Cut&Input=3"]);
        assert_eq!(mixer.inputs[2].state, PlayState::Running);
        let mixer = after(&["Function=Cut&Input=3", "Function=Cut"]);
        assert_eq!(mixer.inputs[2].state, PlayState::Paused);
    }

    #[test]
    fn sound_follows() {
        let mixer = after(&[
            "Function=AudioOff&Input=3",
            "Function=SetVolume&Input=3&Value=40",
            "Function=SetVolume&Input=3&Value=%2B=5",
            "Function=AudioBusOn&Input=3&Value=B",
            "Function=SetBusCVolumeFade&Value=30,2000",
            "Function=BusXAudioOff&Value=C",
            "Function=MasterAudioOff",
        ]);
        let audio = mixer.inputs[2].audio.clone().unwrap();
        assert!(audio.muted);
        assert_eq!((audio.volume, audio.buses.as_str()), (45.0, "M,B"));
        let several = after(&["Function=AudioBus&Input=3&Value=MAG"]);
        assert_eq!(several.inputs[2].audio.as_ref().unwrap().buses, "A,G");
        let bus = &mixer.buses[&'C'];
        assert_eq!((bus.volume, bus.muted), (30.0, true));
        assert!(mixer.master.muted);
        assert!(refused("Function=AudioOn&Input=1").contains("no audio"));
        assert!(refused("Function=AudioBusOn&Input=3&Value=H").contains("bus"));
    }

    #[test]
    fn outputs_and_overlays_follow() {
        let mixer = after(&["Function=StartRecording", "Function=StartStreaming&Value=1"]);
        assert!(mixer.recording);
        assert_eq!(mixer.streaming, [false, true, false, false, false]);
        let mixer = after(&["Function=OverlayInput2&Input=4"]);
        assert_eq!(mixer.overlays[1].as_deref(), Some(mixer.inputs[3].key.as_str()));
        let off = after(&["Function=OverlayInput2In&Input=4", "Function=OverlayInput2Out"]);
        assert_eq!(off.overlays, <[Option<String>; 8]>::default());
        let toggled = after(&["Function=OverlayInput2&Input=4", "Function=OverlayInput2&Input=4"]);
        assert_eq!(toggled.overlays[1], None);
        assert!(after(&["Function=FadeToBlack"]).fade_to_black);
        assert!(refused("Function=StartStreaming&Value=9").contains("stream 9"));
    }

    #[test]
    fn inputs_come_and_go() {
        let mixer = after(&[r"Function=AddInput&Value=Video|C:\clips\end.mp4"]);
        assert_eq!(mixer.inputs[5].title, "end.mp4");
        let mixer = after(&["Function=OverlayInput1&Input=3", "Function=RemoveInput&Input=3"]);
        assert_eq!((mixer.inputs.len(), mixer.overlays[0].clone()), (4, None));
        let mixer = after(&["Function=RemoveInput&Input=1"]);
        assert_eq!(shown(&mixer), (1, 1));
        let mixer = after(&["Function=MoveInput&Input=5&Value=1"]);
        assert_eq!((mixer.inputs[0].title.as_str(), shown(&mixer)), ("List", (2, 3)));
        let mixer = after(&["Function=SetText&Input=4&SelectedName=Headline.Text&Value=Ann"]);
        assert_eq!(mixer.inputs[3].texts[0].1, "Ann");
        assert!(refused("Function=AddInput&Value=NDI|CAM").contains("NDI"));
        assert!(refused("Function=SetText&Input=1&Value=x").contains("text field"));
    }

    #[test]
    fn what_vmix_does_not_know_is_refused() {
        assert!(refused("Function=PTZ&Input=3").contains("function PTZ not found"));
        assert!(refused("Function=Transition&Mix=Fade").contains("Transition not found"));
        assert!(refused("Function=OverlayInputIn2&Input=3").contains("not found"));
        assert!(refused("Function=Cut&Input=99").contains("input 99 not found"));
        assert!(refused("Function=PTZHome&Input=Nobody").contains("input Nobody not found"));
        assert!(refused("Function=Cut&Mix=7").contains("mix 7"));
    }
}
