//! The command tree as clap sees it: built-ins, and the commands of one provider.
//!
//! Only the provider that the line names is expanded, from the index of installed manifests: help
//! and completion stay instant with a hundred and fifty of them, and no component is ever loaded.

use crate::args::GlobalArgs;
use crate::commands::Builtin;
use clap::{Arg, ArgAction, Command, CommandFactory, Parser};
use if_manifest::model::{self, Kind, Parameter};
use if_registry::{IndexEntry, ProviderEntry};

/// Global flags that take their value as the next word.
const VALUE_FLAGS: &[&str] = &[
    "--format",
    "--why",
    "--mode",
    "--timeout",
    "--idempotency-key",
    "--max-cost",
    "--claim",
    "--context",
];

/// What is the same for every line.
#[derive(Debug, Parser)]
#[command(
    name = "ifctl",
    version,
    about = "One command for studio, cloud, phones and money: signed plugins in a sandbox, with \
         evidence",
    long_about = None,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "`if` is a reserved word in POSIX shells, so this binary is `ifctl`; `if` is \
         the same program.\n\
                  ifctl <provider> --help shows a provider's commands.",
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Builtin,
}

/// The word that decides which part of the tree is needed: the first that is not a global flag.
pub fn first_word(arguments: &[String]) -> Option<&str> {
    let mut words = arguments.iter().skip(1);
    while let Some(word) = words.next() {
        if VALUE_FLAGS.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') {
            return Some(word);
        }
    }
    None
}

/// The value of `--context`, wherever it stands, before the line is parsed: the context may decide
/// how.
pub fn context_flag(arguments: &[String]) -> Option<&str> {
    let mut words = arguments.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        match word.strip_prefix("--context") {
            Some("") => return words.next().map(String::as_str),
            Some(rest) if rest.starts_with('=') => return rest.get(1..),
            _ => {}
        }
    }
    None
}

/// The tree for one line: every provider by name, `expanded` with its commands. Only those commands
/// have parameters whose words all stand in the line: making the others took two milliseconds.
pub fn command_tree(
    providers: &[IndexEntry],
    expanded: Option<(&str, &ProviderEntry)>,
    line: &[String],
) -> Command {
    let mut tree = Cli::command();
    for entry in providers {
        let word = entry.word.as_str();
        let branch = match expanded {
            Some((name, provider)) if name == word => provider_tree(word, provider, line),
            _ => Command::new(word.to_owned()).about(entry.summary.clone()),
        };
        tree = tree.subcommand(branch);
    }
    tree
}

/// All commands of a provider: its own, and those every provider has.
fn provider_tree(word: &str, provider: &ProviderEntry, line: &[String]) -> Command {
    let mut tree = Command::new(word.to_owned())
        .about(provider.summary.clone())
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true);
    for command in &provider.commands {
        let path: Vec<&str> = command.path.split(' ').collect();
        let is_named = path.iter().all(|word| line.iter().any(|given| given == word));
        tree = graft(tree, &path, &|name| match is_named {
            true => leaf(name, command),
            false => Command::new(name.to_owned()).about(command.summary.clone()),
        });
    }
    for verb in instance_verbs(&provider.settings) {
        tree = tree.subcommand(verb);
    }
    tree
}

/// Puts a command where its path says, making the words in between.
fn graft(parent: Command, path: &[&str], leaf: &dyn Fn(&str) -> Command) -> Command {
    match path {
        [] => parent,
        [last] => parent.subcommand(leaf(last)),
        [word, rest @ ..] => {
            let name = (*word).to_owned();
            let exists = parent.get_subcommands().any(|child| child.get_name() == name);
            let parent = if exists { parent } else { parent.subcommand(branch(&name)) };
            parent.mut_subcommand(name, |child| graft(child, rest, leaf))
        }
    }
}

fn branch(name: &str) -> Command {
    Command::new(name.to_owned())
        .about(format!("{name} commands"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
}

fn leaf(name: &str, command: &model::Command) -> Command {
    let instance = Arg::new("instance")
        .required(true)
        .value_name("INSTANCE")
        .help("which one, as `list` shows it");
    let mut leaf = Command::new(name.to_owned()).about(command.summary.clone()).arg(instance);
    let mut tail = command.details.clone();
    if !command.examples.is_empty() {
        let gap = if tail.is_empty() { "" } else { "\n\n" };
        let lines = command.examples.iter().map(|line| format!("  ifctl {line}\n"));
        tail.push_str(&format!("{gap}Examples:\n{}", lines.collect::<String>()));
    }
    if !tail.is_empty() {
        leaf = leaf.after_help(tail);
    }
    for parameter in &command.parameters {
        if parameter.positional {
            leaf = leaf.arg(positional(parameter));
        }
        leaf = leaf.arg(option(parameter, parameter.positional));
    }
    leaf
}

/// The id under which the `--name` form of a parameter is parsed.
pub fn option_id(name: &str) -> String {
    format!("--{name}")
}

fn positional(parameter: &Parameter) -> Arg {
    let name = parameter.name.as_str().to_owned();
    let arg = Arg::new(name.clone())
        .value_name(name.to_uppercase())
        .help(parameter.summary.clone())
        .allow_negative_numbers(true);
    match parameter.kind {
        Kind::List { .. } | Kind::Record { .. } => arg.num_args(0..).action(ArgAction::Append),
        _ => arg,
    }
}

fn option(parameter: &Parameter, hidden: bool) -> Arg {
    let name = parameter.name.as_str().to_owned();
    let arg = Arg::new(option_id(&name))
        .long(name)
        .value_name(placeholder(&parameter.kind))
        .help(help_text(parameter))
        .hide(hidden)
        .allow_negative_numbers(true);
    match &parameter.kind {
        Kind::Bool => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Kind::List { .. } | Kind::Record { .. } => arg.action(ArgAction::Append),
        Kind::Enum { values } => arg.value_parser(values.clone()),
        _ => arg,
    }
}

fn placeholder(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "true|false",
        Kind::Int { .. } | Kind::Decimal { .. } => "NUMBER",
        Kind::String { .. } | Kind::List { .. } => "TEXT",
        Kind::Enum { .. } => "WORD",
        Kind::Url { .. } => "URL",
        Kind::Duration { .. } => "DURATION",
        Kind::Record { .. } => "KEY=VALUE",
        Kind::Json { .. } => "JSON|@FILE",
        Kind::Secret => "SECRET",
        Kind::FileIn { .. } | Kind::FileOut { .. } => "FILE",
    }
}

fn help_text(parameter: &Parameter) -> String {
    let mut text = parameter.summary.clone();
    if let Some(default) = &parameter.default {
        text.push_str(&format!(" [default: {default}]"));
    }
    if parameter.required {
        text.push_str(" (required)");
    }
    text
}

/// `add list show test remove discover`, which every provider has.
fn instance_verbs(settings: &[Parameter]) -> Vec<Command> {
    let name =
        || Arg::new("instance").required(true).value_name("INSTANCE").help("its name: [a-z0-9-]+");
    let mut add = Command::new("add")
        .about("configure an instance, then see whether it answers; asks on a terminal")
        .arg(name().required(false));
    for setting in settings.iter().filter(|setting| !matches!(setting.kind, Kind::Secret)) {
        add = add.arg(option(setting, false));
    }
    let private = Arg::new("private-network")
        .long("private-network")
        .action(ArgAction::SetTrue)
        .help("its name may resolve to an address of your own network");
    let network = Arg::new("network")
        .long("network")
        .value_name("A.B.C.D/N")
        .action(ArgAction::Append)
        .help("look only there, such as 192.168.1.0/24; several are allowed");
    vec![
        add.arg(private),
        Command::new("list").about("configured instances"),
        Command::new("show").about("one instance's settings").arg(name()),
        Command::new("test").about("is it reachable, and do the credentials work").arg(name()),
        Command::new("remove").about("forget an instance (asks, unless --yes)").arg(name()),
        Command::new("discover")
            .about("look for instances on this machine's own private networks")
            .arg(network),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_first_word_is_found_behind_flags_and_their_values() {
        for (line, expect) in [
            ("ifctl obs version studio", Some("obs")),
            ("ifctl --why obs vmix state", Some("vmix")),
            ("ifctl --json --timeout=5s -v witness log", Some("witness")),
            ("ifctl --help", None),
        ] {
            assert_eq!(first_word(&words(line)), expect, "{line}");
        }
    }

    #[test]
    fn the_context_is_found_wherever_it_stands() {
        for (line, expect) in [
            ("ifctl --context live obs version", Some("live")),
            ("ifctl obs version studio --context=live", Some("live")),
            ("ifctl obs version --contexts live", None),
            ("ifctl noop ping -- --context live", None),
            ("ifctl obs --context", None),
        ] {
            assert_eq!(context_flag(&words(line)), expect, "{line}");
        }
    }

    #[test]
    fn the_fixed_tree_is_sound() {
        Cli::command().debug_assert();
    }
}
