//! The command table: paths that a person can type and no two of which can be confused.

use super::at::At;
use super::{RESERVED_COMMANDS, is_plain, line, parameters};
use crate::ManifestError;
use crate::model::{Command, Completion, EffectSource, Kind, Predicate, View};
use if_core::{Effect, Word};
use serde_json::Value;

/// Most commands of one provider: each is a line of help.
const COMMANDS_MAX: usize = 500;

/// Deepest path: nobody types more.
const WORDS_MAX: usize = 4;

/// Longest text at the end of a command's help: two screens.
const DETAILS_BYTES_MAX: usize = 8 << 10;

/// All commands of the plugin.
pub(super) fn commands(at: &At<'_>, it: &Predicate) -> Result<(), ManifestError> {
    at.require(it.commands.len() <= COMMANDS_MAX, || format!("has more than {COMMANDS_MAX}"))?;
    for (index, command) in it.commands.iter().enumerate() {
        one(&at.index(index), it, command)?;
    }
    unambiguous(at, &it.commands)
}

fn one(at: &At<'_>, it: &Predicate, command: &Command) -> Result<(), ManifestError> {
    path(&at.field("path"), &command.path)?;
    line(&at.field("summary"), &command.summary)?;
    parameters::parameters(&at.field("parameters"), &command.parameters)?;
    parameters::order(&at.field("parameters"), &command.parameters)?;
    for (index, parameter) in command.parameters.iter().enumerate() {
        at.field("parameters")
            .index(index)
            .field("kind")
            .require(parameter.kind != Kind::Secret, || {
                "a secret is never an argument; declare it under secrets".into()
            })?;
        if let Some(completion) = &parameter.complete {
            let at = at.field("parameters");
            completes(&at.index(index).field("complete"), completion, &it.commands)?;
        }
    }
    effect(&at.field("effect"), it, command)?;
    view(&at.field("view"), &command.view)?;
    let examples = &at.field("examples");
    for (index, example) in command.examples.iter().enumerate() {
        let at = &examples.index(index);
        let first = example.split(' ').next();
        at.require(first == Some(it.provider.as_str()) && is_plain(example), || {
            format!("must be one line beginning with `{} `", it.provider)
        })?;
    }
    details(&at.field("details"), &command.details)
}

/// Lines of plain text, in bounds: they are read with every line that names the provider.
fn details(at: &At<'_>, text: &str) -> Result<(), ManifestError> {
    at.require(text.len() <= DETAILS_BYTES_MAX, || {
        format!("has more than {DETAILS_BYTES_MAX} bytes")
    })?;
    at.require(text.split('\n').all(is_plain), || "must be plain text".into())
}

fn path(at: &At<'_>, path: &str) -> Result<(), ManifestError> {
    let words: Vec<&str> = path.split(' ').collect();
    let legal = words.len() <= WORDS_MAX && words.iter().all(|word| Word::new(*word).is_ok());
    at.require(legal, || {
        format!("`{path}` must be 1 to {WORDS_MAX} words of [a-z0-9-], one blank between them")
    })?;
    let first = words.first().copied().unwrap_or_default();
    at.require(!RESERVED_COMMANDS.contains(&first), || {
        format!("every provider has `{first}` from the host already")
    })
}

/// No path equals or begins another: otherwise the instance's name could be read as a command.
fn unambiguous(at: &At<'_>, commands: &[Command]) -> Result<(), ManifestError> {
    let mut paths: Vec<(Vec<&str>, usize)> = commands
        .iter()
        .enumerate()
        .map(|(index, command)| (command.path.split(' ').collect(), index))
        .collect();
    paths.sort();
    // Sorted by words, whatever begins with a path follows it at once.
    for pair in paths.windows(2) {
        let [(shorter, _), (longer, index)] = pair else { continue };
        at.index(*index).field("path").require(!longer.starts_with(shorter), || {
            format!("`{}` begins with the command `{}`", longer.join(" "), shorter.join(" "))
        })?;
    }
    Ok(())
}

fn effect(at: &At<'_>, it: &Predicate, command: &Command) -> Result<(), ManifestError> {
    match &command.effect {
        EffectSource::Fixed(effect) => at.require(*effect != Effect::Session, || {
            "`session` is for handshakes; a command is read, write or dangerous".into()
        }),
        EffectSource::Table(source) => {
            at.field("table").require(it.tables.contains_key(&source.table), || {
                format!("there is no table `{}`", source.table)
            })?;
            let (name, place) = source.parameter();
            let at = &at.field("key");
            let found = command.parameters.iter().find(|one| one.name.as_str() == name);
            let found = found.ok_or_else(|| at.fault(format!("there is no parameter `{name}`")))?;
            if source.key.contains(':') {
                at.require(matches!(found.kind, Kind::Json { .. }), || {
                    format!("parameter `{name}` must be json to have a pointer into it")
                })?;
                return pointer(at, place);
            }
            let text = matches!(found.kind, Kind::String { .. } | Kind::Enum { .. });
            at.require(text, || format!("parameter `{name}` must be a string or an enum"))
        }
    }
}

fn view(at: &At<'_>, view: &View) -> Result<(), ManifestError> {
    match view {
        View::Fields | View::Json => Ok(()),
        View::Table { rows, columns } => {
            pointer(&at.field("rows"), rows)?;
            let named = !columns.is_empty() && columns.iter().all(|name| !name.is_empty());
            at.field("columns").require(named, || "must name the columns".into())?;
            at.field("columns")
                .require(columns.iter().all(|name| is_plain(name)), || "must be plain text".into())
        }
        View::Text { pointer: place } => pointer(&at.field("pointer"), place),
    }
}

/// What a shell may ask while a word is typed: a command that only reads, ends by itself and needs
/// nothing but the instance.
fn completes(at: &At<'_>, it: &Completion, commands: &[Command]) -> Result<(), ManifestError> {
    pointer(&at.field("pointer"), &it.pointer)?;
    let at = at.field("command");
    let found = commands.iter().find(|command| command.path == it.command);
    let Some(lists) = found else {
        return Err(at.fault(format!("there is no command `{}`", it.command)));
    };
    let reads = lists.effect == EffectSource::Fixed(Effect::Read) && !lists.streams;
    at.require(reads, || format!("`{}` must read, and end by itself", it.command))?;
    let bare = lists.parameters.iter().all(|parameter| !parameter.required);
    at.require(bare, || format!("`{}` needs more than an instance", it.command))
}

/// RFC 6901: empty for the whole document, else `/member/0`, with `~0` and `~1` as only escapes.
pub(super) fn pointer(at: &At<'_>, text: &str) -> Result<(), ManifestError> {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let ok = (text.is_empty() || text.starts_with('/')) && escapes && is_plain(text);
    at.require(ok, || format!("{} is not a JSON pointer (RFC 6901)", Value::from(text)))
}
