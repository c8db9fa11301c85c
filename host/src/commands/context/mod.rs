//! `if context …`: the named sets of defaults in `config.yaml`, and which one is in use.

mod list;
mod show;
mod switch;

use crate::app::App;
use clap::Subcommand;
use if_core::Problem;

/// Named sets of defaults: instances, timeout, output
#[derive(Debug, Subcommand)]
pub enum ContextCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Use(switch::UseArgs),
}

/// Runs one of them.
pub fn run(app: &App, command: ContextCommand) -> Result<(), Problem> {
    match command {
        ContextCommand::List(args) => list::run(app, &args),
        ContextCommand::Show(args) => show::run(app, &args),
        ContextCommand::Use(args) => switch::run(app, &args),
    }
}
