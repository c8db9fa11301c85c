//! Sound: inputs, master, headphones and the buses A to G.

use super::call::{Call, Handled, Refused, Switch};
use super::state::{Bus, InputAudio, Mixer};

/// vMix's gain range of an input.
const GAIN_DB_MAX: f64 = 24.0;

/// Applies a function of this family.
pub fn apply(mixer: &mut Mixer, call: &Call) -> Result<Handled, Refused> {
    let handled = apply_input(mixer, call)?;
    if handled == Handled::Yes { Ok(handled) } else { apply_bus(mixer, call) }
}

fn apply_input(mixer: &mut Mixer, call: &Call) -> Result<Handled, Refused> {
    let function = call.function.as_str();
    if let Some(switch) = Switch::read(function, "Audio") {
        switch.inverse().apply(&mut sound(mixer, call)?.muted);
    } else if let Some(switch) = Switch::read(function, "AudioBus") {
        route(sound(mixer, call)?, call.value(), switch)?;
    } else if function == "SoloAllOff" {
        for audio in mixer.inputs.iter_mut().filter_map(|input| input.audio.as_mut()) {
            audio.solo = false;
        }
    } else if let Some(switch) = Switch::read(function, "Solo") {
        switch.apply(&mut sound(mixer, call)?.solo);
    } else {
        let set: fn(&mut InputAudio, &Call) -> Result<(), Refused> = match function {
            "SetVolume" => |audio, call| volume(&mut audio.volume, call),
            "SetVolumeFade" => |audio, call| volume(&mut audio.volume, &without_time(call)),
            "SetBalance" => |audio, call| {
                audio.balance = call.number_in(audio.balance, -1.0, 1.0)?;
                Ok(())
            },
            "SetGain" => |audio, call| {
                audio.gain_db = call.number_in(audio.gain_db, 0.0, GAIN_DB_MAX)?;
                Ok(())
            },
            _ => return Ok(Handled::No),
        };
        set(sound(mixer, call)?, call)?;
    }
    Ok(Handled::Yes)
}

fn apply_bus(mixer: &mut Mixer, call: &Call) -> Result<Handled, Refused> {
    let function = call.function.as_str();
    if let Some(switch) = Switch::read(function, "MasterAudio") {
        switch.inverse().apply(&mut mixer.master.muted);
    } else if function == "SetMasterVolume" {
        volume(&mut mixer.master.volume, call)?;
    } else if function == "SetMasterVolumeFade" {
        volume(&mut mixer.master.volume, &without_time(call))?;
    } else if function == "SetHeadphonesVolume" {
        volume(&mut mixer.headphones_volume, call)?;
    } else if let Some(switch) = Switch::read(function, "BusXAudio") {
        switch.inverse().apply(&mut bus(mixer, call.value())?.muted);
    } else if let Some(switch) = Switch::read(function, "BusXSolo") {
        switch.apply(&mut bus(mixer, call.value())?.solo);
    } else if let Some(switch) = Switch::read(function, "BusXSendToMaster") {
        switch.apply(&mut bus(mixer, call.value())?.send_to_master);
    } else if let Some(switch) = Switch::read(function, "BusAAudio") {
        switch.inverse().apply(&mut bus(mixer, "A")?.muted);
    } else if let Some(switch) = Switch::read(function, "BusBAudio") {
        switch.inverse().apply(&mut bus(mixer, "B")?.muted);
    } else if let Some(name) = between(function, "SetBus", "VolumeFade") {
        volume(&mut bus(mixer, name)?.volume, &without_time(call))?;
    } else if let Some(name) = between(function, "SetBus", "Volume") {
        volume(&mut bus(mixer, name)?.volume, call)?;
    } else {
        return Ok(Handled::No);
    }
    Ok(Handled::Yes)
}

fn between<'a>(function: &'a str, before: &str, after: &str) -> Option<&'a str> {
    function.strip_prefix(before)?.strip_suffix(after)
}

/// `Value` of a fade is `volume,milliseconds`; the fade is over at once here.
fn without_time(call: &Call) -> Call {
    let value = call.value().split(',').next().unwrap_or_default().to_owned();
    Call { value: Some(value), ..call.clone() }
}

fn volume(volume: &mut f64, call: &Call) -> Result<(), Refused> {
    *volume = call.number_in(*volume, 0.0, 100.0)?;
    Ok(())
}

fn sound<'a>(mixer: &'a mut Mixer, call: &Call) -> Result<&'a mut InputAudio, Refused> {
    let input = call.input(mixer)?;
    let title = input.title.clone();
    input.audio.as_mut().ok_or_else(|| Refused(format!("input {title} has no audio")))
}

fn bus<'a>(mixer: &'a mut Mixer, name: &str) -> Result<&'a mut Bus, Refused> {
    let mut letters = name.chars();
    let found = match (letters.next(), letters.next()) {
        (Some('M'), None) => Some(&mut mixer.master),
        (Some(letter), None) => mixer.buses.get_mut(&letter),
        _ => None,
    };
    found.ok_or_else(|| Refused(format!("bus {name:?} not found")))
}

/// Adds buses to, or takes them from, the list `M,A,B`. Several are named by their letters: `MAB`.
fn route(audio: &mut InputAudio, buses: &str, switch: Switch) -> Result<(), Refused> {
    const ORDER: [char; 8] = ['M', 'A', 'B', 'C', 'D', 'E', 'F', 'G'];
    if buses.is_empty() || !buses.chars().all(|bus| ORDER.contains(&bus)) {
        return Err(Refused(format!("bus {buses:?} not found")));
    }
    let keep = |name: &char| {
        let mut has = audio.buses.contains(*name);
        if buses.contains(*name) {
            switch.apply(&mut has);
        }
        has
    };
    let kept: Vec<_> = ORDER.into_iter().filter(keep).map(String::from).collect();
    audio.buses = kept.join(",");
    Ok(())
}
