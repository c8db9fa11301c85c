//! Values that only the device knows: asked by the read command that the plugin named for it.
//!
//! The command takes the ordinary path (trust, decision, log, limits); the effect is held to
//! `read` three times: here by the index, in dispatch by the signed manifest, on the wire by the
//! broker. See docs/decisions on what completion may contact.

use crate::app::App;
use if_core::Effect;
use if_dispatch::completion::{self, Question};
use if_manifest::model::{EffectSource, Parameter};
use if_registry::ProviderEntry;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// How long a shell waits for an answer at most, whatever happens below: a component that is not
/// compiled yet, a disk that is slow. The operation itself has a shorter deadline and ends in order
/// before this.
const PATIENCE: Duration = Duration::from_millis(1_000);

/// The values; none when anything fails.
pub fn values(
    app: &App,
    provider: &str,
    entry: &ProviderEntry,
    instance: &str,
    parameter: &Parameter,
) -> Vec<String> {
    let Some(complete) = &parameter.complete else { return Vec::new() };
    let lists = entry.commands.iter().find(|command| command.path == complete.command);
    if !lists.is_some_and(|command| command.effect == EffectSource::Fixed(Effect::Read)) {
        return Vec::new();
    }
    let question = Question {
        provider: provider.to_owned(),
        instance: instance.to_owned(),
        command: complete.command.clone(),
        pointer: complete.pointer.clone(),
    };
    let environment = app.environment.clone();
    let (sender, receiver) = sync_channel(1);
    std::thread::spawn(move || {
        // Whoever asked may have given up.
        let _ = sender.send(completion::values(environment, &question));
    });
    receiver.recv_timeout(PATIENCE).unwrap_or_default()
}
