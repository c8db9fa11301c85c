//! What leaves the mixer: overlays, recording, streams, external output, presets.

use super::call::{Call, Handled, Refused, Switch, index_after};
use super::state::{Mixer, OVERLAYS};

/// Applies a function of this family.
pub fn apply(mixer: &mut Mixer, call: &Call) -> Result<Handled, Refused> {
    let function = call.function.as_str();
    if let Some(rest) = function.strip_prefix("OverlayInput") {
        return overlay(mixer, call, rest);
    }
    if let Some(setting) = function.strip_prefix("StreamingSet") {
        stream_setting(mixer, call, &setting.to_ascii_lowercase())?;
    } else if let Some(switch) = Switch::read_start(function, "Streaming") {
        stream(mixer, call, switch)?;
    } else if let Some(switch) = Switch::read_start(function, "Recording") {
        switch.apply(&mut mixer.recording);
    } else if let Some(switch) = Switch::read_start(function, "External") {
        switch.apply(&mut mixer.external);
    } else if let Some(switch) = Switch::read_start(function, "MultiCorder") {
        switch.apply(&mut mixer.multi_corder);
    } else if let Some(switch) = Switch::read_start(function, "PlayList") {
        switch.apply(&mut mixer.play_list);
    } else if let Some(switch) = Switch::read(function, "Fullscreen") {
        switch.apply(&mut mixer.fullscreen);
    } else if matches!(function, "OpenPreset" | "SavePreset") {
        call.value().clone_into(&mut mixer.preset);
    } else {
        return Ok(Handled::No);
    }
    Ok(Handled::Yes)
}

/// `1`, `1In`, `1Out`, `1Off`, `1Last`, `1Zoom` behind `OverlayInput`, or `AllOff`.
fn overlay(mixer: &mut Mixer, call: &Call, rest: &str) -> Result<Handled, Refused> {
    if rest == "AllOff" {
        mixer.overlays = Default::default();
        return Ok(Handled::Yes);
    }
    let (digit, verb) = rest.split_at_checked(1).unwrap_or((rest, ""));
    let Some(index) = index_after(digit, "").filter(|index| *index < OVERLAYS) else {
        return Ok(Handled::No);
    };
    let shown = match verb {
        "" => {
            let key = call.input_key(mixer)?;
            let slot = mixer.overlays.get(index).cloned().flatten();
            if slot.as_deref() == Some(key.as_str()) { None } else { Some(key) }
        }
        "In" | "Last" => Some(call.input_key(mixer)?),
        "Out" | "Off" => None,
        _ => return Ok(Handled::Yes),
    };
    if let Some(slot) = mixer.overlays.get_mut(index) {
        *slot = shown;
    }
    Ok(Handled::Yes)
}

/// `Value` is the channel from 0; without one all of them are meant.
fn stream(mixer: &mut Mixer, call: &Call, switch: Switch) -> Result<(), Refused> {
    let Some(channel) = &call.value else {
        mixer.streaming.iter_mut().for_each(|channel| switch.apply(channel));
        return Ok(());
    };
    let slot = channel.parse::<usize>().ok().and_then(|index| mixer.streaming.get_mut(index));
    switch.apply(slot.ok_or_else(|| Refused(format!("stream {channel} not found")))?);
    Ok(())
}

/// `Value` is `channel,text`.
fn stream_setting(mixer: &mut Mixer, call: &Call, setting: &str) -> Result<(), Refused> {
    let (channel, text) = call.value().split_once(',').unwrap_or(("0", call.value()));
    let slot = channel.parse::<usize>().ok().and_then(|index| mixer.stream_settings.get_mut(index));
    let slot = slot.ok_or_else(|| Refused(format!("stream {channel} not found")))?;
    slot.insert(setting.to_owned(), text.to_owned());
    Ok(())
}
