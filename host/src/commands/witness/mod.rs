//! `if witness …`: the log, read and verified.

mod log;
mod query;
mod verify;

#[cfg(feature = "live")]
pub use query::instant;

use crate::app::App;
use clap::Subcommand;
use if_core::Problem;

/// Read and verify the log of operations
#[derive(Debug, Subcommand)]
pub enum WitnessCommand {
    Log(log::LogArgs),
    Query(query::QueryArgs),
    Verify(verify::VerifyArgs),
}

/// Runs one of them.
pub fn run(app: &App, command: WitnessCommand) -> Result<(), Problem> {
    match command {
        WitnessCommand::Log(args) => log::run(app, &args),
        WitnessCommand::Query(args) => query::run(app, &args),
        WitnessCommand::Verify(args) => verify::run(app, &args),
    }
}
