//! Values that the home itself knows: providers, instances, secrets, contexts.

use super::{Asker, Candidate};
use crate::context;
use if_registry::Index;

/// What an argument of a built-in command may be, by its id and place.
pub fn values(asker: &Asker<'_>, id: &str) -> Vec<Candidate> {
    let noun = asker.place.path.first().copied().unwrap_or_default();
    match (noun, id) {
        (_, "provider") | ("plugin", "plugin") => providers(asker),
        ("secret", "instance") => typed(asker, 0).map(|p| instances(asker, p)).unwrap_or_default(),
        ("secret", "name") => typed(asker, 0).map(|p| secrets(asker, p)).unwrap_or_default(),
        (_, "context") | ("context", "name") => contexts(asker),
        _ => Vec::new(),
    }
}

fn typed<'a>(asker: &'a Asker<'_>, index: usize) -> Option<&'a str> {
    asker.before.get(*asker.place.positionals.get(index)?).map(String::as_str)
}

fn providers(asker: &Asker<'_>) -> Vec<Candidate> {
    let words = asker.index.map_or(&[][..], Index::words);
    words.iter().map(|one| Candidate::new(one.word.as_str(), one.summary.as_str())).collect()
}

fn instances(asker: &Asker<'_>, provider: &str) -> Vec<Candidate> {
    let names = context::names(&asker.app.environment, provider);
    names.into_iter().map(|name| Candidate::new(name, format!("{provider} instance"))).collect()
}

fn secrets(asker: &Asker<'_>, provider: &str) -> Vec<Candidate> {
    let entry = asker.index.and_then(|index| index.provider(provider).ok().flatten());
    let secrets = entry.map(|entry| entry.secrets).unwrap_or_default();
    secrets.into_iter().map(|one| Candidate::new(one.name.as_str(), one.summary)).collect()
}

fn contexts(asker: &Asker<'_>) -> Vec<Candidate> {
    let Ok(in_force) = &asker.app.context else { return Vec::new() };
    let names = in_force.settings.contexts.iter().map(|context| context.name.to_string());
    names.map(|name| Candidate::new(name, "context")).collect()
}
