//! `if witness anchor …`: the head of the log, kept outside its database: in a file beside it by
//! every command, and off this machine where and when the operator says.

mod add;
mod list;
mod remove;
mod reset;
mod run;

use crate::app::App;
use clap::Subcommand;
use if_core::{Code, Problem, Word};
use if_dispatch::witness::AnchorShown;
use serde_json::{Value, json};

/// Keep the head of the log outside its database
#[derive(Debug, Subcommand)]
pub enum AnchorCommand {
    Add(add::AddArgs),
    List(list::ListArgs),
    Run(run::RunArgs),
    Remove(remove::RemoveArgs),
    Reset(reset::ResetArgs),
}

/// Runs one of them.
pub fn run(app: &App, command: &AnchorCommand) -> Result<(), Problem> {
    match command {
        AnchorCommand::Add(args) => add::run(app, args),
        AnchorCommand::List(list::ListArgs {}) => list::run(app),
        AnchorCommand::Run(args) => run::run(app, args),
        AnchorCommand::Remove(args) => remove::run(app, args),
        AnchorCommand::Reset(reset::ResetArgs {}) => reset::run(app),
    }
}

/// The anchor that a word names.
fn named(text: &str) -> Result<Word, Problem> {
    Word::new(text).map_err(|error| Problem::new(Code::Usage, error.to_string()))
}

/// What is known of an anchor without asking it.
fn value(anchor: &AnchorShown) -> Value {
    let (size, at) = anchor.kept.map(|(size, at)| (size, crate::print::time(at))).unzip();
    json!({
        "name": anchor.name, "place": anchor.place, "size": size, "at": at,
        "behind": anchor.behind, "same_disk": anchor.same_disk,
    })
}
