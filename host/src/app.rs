//! From the words of a line to its exit code.

use crate::args::GlobalArgs;
use crate::commands;
use crate::context::{self, InForce};
use crate::print::Printer;
use crate::tree::{Cli, command_tree, context_flag, first_word};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, FromArgMatches};
use if_config::Environment;
use if_core::{Code, Exit, Explain, Problem};
use if_dispatch::{Flags, Request};
use if_registry::{Index, ProviderEntry};

/// What every command may use.
pub struct App {
    /// The line as it was typed, quoted where a shell needs it.
    pub line: String,
    pub environment: Environment,
    pub printer: Printer,
    pub global: GlobalArgs,
    /// The context that holds for this line, or why none can be told.
    pub context: Result<InForce, Problem>,
}

impl App {
    /// The flags of the line as the dispatcher takes them.
    pub fn flags(&self) -> Result<Flags, Problem> {
        let trace = self.global.trace.clone().filter(|id| !id.is_empty());
        Ok(Flags {
            why: self.global.why.clone(),
            trace,
            dry_run: self.global.dry_run,
            timeout_ms: self.global.timeout_ms()?,
            timeout_default_ms: self.timeout_default_ms()?,
            idempotency_key: self.global.idempotency_key.clone(),
            max_cost: self.global.max_cost.map(if_core::Micros),
            yes: self.global.yes,
            claims: self.global.claims()?,
            by: None,
        })
    }

    /// The context, or the problem with it.
    pub fn context(&self) -> Result<&InForce, Problem> {
        self.context.as_ref().map_err(Clone::clone)
    }

    /// The context's time, unless the environment has one, which goes before it.
    fn timeout_default_ms(&self) -> Result<Option<u64>, Problem> {
        let environment = self.environment.timeout_ms().map_err(|error| error.problem())?;
        let context = self.context()?.context.as_ref().and_then(|context| context.timeout_ms);
        Ok(if environment.is_none() { context } else { None })
    }
}

/// Runs one line. Never exits, but where it has a bug: that is told by [`crate::bug`].
pub fn run(arguments: Vec<String>) -> Exit {
    let environment = Environment::from_process();
    let early = Printer::new(asks_for_json(&arguments), false, 0, environment.colour());
    crate::bug::told_by(early);
    match parse_and_run(&arguments, environment) {
        Ok(exit) => exit,
        Err(problem) => {
            if problem.code != Code::BrokenPipe {
                early.problem(&problem);
            }
            problem.code.exit()
        }
    }
}

fn asks_for_json(arguments: &[String]) -> bool {
    let pairs = arguments.windows(2).any(|pair| pair == ["--format", "json"]);
    pairs || arguments.iter().any(|word| word == "--json" || word == "--format=json")
}

fn parse_and_run(arguments: &[String], environment: Environment) -> Result<Exit, Problem> {
    let index = commands::index(&environment)?;
    let word = first_word(arguments);
    let provider = match word.and_then(|word| index.as_ref().map(|index| (word, index))) {
        Some((word, index)) => index.provider(word)?.map(|entry| (word, entry)),
        None => None,
    };
    let words = index.as_ref().map_or(&[][..], Index::words);
    let expanded = provider.as_ref().map(|(word, entry)| (*word, entry));
    let tree = command_tree(words, expanded, arguments);
    let context = context::in_force(&environment, context_flag(arguments));
    let completed = match (word, &context) {
        (Some(word), Ok(context)) if provider.is_some() => {
            context::with_instance(&tree, arguments, word, context, &environment)
        }
        _ => None,
    };
    let matches = match tree.try_get_matches_from(completed.as_deref().unwrap_or(arguments)) {
        Ok(matches) => matches,
        Err(error) => {
            let lacks = error.kind() == ErrorKind::MissingRequiredArgument && provider.is_some();
            return match context {
                // What is missing is perhaps what that context would have given.
                Err(problem) if lacks => Err(problem),
                _ => usage(&error, arguments, &environment),
            };
        }
    };
    act(&matches, provider, environment, context, typed(arguments))
}

fn act(
    matches: &ArgMatches,
    provider: Option<(&str, ProviderEntry)>,
    environment: Environment,
    context: Result<InForce, Problem>,
    line: String,
) -> Result<Exit, Problem> {
    let global = GlobalArgs::from_arg_matches(matches).map_err(|error| bug(&error.to_string()))?;
    let exports = matches.subcommand().filter(|(name, _)| *name == "witness");
    let exports = exports.and_then(|(_, inner)| inner.subcommand_name()) == Some("export");
    global.check_format(exports)?;
    let json = context.as_ref().is_ok_and(InForce::wants_json);
    let (json, colour) = (global.wants_json(json), environment.colour());
    let printer = Printer::new(json, global.quiet, global.verbose, colour);
    let app = App { line, environment, printer, global, context };
    context::permits(&app)?;
    let done = match (provider, matches.subcommand()) {
        (Some((word, entry)), Some((name, inner))) if name == word => {
            commands::provider::run(&app, word, &entry, inner)
        }
        _ => {
            let cli = Cli::from_arg_matches(matches).map_err(|error| bug(&error.to_string()))?;
            commands::run(&app, cli.command)
        }
    };
    done.map(|()| Exit::Ok)
}

/// The request that a whole command asks for, as it would be typed behind `ifctl`.
pub fn request_of(app: &App, line: &str) -> Result<Request, Problem> {
    let words = crate::line::Line::read(line).first;
    let words: Vec<String> = std::iter::once("ifctl".to_owned())
        .chain(
            words
                .into_iter()
                .map(|token| token.text)
                .skip_while(|word| matches!(word.as_str(), "ifctl" | "if")),
        )
        .collect();
    let index = commands::index(&app.environment)?;
    let word = first_word(&words).unwrap_or_default().to_owned();
    let entry = match &index {
        Some(index) => index.provider(&word)?,
        None => None,
    };
    let entry = entry.ok_or_else(|| {
        Problem::new(Code::Usage, format!("`{line}` begins with no installed provider"))
            .hint("ifctl plugin list shows the installed providers")
    })?;
    let known = index.as_ref().map_or(&[][..], Index::words);
    let tree = command_tree(known, Some((&word, &entry)), &words);
    let matches = tree.try_get_matches_from(&words);
    let matches = matches.map_err(|error| usage_problem(&error, &words))?;
    let global = GlobalArgs::from_arg_matches(&matches).map_err(|error| bug(&error.to_string()))?;
    let (_, inner) = matches.subcommand().ok_or_else(|| bug(line))?;
    let mut request = commands::provider::request(&word, &entry, inner)?;
    let own = App {
        line: typed(&words),
        environment: app.environment.clone(),
        printer: app.printer,
        global,
        context: Ok(InForce::default()),
    };
    request.flags = own.flags()?;
    request.line = Some(own.line);
    Ok(request)
}

/// The line as a person would type it again.
fn typed(arguments: &[String]) -> String {
    let words = arguments.iter().skip(1).map(|word| quoted(word));
    std::iter::once("ifctl".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// A word as a shell needs it, without what would move a terminal's cursor.
pub fn quoted(word: &str) -> String {
    if_core::quoted(&crate::print::clean(word))
}

/// Help and version are results; everything else clap complains about is a usage problem.
fn usage(
    error: &clap::Error,
    arguments: &[String],
    environment: &Environment,
) -> Result<Exit, Problem> {
    let printer = Printer::new(false, false, 0, environment.colour());
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            printer.result(&(), &error.render().to_string())?;
            Ok(Exit::Ok)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            printer.say(&error.render().to_string());
            Ok(Exit::Usage)
        }
        _ => Err(usage_problem(error, arguments)),
    }
}

fn usage_problem(error: &clap::Error, arguments: &[String]) -> Problem {
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    let mut problem = Problem::new(Code::Usage, first.trim_start_matches("error: "));
    if let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) {
        problem = problem.because(format!("missing: {}", missing.join(" ")));
    }
    let suggestions =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    for kind in suggestions {
        match error.get(kind) {
            Some(ContextValue::String(word)) => {
                problem = problem.hint(format!("did you mean `{word}`?"))
            }
            Some(ContextValue::Strings(words)) if !words.is_empty() => {
                problem = problem.hint(format!("did you mean `{}`?", words.join("` or `")));
            }
            _ => {}
        }
    }
    if problem.hints.is_empty() && error.kind() == ErrorKind::InvalidSubcommand {
        problem = problem.hint("ifctl plugin list shows the installed providers");
    }
    let usage = text.lines().find_map(|line| line.strip_prefix("Usage: "));
    match usage {
        Some(usage) => problem.hint(format!("usage: {usage}")),
        None => problem.hint(help_line(arguments)),
    }
}

/// The `--help` line for as much of the command as was understood.
fn help_line(arguments: &[String]) -> String {
    match first_word(arguments) {
        Some(word) if word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
            format!("ifctl {word} --help")
        }
        _ => "ifctl --help".to_owned(),
    }
}

fn bug(text: &str) -> Problem {
    Problem::new(Code::Bug, "the command line was accepted and then not understood").because(text)
}
