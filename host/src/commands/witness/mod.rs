//! `if witness …`: the log, read and verified.

mod anchor;
mod checkpoint;
mod export;
mod log;
mod prove;
mod query;
mod verify;

#[cfg(feature = "live")]
pub use query::instant;

use crate::app::App;
use clap::Subcommand;
use if_core::Problem;

/// Read, verify and prove the log of operations
#[derive(Debug, Subcommand)]
pub enum WitnessCommand {
    Log(log::LogArgs),
    Query(query::QueryArgs),
    Verify(verify::VerifyArgs),
    Checkpoint(checkpoint::CheckpointArgs),
    Prove(prove::ProveArgs),
    Export(export::ExportArgs),
    Anchor(anchor::AnchorArgs),
}

/// Runs one of them.
pub fn run(app: &App, command: WitnessCommand) -> Result<(), Problem> {
    match command {
        WitnessCommand::Log(args) => log::run(app, &args),
        WitnessCommand::Query(args) => query::run(app, &args),
        WitnessCommand::Verify(args) => verify::run(app, &args),
        WitnessCommand::Checkpoint(args) => checkpoint::run(app, &args),
        WitnessCommand::Prove(args) => prove::run(app, &args),
        WitnessCommand::Export(args) => export::run(app, &args),
        WitnessCommand::Anchor(args) => anchor::run(app, &args),
    }
}
