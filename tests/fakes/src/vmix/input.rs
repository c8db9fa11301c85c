//! Inputs: adding, removing, naming, playing, and the text of titles.

use super::call::{Call, Handled, Refused, Switch, index_after};
use super::state::{INPUTS_MAX, Input, Mixer, PlayState};

/// Types that the documented `AddInput` accepts.
const ADDABLE: &[&str] = &[
    "Video",
    "Image",
    "Photos",
    "Xaml",
    "VideoList",
    "Colour",
    "AudioFile",
    "Flash",
    "PowerPoint",
];

/// Applies a function of this family.
pub fn apply(mixer: &mut Mixer, call: &Call) -> Result<Handled, Refused> {
    let function = call.function.as_str();
    match function {
        "AddInput" => add(mixer, call)?,
        "RemoveInput" => remove(mixer, call)?,
        "MoveInput" => relocate(mixer, call)?,
        "CreateVirtualInput" => {
            let title = format!("{} - Virtual", call.input(mixer)?.title);
            room(mixer)?;
            mixer.add("Virtual", &title);
        }
        "SetText" => set_text(call.input(mixer)?, call)?,
        _ => {
            if let Some(index) = index_after(function, "SetDynamicInput") {
                set(&mut mixer.dynamic_inputs, index, call)?;
            } else if let Some(index) = index_after(function, "SetDynamicValue") {
                set(&mut mixer.dynamic_values, index, call)?;
            } else {
                return apply_one(mixer, call);
            }
        }
    }
    Ok(Handled::Yes)
}

/// Functions that touch nothing but the input meant.
fn apply_one(mixer: &mut Mixer, call: &Call) -> Result<Handled, Refused> {
    let change: fn(&mut Input, &Call) -> Result<(), Refused> = match call.function.as_str() {
        "Play" => |input, _| play(input, Switch::On),
        "Pause" => |input, _| play(input, Switch::Off),
        "PlayPause" => |input, _| play(input, Switch::Toggle),
        "Loop" => |input, _| looping(input, Switch::Toggle),
        "LoopOn" => |input, _| looping(input, Switch::On),
        "LoopOff" => |input, _| looping(input, Switch::Off),
        "Restart" => |input, _| {
            input.position_ms = 0;
            Ok(())
        },
        "ResetInput" => |input, _| {
            input.position_ms = 0;
            input.looping = false;
            Ok(())
        },
        "SetPosition" => |input, call| {
            let position =
                call.number_in(input.position_ms as f64, 0.0, input.duration_ms as f64)?;
            input.position_ms = position as u64;
            Ok(())
        },
        "SetInputName" => |input, call| {
            input.title = call.value().to_owned();
            Ok(())
        },
        _ => return Ok(Handled::No),
    };
    change(call.input(mixer)?, call)?;
    Ok(Handled::Yes)
}

/// A clip at its end starts over when it is played again.
fn play(input: &mut Input, switch: Switch) -> Result<(), Refused> {
    let mut running = input.state == PlayState::Running;
    switch.apply(&mut running);
    if running && input.state == PlayState::Completed {
        input.position_ms = 0;
    }
    input.state = if running { PlayState::Running } else { PlayState::Paused };
    Ok(())
}

fn looping(input: &mut Input, switch: Switch) -> Result<(), Refused> {
    switch.apply(&mut input.looping);
    Ok(())
}

fn set(slots: &mut [String; 4], index: usize, call: &Call) -> Result<(), Refused> {
    let slot = slots.get_mut(index).ok_or_else(|| Refused("no such dynamic value".into()))?;
    *slot = call.value().to_owned();
    Ok(())
}

fn room(mixer: &Mixer) -> Result<(), Refused> {
    let full = mixer.inputs.len() >= INPUTS_MAX;
    if full { Err(Refused(format!("there are {INPUTS_MAX} inputs already"))) } else { Ok(()) }
}

/// `Value` is `Type|path`.
fn add(mixer: &mut Mixer, call: &Call) -> Result<(), Refused> {
    let (kind, path) = call.value().split_once('|').unwrap_or((call.value(), ""));
    if !ADDABLE.contains(&kind) {
        return Err(Refused(format!("input type {kind:?} is not known")));
    }
    room(mixer)?;
    let title = path.rsplit(['\\', '/']).next().filter(|name| !name.is_empty()).unwrap_or(kind);
    mixer.add(kind, title);
    Ok(())
}

/// What showed the removed input shows the first one instead; overlays go dark.
fn remove(mixer: &mut Mixer, call: &Call) -> Result<(), Refused> {
    let key = call.input_key(mixer)?;
    if mixer.inputs.len() == 1 {
        return Err(Refused("the last input stays".into()));
    }
    mixer.inputs.retain(|input| input.key != key);
    let first = mixer.inputs.first().map(|input| input.key.clone()).unwrap_or_default();
    for mix in &mut mixer.mixes {
        for shown in [&mut mix.active, &mut mix.preview] {
            if *shown == key {
                shown.clone_from(&first);
            }
        }
    }
    for overlay in &mut mixer.overlays {
        overlay.take_if(|shown| *shown == key);
    }
    Ok(())
}

/// `Value` is the number the input gets.
fn relocate(mixer: &mut Mixer, call: &Call) -> Result<(), Refused> {
    let key = call.input_key(mixer)?;
    let last = mixer.inputs.len();
    let to = call.number_in(0.0, 1.0, last as f64)? as usize - 1;
    let from = mixer.number_of(&key) - 1;
    let input = mixer.inputs.remove(from);
    mixer.inputs.insert(to, input);
    Ok(())
}

/// By `SelectedName`, else `SelectedIndex`, else the first field.
fn set_text(input: &mut Input, call: &Call) -> Result<(), Refused> {
    let index = match (&call.selected_name, &call.selected_index) {
        (Some(name), _) => input.texts.iter().position(|(known, _)| known == name),
        (None, Some(index)) => index.parse().ok(),
        (None, None) => Some(0),
    };
    let field = index.and_then(|index| input.texts.get_mut(index));
    let field = field.ok_or_else(|| Refused("no such text field".into()))?;
    call.value().clone_into(&mut field.1);
    Ok(())
}
