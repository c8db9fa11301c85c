//! Candidates for the word under the cursor, from the index and the provider files alone: nothing
//! is loaded, verified or contacted, so that TAB never waits.

use crate::app::App;
use crate::commands;
use crate::tree::command_tree;
use clap::{Args, Command};
use if_config::{Home, ProviderFile};
use if_core::Problem;
use if_registry::ProviderEntry;

/// The words typed so far, the last one being completed.
#[derive(Debug, Args)]
pub struct CompleteArgs {
    #[arg(last = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Prints candidates, one per line, each with a tab and what it is.
pub fn run(app: &App, args: &CompleteArgs) -> Result<(), Problem> {
    let Some((current, before)) = args.words.split_last() else { return Ok(()) };
    let index = commands::index(&app.environment)?;
    let typed: Vec<&str> =
        before.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let word = typed.first().copied();
    let provider = match (word, &index) {
        (Some(word), Some(index)) => index.provider(word)?,
        _ => None,
    };
    let words = index.as_ref().map_or(&[][..], |index| index.words());
    let expanded = word.zip(provider.as_ref());
    let tree = command_tree(words, expanded);
    let mut lines = candidates(&tree, &typed, current);
    if let (Some((word, entry)), Some(true)) = (expanded, wants_instance(&tree, &typed)) {
        lines.extend(instances(app, word, entry));
    }
    let text: Vec<String> =
        lines.into_iter().filter(|line| line.starts_with(current.as_str())).collect();
    app.printer.result(&(), &text.join("\n"))
}

/// Follows the typed words down the tree; stops at the first that is no command.
fn reached<'a>(tree: &'a Command, typed: &[&str]) -> (&'a Command, usize) {
    let mut at = tree;
    for (depth, word) in typed.iter().enumerate() {
        match at.find_subcommand(word) {
            Some(child) => at = child,
            None => return (at, depth),
        }
    }
    (at, typed.len())
}

fn candidates(tree: &Command, typed: &[&str], current: &str) -> Vec<String> {
    let (at, depth) = reached(tree, typed);
    if current.starts_with('-') {
        let options =
            at.get_arguments().chain(tree.get_arguments()).filter(|arg| !arg.is_hide_set());
        return options
            .filter_map(|arg| Some(format!("--{}\t{}", arg.get_long()?, one_line(arg.get_help()))))
            .collect();
    }
    if depth < typed.len() {
        return Vec::new();
    }
    let children = at.get_subcommands().filter(|child| !child.is_hide_set());
    children.map(|child| format!("{}\t{}", child.get_name(), one_line(child.get_about()))).collect()
}

fn one_line(text: Option<&clap::builder::StyledStr>) -> String {
    text.map_or_else(String::new, |text| text.to_string().replace('\n', " "))
}

/// Whether the next word is an instance's name: a leaf was reached, and none stands there yet.
fn wants_instance(tree: &Command, typed: &[&str]) -> Option<bool> {
    let (at, depth) = reached(tree, typed);
    let takes_one = at.get_arguments().any(|arg| arg.get_id() == "instance");
    (takes_one && at.get_name() != "add").then_some(depth == typed.len())
}

fn instances(app: &App, word: &str, entry: &ProviderEntry) -> Vec<String> {
    let home = Home::locate(&app.environment, None);
    let path = home.join("providers").join(format!("{word}.yaml"));
    let names = ProviderFile::load(&path).map(|file| file.names()).unwrap_or_default();
    names.into_iter().map(|name| format!("{name}\t{}", entry.summary)).collect()
}
