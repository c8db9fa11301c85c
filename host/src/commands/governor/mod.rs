//! `if governor …`: who may act when.

mod circuit;

use crate::app::App;
use clap::Subcommand;
use if_core::Problem;

/// See and mend what keeps commands from running
#[derive(Debug, Subcommand)]
pub enum GovernorCommand {
    #[command(subcommand)]
    Circuit(circuit::CircuitCommand),
}

/// Runs one of them.
pub fn run(app: &App, command: GovernorCommand) -> Result<(), Problem> {
    match command {
        GovernorCommand::Circuit(command) => circuit::run(app, command),
    }
}
