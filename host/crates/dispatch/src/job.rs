//! A request met with the manifest: which command, what it does, under which limits.
//!
//! The index that served parsing is only a hint; here every argument is checked once more, against
//! the manifest whose signatures were verified.

use crate::request::{Action, Request};
use crate::tariff::Tariff;
use if_config::PriceBook;
use if_core::{Code, Effect, Explain, Mode, Problem};
use if_manifest::model::{Command, EffectSource, Limits, Parameter, Predicate};
use serde_json::{Map, Value};

/// What will be run.
#[derive(Debug)]
pub struct Job<'a> {
    /// Of the command; none for a check.
    pub parameters: &'a [Parameter],
    pub effect: Effect,
    pub limits: Limits,
    /// The argument that decides the effect, where the signed table does not know it, and the
    /// nearest that it knows.
    pub unlisted: Option<(String, Option<String>)>,
    pub deadline_ms: u64,
    /// Set for a command that emits events until it is stopped: `--timeout` stops it.
    pub stream: Option<if_runtime::Stream>,
    pub mode: Mode,
    pub tariff: Tariff,
    /// The command without its arguments, for messages.
    pub line: String,
    /// The whole line as typed, for hints that repeat it.
    pub typed: String,
    pub arguments: Map<String, Value>,
}

impl<'a> Job<'a> {
    /// Finds the command and checks every argument against it.
    ///
    /// `timeout_ms` is what the installation's configuration says where the line says nothing,
    /// `book` the operator's own prices.
    pub fn resolve(
        predicate: &'a Predicate,
        request: &Request,
        timeout_ms: Option<u64>,
        book: &PriceBook,
    ) -> Result<Self, Problem> {
        let line = bare_line(request);
        let (command, arguments) = match &request.action {
            Action::Command { path, arguments, .. } => {
                let command = find(predicate, path, request)?;
                check(&command.parameters, arguments, &line)?;
                (Some(command), arguments.clone())
            }
            Action::Check | Action::Discover { .. } => (None, Map::new()),
        };
        let effect = command
            .map_or(Effect::Read, |command| command.effect_for(&arguments, &predicate.tables));
        let stream = command
            .filter(|command| command.streams)
            .map(|_| if_runtime::Stream { stop_after_ms: request.flags.timeout_ms });
        let deadline_ms = match stream {
            Some(_) => predicate.limits.deadline_ms,
            None => deadline(&predicate.limits, request.flags.timeout_ms.or(timeout_ms)),
        };
        let lasts_ms = stream.and_then(|stream| stream.stop_after_ms).unwrap_or(deadline_ms);
        Ok(Self {
            parameters: command.map_or(&[], |command| &command.parameters),
            effect,
            unlisted: command.and_then(|command| unlisted(command, &arguments, predicate)),
            limits: predicate.limits,
            deadline_ms,
            stream,
            mode: if request.flags.dry_run { Mode::DryRun } else { Mode::Live },
            tariff: Tariff::of(request, predicate, book, &arguments, lasts_ms)?,
            typed: request.line.clone().unwrap_or_else(|| line.clone()),
            line,
            arguments,
        })
    }
}

impl Job<'_> {
    /// The manifest's deadline, if this call was given less.
    pub fn time_not_used_ms(&self) -> Option<u64> {
        Some(self.limits.deadline_ms).filter(|allowed| self.deadline_ms < *allowed)
    }
}

fn bare_line(request: &Request) -> String {
    let instance = request.instance.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    format!("ifctl {} {}{instance}", request.provider, request.action.name())
}

/// `--timeout` may lower the manifest's deadline, never raise it beyond what the manifest's author
/// signed. A stream's deadline is one of silence and stays the manifest's; its `--timeout` says how
/// long to watch, and what the configuration says of commands in general does not end it.
fn deadline(limits: &Limits, asked: Option<u64>) -> u64 {
    asked.map_or(limits.deadline_ms, |asked| asked.min(limits.deadline_ms))
}

/// What the command's table of effects does not know: it counts as dangerous, and may be a slip.
fn unlisted(
    command: &Command,
    arguments: &Map<String, Value>,
    predicate: &Predicate,
) -> Option<(String, Option<String>)> {
    let EffectSource::Table(key) = &command.effect else { return None };
    let table = predicate.tables.get(&key.table)?;
    let words = key.words(arguments)?;
    let word = words.into_iter().find(|word| !table.contains_key(*word))?;
    let nearest = if_config::nearest(word, table.keys().map(String::as_str));
    Some((word.to_owned(), nearest.map(str::to_owned)))
}

fn find<'a>(
    predicate: &'a Predicate,
    path: &str,
    request: &Request,
) -> Result<&'a Command, Problem> {
    predicate.commands.iter().find(|command| command.path == path).ok_or_else(|| {
        Problem::new(Code::Usage, format!("{} has no command `{path}`", request.provider))
            .hint(format!("ifctl {} --help", request.provider))
    })
}

fn check(
    parameters: &[Parameter],
    arguments: &Map<String, Value>,
    line: &str,
) -> Result<(), Problem> {
    let usage = |text: String| Problem::new(Code::Usage, text).hint(format!("{line} --help"));
    for (name, value) in arguments {
        let Some(parameter) = parameters.iter().find(|p| p.name.as_str() == name) else {
            return Err(usage(format!("`{line}` takes no `{name}`")));
        };
        parameter.kind.check(value).map_err(|reason| usage(format!("{name}: {reason}")))?;
    }
    match parameters.iter().find(|p| p.required && !arguments.contains_key(p.name.as_str())) {
        Some(missing) => Err(usage(format!("`{line}` needs {}", missing.name))),
        None => Ok(()),
    }
}

/// An error of another room as this room's problem.
pub(crate) fn explain(error: impl Explain) -> Problem {
    error.problem()
}
