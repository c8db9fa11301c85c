//! The commands, one file per family; here is what they share.
//!
//! A handler receives the connected vMix and its own values: every command that talks to vMix has
//! `--via` beside its own parameters.

mod audio;
mod call;
mod live;
mod look;
mod ndi;
mod overlay;
mod ptz;
mod record;
mod stream;
mod switching;

use crate::inputs::{self, Input};
use crate::link::{Vmix, via};
use if_sdk::prelude::*;
use if_sdk::{Draft, Parameter};

/// All commands, in the order of the help.
pub fn all() -> impl Iterator<Item = Command> {
    let families: [Vec<Command>; 10] = [
        switching::commands(),
        overlay::commands(),
        audio::commands(),
        stream::commands(),
        record::commands(),
        ptz::commands(),
        ndi::commands(),
        look::commands(),
        live::commands(),
        call::commands(),
    ];
    families.into_iter().flatten()
}

/// A command on a connected vMix.
fn on<P: Parameters + 'static>(
    draft: Draft<()>,
    parameters: P,
    handler: impl Fn(&mut Vmix<'_>, P::Values) -> Outcome + 'static,
) -> Command {
    draft
        .takes((parameters, via()))
        .run(move |call, (values, via)| handler(&mut Vmix::open(call, via)?, values))
}

/// The parameter that names an input.
fn input() -> Parameter<String> {
    text("input", "number, title or key; -1 is program, 0 preview")
        .positional()
        .completes("inputs", "/inputs/*/title")
}

/// The parameter that names a mix.
fn mix() -> Parameter<Option<i64>> {
    int("mix", "number of the mix, 0 is the main one").between(0, MIX_MAX).optional()
}

/// vMix has up to 16 mixes, the main one included.
const MIX_MAX: i64 = 15;

/// What an action is about, looked up before anything is sent.
struct Aim {
    input: Option<Input>,
    mix: Option<i64>,
}

impl Aim {
    /// Looks up input and mix; asks vMix only when there is something to look up.
    fn find(vmix: &mut Vmix<'_>, input: Option<String>, mix: Option<i64>) -> Result<Self, Failure> {
        let known = input.as_deref().is_none_or(inputs::is_role) && mix.unwrap_or(0) == 0;
        let state = if known { Value::Null } else { vmix.state()? };
        if let Some(mix) = mix.filter(|mix| *mix > 0) {
            mix_exists(&state, mix)?;
        }
        let input = input.map(|name| inputs::find(&state, &name)).transpose()?;
        Ok(Self { input, mix })
    }

    /// As parameters.
    fn input(&self) -> Option<String> {
        self.input.as_ref().map(|input| input.sent.clone())
    }

    fn mix(&self) -> Option<String> {
        self.mix.map(|mix| mix.to_string())
    }

    /// The result with the input as people know it.
    fn told(&self, outcome: Value) -> Value {
        told(outcome, self.input.as_ref())
    }
}

/// Adds the input, as people know it, to a result.
fn told(mut outcome: Value, input: Option<&Input>) -> Value {
    if let (Some(outcome), Some(input)) = (outcome.as_object_mut(), input) {
        outcome.insert("input".to_owned(), input.shown());
    }
    outcome
}

/// `Mix` counts from 0; the XML lists the mixes behind the main one, counted from 1.
fn mix_exists(state: &Value, mix: i64) -> Result<(), Failure> {
    let mixes = state.at("mixes").items();
    if mixes.iter().any(|entry| entry.at("number").as_i64() == Some(mix + 1)) {
        return Ok(());
    }
    let hint = format!("this vMix has mixes 0 to {}", mixes.len());
    Err(Failure::refused("", format!("there is no mix {mix}")).hint(Some(hint)))
}

/// A refusal because of the state vMix is in, with the command that shows it.
fn wrong_state(text: String, look: &str) -> Failure {
    Failure::refused("", text).hint(Some(format!("see {look}")))
}
