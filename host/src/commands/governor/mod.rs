//! `if governor …`: who may act when.

mod capabilities;
mod circuit;
mod holds;
mod policy;

use crate::app::App;
use clap::Subcommand;
use if_core::Problem;

/// See and mend what keeps commands from running
#[derive(Debug, Subcommand)]
pub enum GovernorCommand {
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    #[command(subcommand)]
    Holds(holds::HoldsCommand),
    #[command(subcommand)]
    Circuit(circuit::CircuitCommand),
    Register(capabilities::RegisterArgs),
    #[command(subcommand)]
    Capabilities(capabilities::CapabilitiesCommand),
    FindHelp(capabilities::FindHelpArgs),
}

/// Runs one of them.
pub fn run(app: &App, command: GovernorCommand) -> Result<(), Problem> {
    match command {
        GovernorCommand::Policy(command) => policy::run(app, command),
        GovernorCommand::Holds(command) => holds::run(app, command),
        GovernorCommand::Circuit(command) => circuit::run(app, command),
        GovernorCommand::Register(args) => capabilities::register(app, &args),
        GovernorCommand::Capabilities(command) => capabilities::run(app, command),
        GovernorCommand::FindHelp(args) => capabilities::find_help(app, &args),
    }
}
