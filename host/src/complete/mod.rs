//! Candidates for the word under the cursor: from the index and the provider files, and for a
//! parameter whose plugin says who lists its values, from that read command, within a time a person
//! does not notice. Silent whatever goes wrong: a shell's line is no place for errors.

mod known;
#[cfg(feature = "live")]
mod live;

use crate::app::App;
use crate::commands;
use crate::context;
use crate::line::Line;
use crate::place::{Place, is_option, takes_value};
use crate::print::{clean, is_clean};
use crate::tree::{command_tree, first_word};
use clap::{Arg, Args};
use if_core::Problem;
use if_manifest::model::{self, Kind};
use if_registry::{Index, ProviderEntry};

/// The line up to the cursor, as it is or already split by the shell.
#[derive(Debug, Args)]
pub struct CompleteArgs {
    /// The line, quotes and all
    #[arg(long, allow_hyphen_values = true, conflicts_with = "words")]
    line: Option<String>,
    /// Print candidates quoted, to stand in that line as they are
    #[arg(long, requires = "line")]
    quoted: bool,
    /// Its words behind the program's name, without quotes, the last one perhaps empty
    #[arg(last = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// A candidate and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    pub about: String,
}

impl Candidate {
    fn new(text: impl Into<String>, about: impl Into<String>) -> Self {
        Self { text: text.into(), about: about.into() }
    }
}

/// Prints candidates, one per line, each with a tab and what it is.
pub fn run(app: &App, args: &CompleteArgs) -> Result<(), Problem> {
    let line = args.line.as_deref().map(Line::read);
    let words = match &line {
        Some(line) => behind_program(line.completing()),
        None => args.words.clone(),
    };
    let quote = line.map(|line| line.open).filter(|_| args.quoted);
    let Some((current, before)) = words.split_last() else { return Ok(()) };
    let index = commands::index(&app.environment)?;
    let found = candidates(app, index.as_ref(), before, current)?;
    // A candidate that a terminal must not see could not be typed either.
    let fits = |one: &&Candidate| one.text.starts_with(current.as_str()) && is_clean(&one.text);
    let line = |one: &Candidate| {
        let text = quote.map_or_else(|| Some(one.text.clone()), |quote| quote.apply(&one.text))?;
        Some(format!("{text}\t{}", clean(&one.about)))
    };
    let text: Vec<String> = found.iter().filter(fits).filter_map(line).collect();
    app.printer.result(&(), &text.join("\n"))
}

/// The words behind the last `ifctl` or `if`, which may follow `sudo` and the like; of an alias,
/// all but the first.
fn behind_program(words: Vec<String>) -> Vec<String> {
    let is_ours = |word: &String| matches!(word.rsplit('/').next(), Some("ifctl" | "if"));
    let at = words.iter().take(words.len().saturating_sub(1)).position(is_ours).unwrap_or(0);
    words.into_iter().skip(at + 1).collect()
}

fn candidates(
    app: &App,
    index: Option<&Index>,
    before: &[String],
    current: &str,
) -> Result<Vec<Candidate>, Problem> {
    let words = index.map_or(&[][..], Index::words);
    let line: Vec<String> =
        std::iter::once("ifctl".to_owned()).chain(before.iter().cloned()).collect();
    let provider = match first_word(&line).zip(index) {
        Some((word, index)) => index.provider(word)?.map(|entry| (word, entry)),
        None => None,
    };
    let tree = command_tree(words, provider.as_ref().map(|(word, entry)| (*word, entry)), before);
    let place = Place::of(&tree, before);
    let provider = provider.filter(|(word, _)| place.path.first() == Some(word));
    let asker = Asker { app, index, place: &place, before, provider };
    if let Some(arg) = place.awaits {
        return Ok(asker.values(arg));
    }
    if !place.plain && current.starts_with("--") && current.contains('=') {
        return Ok(asker.behind_equals(current));
    }
    if !place.plain && (is_option(current) || current == "-") {
        return Ok(options(&place));
    }
    if place.command.has_subcommands() {
        let stray = !place.positionals.is_empty();
        return Ok(if stray { Vec::new() } else { subcommands(&place) });
    }
    Ok(asker.next_positional())
}

fn options(place: &Place<'_>) -> Vec<Candidate> {
    let shown = place.options().filter(|arg| !arg.is_hide_set());
    let help = Candidate::new("--help", "print help");
    let mut found: Vec<Candidate> = shown
        .filter_map(|arg| Some(Candidate::new(format!("--{}", arg.get_long()?), about(arg))))
        .collect();
    found.push(help);
    found
}

fn about(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_default()
}

fn subcommands(place: &Place<'_>) -> Vec<Candidate> {
    let shown = place.command.get_subcommands().filter(|child| !child.is_hide_set());
    let about = |child: &clap::Command| child.get_about().map(ToString::to_string);
    shown.map(|child| Candidate::new(child.get_name(), about(child).unwrap_or_default())).collect()
}

/// Everything a candidate may depend on.
struct Asker<'a> {
    app: &'a App,
    index: Option<&'a Index>,
    place: &'a Place<'a>,
    before: &'a [String],
    provider: Option<(&'a str, ProviderEntry)>,
}

impl Asker<'_> {
    fn behind_equals(&self, current: &str) -> Vec<Candidate> {
        let Some((flag, _)) = current.split_once('=') else { return Vec::new() };
        let arg = flag.strip_prefix("--").and_then(|name| self.place.option(name));
        let whole = |one: Candidate| Candidate::new(format!("{flag}={}", one.text), one.about);
        let arg = arg.filter(|arg| takes_value(arg));
        arg.map(|arg| self.values(arg).into_iter().map(whole).collect()).unwrap_or_default()
    }

    /// Values of the next word without a name. Where a context names the instance, the word behind
    /// the path may be the instance or what follows it.
    fn next_positional(&self) -> Vec<Candidate> {
        let typed = self.place.positionals.len();
        let shift = usize::from(self.instance_of_context().is_some());
        let mut found = Vec::new();
        if shift == 0 || typed == 0 {
            found.extend(
                self.place.positional(typed).map(|arg| self.values(arg)).unwrap_or_default(),
            );
        }
        if shift == 1 {
            let arg = self.place.positional(typed + 1);
            found.extend(arg.map(|arg| self.values(arg)).unwrap_or_default());
        }
        found
    }

    /// Values that an option or a positional word may have.
    fn values(&self, arg: &Arg) -> Vec<Candidate> {
        let id = arg.get_id().as_str();
        if id == "instance" && self.provider.is_some() && self.place.path.last() != Some(&"add") {
            return self.instances();
        }
        if let Some(parameter) = self.parameter(id) {
            return self.parameter_values(parameter);
        }
        let possible = arg.get_possible_values();
        if !possible.is_empty() {
            let help = |value: &clap::builder::PossibleValue| {
                value.get_help().map(ToString::to_string).unwrap_or_default()
            };
            // Hidden are the formats that only an export has.
            let exports = self.place.path.ends_with(&["witness", "export"]);
            let shown = possible.iter().filter(|value| exports || !value.is_hide_set());
            return shown.map(|v| Candidate::new(v.get_name(), help(v))).collect();
        }
        known::values(self, id)
    }

    fn instances(&self) -> Vec<Candidate> {
        let Some((word, entry)) = &self.provider else { return Vec::new() };
        let names = context::names(&self.app.environment, word);
        names.into_iter().map(|name| Candidate::new(name, entry.summary.as_str())).collect()
    }

    /// The command's parameter, or the provider's setting, behind an argument's id.
    fn parameter(&self, id: &str) -> Option<&model::Parameter> {
        let (_, entry) = self.provider.as_ref()?;
        let path = self.place.path.get(1..)?.join(" ");
        let command = entry.commands.iter().find(|command| command.path == path);
        let parameters = command.map_or(entry.settings.as_slice(), |one| one.parameters.as_slice());
        let name = id.strip_prefix("--").unwrap_or(id);
        parameters.iter().find(|parameter| parameter.name.as_str() == name)
    }

    fn parameter_values(&self, parameter: &model::Parameter) -> Vec<Candidate> {
        let about = parameter.summary.as_str();
        let fixed = match &parameter.kind {
            Kind::Enum { values } => values.clone(),
            Kind::Bool => ["true", "false"].map(str::to_owned).to_vec(),
            Kind::List { of, .. } => match of.as_ref() {
                Kind::Enum { values } => values.clone(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let values = if fixed.is_empty() { self.live(parameter) } else { fixed };
        values.into_iter().map(|value| Candidate::new(value, about)).collect()
    }

    #[cfg(feature = "live")]
    fn live(&self, parameter: &model::Parameter) -> Vec<String> {
        let (Some((word, entry)), Some(instance)) = (&self.provider, self.instance()) else {
            return Vec::new();
        };
        live::values(self.app, word, entry, &instance, parameter)
    }

    #[cfg(not(feature = "live"))]
    fn live(&self, _: &model::Parameter) -> Vec<String> {
        Vec::new()
    }

    /// The instance of the line: the word that names one, else the context's.
    #[cfg_attr(not(feature = "live"), allow(dead_code, reason = "only live values need it"))]
    fn instance(&self) -> Option<String> {
        self.instance_typed().or_else(|| self.instance_of_context())
    }

    fn instance_typed(&self) -> Option<String> {
        let (provider, _) = self.provider.as_ref()?;
        let word = self.before.get(*self.place.positionals.first()?)?;
        context::is_configured(&self.app.environment, provider, word).then(|| word.clone())
    }

    /// The context's instance, where the line names none and may leave it out.
    fn instance_of_context(&self) -> Option<String> {
        if self.instance_typed().is_some() || !context::takes_default(self.place) {
            return None;
        }
        let context = self.app.context.as_ref().ok()?.context.as_ref()?;
        context.instance(self.provider.as_ref()?.0).map(ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_may_stand_behind_another() {
        for (words, expect) in [
            (vec!["ifctl", "vmix", ""], vec!["vmix", ""]),
            (vec!["if", "vm"], vec!["vm"]),
            (vec!["sudo", "/usr/bin/ifctl", "vm"], vec!["vm"]),
            (vec!["ifctl", "obs", "if"], vec!["obs", "if"]),
            (vec!["ifctl"], vec![]),
        ] {
            let words = words.into_iter().map(str::to_owned).collect();
            assert_eq!(behind_program(words), expect);
        }
    }
}
