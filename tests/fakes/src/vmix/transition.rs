//! Transitions, preview and program: what each of them leaves behind when it is over.

use super::call::{Call, Handled, Refused, Switch, index_after};
use super::state::{Mixer, PlayState};

/// The fader's far end, at which a transition is complete.
const FADER_END: f64 = 255.0;
/// Longest transition vMix accepts.
const DURATION_MS_MAX: f64 = 60_000.0;

/// Functions that put an input on program and its predecessor into preview.
const EFFECTS: &[&str] = &[
    "AlphaFade",
    "BarnDoor",
    "CrossZoom",
    "Cube",
    "CubeZoom",
    "Cut",
    "Fade",
    "Fly",
    "FlyRotate",
    "Merge",
    "QuickPlay",
    "RollerDoor",
    "Slide",
    "SlideReverse",
    "VerticalSlide",
    "VerticalSlideReverse",
    "VerticalWipe",
    "VerticalWipeReverse",
    "Wipe",
    "WipeReverse",
    "Zoom",
];

/// Applies a function of this family.
pub fn apply(mixer: &mut Mixer, call: &Call) -> Result<Handled, Refused> {
    let function = call.function.as_str();
    let numbered = |base| index_after(function, base);
    if EFFECTS.contains(&function) || numbered("Stinger").is_some() {
        take(mixer, call, true)?;
    } else if let Some(button) = numbered("Transition") {
        if mixer.transitions.get(button).is_none() {
            return Ok(Handled::No);
        }
        take(mixer, call, true)?;
    } else if let Some(button) = numbered("SetTransitionDuration") {
        let transition = mixer.transitions.get_mut(button);
        let transition = transition.ok_or_else(|| Refused("no such transition".into()))?;
        let duration = call.number_in(f64::from(transition.duration_ms), 0.0, DURATION_MS_MAX)?;
        transition.duration_ms = duration as u32;
    } else if let Some(button) = numbered("SetTransitionEffect") {
        let transition = mixer.transitions.get_mut(button);
        let transition = transition.ok_or_else(|| Refused("no such transition".into()))?;
        transition.effect = call.value().to_owned();
    } else {
        return apply_plain(mixer, call);
    }
    Ok(Handled::Yes)
}

fn apply_plain(mixer: &mut Mixer, call: &Call) -> Result<Handled, Refused> {
    match call.function.as_str() {
        "CutDirect" | "ActiveInput" => take(mixer, call, false)?,
        "PreviewInput" => {
            let key = call.input_key(mixer)?;
            mix(mixer, call)?.preview = key;
        }
        "PreviewInputNext" => step_preview(mixer, call, 1)?,
        "PreviewInputPrevious" => step_preview(mixer, call, mixer.inputs.len().max(1) - 1)?,
        "FadeToBlack" => Switch::Toggle.apply(&mut mixer.fade_to_black),
        "SetFader" => {
            if call.number_in(0.0, 0.0, FADER_END)? >= FADER_END {
                take(mixer, call, true)?;
            }
        }
        _ => return Ok(Handled::No),
    }
    Ok(Handled::Yes)
}

/// Puts the input meant on program. Clips start when they come and pause when they go.
fn take(mixer: &mut Mixer, call: &Call, swap_preview: bool) -> Result<(), Refused> {
    let next = match &call.input {
        Some(_) => call.input_key(mixer)?,
        None => mix(mixer, call)?.preview.clone(),
    };
    let mix = mix(mixer, call)?;
    let previous = std::mem::replace(&mut mix.active, next.clone());
    if swap_preview && previous != next {
        mix.preview.clone_from(&previous);
    }
    for input in mixer.inputs.iter_mut().filter(|input| input.duration_ms > 0) {
        if input.key == next {
            input.state = PlayState::Running;
        } else if input.key == previous {
            input.state = PlayState::Paused;
        }
    }
    Ok(())
}

/// `Mix` counts from 0, the main mix.
fn mix<'a>(mixer: &'a mut Mixer, call: &Call) -> Result<&'a mut super::state::Mix, Refused> {
    let number = call.mix.as_deref().unwrap_or("0");
    let index = number.parse::<usize>().ok();
    let found = index.and_then(|index| mixer.mixes.get_mut(index));
    found.ok_or_else(|| Refused(format!("mix {number} not found")))
}

fn step_preview(mixer: &mut Mixer, call: &Call, by: usize) -> Result<(), Refused> {
    let shown = mix(mixer, call)?.preview.clone();
    let at = mixer.number_of(&shown);
    let index = (at + mixer.inputs.len() + by).saturating_sub(1) % mixer.inputs.len().max(1);
    if let Some(key) = mixer.inputs.get(index).map(|input| input.key.clone()) {
        mix(mixer, call)?.preview = key;
    }
    Ok(())
}
