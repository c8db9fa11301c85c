//! Tally and activators: the short forms in which the TCP API tells of the state.
//!
//! Modelled are the activators whose state the XML holds; others are refused by the TCP surface.

use super::shared::Change;
use super::state::Mixer;
use std::collections::BTreeMap;

/// One digit per input: 0 safe, 1 on program, 2 in preview.
pub(super) fn tally(mixer: &Mixer) -> String {
    let lamp = |key: &str| match key {
        key if key == mixer.active() => '1',
        key if key == mixer.preview() => '2',
        _ => '0',
    };
    mixer.inputs.iter().map(|input| lamp(&input.key)).collect()
}

/// Every modelled activator with its value: `Input 2` → `1`.
pub(super) fn activators(mixer: &Mixer) -> BTreeMap<String, String> {
    let mut acts = BTreeMap::new();
    let flag = |on: bool| u8::from(on).to_string();
    for (index, input) in mixer.inputs.iter().enumerate() {
        let number = index + 1;
        acts.insert(format!("Input {number}"), flag(input.key == mixer.active()));
        acts.insert(format!("InputPreview {number}"), flag(input.key == mixer.preview()));
        acts.insert(format!("InputPlaying {number}"), flag(input.state.as_str() == "Running"));
        if let Some(audio) = &input.audio {
            acts.insert(format!("InputAudio {number}"), flag(!audio.muted));
            acts.insert(format!("InputSolo {number}"), flag(audio.solo));
            acts.insert(format!("InputVolume {number}"), (audio.volume / 100.0).to_string());
        }
        for (overlay, shown) in mixer.overlays.iter().enumerate() {
            let on = shown.as_deref() == Some(input.key.as_str());
            acts.insert(format!("Overlay{} {number}", overlay + 1), flag(on));
        }
    }
    for (name, bus) in &mixer.buses {
        acts.insert(format!("Bus{name}Audio"), flag(!bus.muted));
        acts.insert(format!("Bus{name}Volume"), (bus.volume / 100.0).to_string());
    }
    acts.insert("MasterAudio".into(), flag(!mixer.master.muted));
    acts.insert("MasterVolume".into(), (mixer.master.volume / 100.0).to_string());
    acts.insert("FadeToBlack".into(), flag(mixer.fade_to_black));
    acts.insert("Recording".into(), flag(mixer.recording));
    acts.insert("Streaming".into(), flag(mixer.streaming.contains(&true)));
    acts.insert("External".into(), flag(mixer.external));
    acts.insert("MultiCorder".into(), flag(mixer.multi_corder));
    acts.insert("PlayList".into(), flag(mixer.play_list));
    acts.insert("Fullscreen".into(), flag(mixer.fullscreen));
    acts
}

/// What a subscriber is told after a change.
pub(super) fn difference(before: &Mixer, after: &Mixer) -> Change {
    let (old, new) = (activators(before), activators(after));
    let changed = new.iter().filter(|(name, value)| old.get(*name) != Some(*value));
    Change {
        tally: Some(tally(after)).filter(|now| *now != tally(before)),
        acts: changed.map(|(name, value)| format!("{name} {value}")).collect(),
    }
}
