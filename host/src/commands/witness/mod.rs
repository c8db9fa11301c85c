//! `if witness …`: the log, read and verified.

mod anchor;
mod checkpoint;
mod cosign;
mod cost;
mod erase;
mod explain;
mod export;
mod follow;
mod log;
mod prove;
mod query;
mod replay;
mod report;
mod trace;
mod verify;

pub use query::instant;

use crate::app::App;
use clap::Subcommand;
use if_core::{Code, OperationId, Problem};

/// Read, verify and prove the log of operations
#[derive(Debug, Subcommand)]
pub enum WitnessCommand {
    Log(log::LogArgs),
    Query(query::QueryArgs),
    Verify(verify::VerifyArgs),
    Checkpoint(checkpoint::CheckpointArgs),
    Prove(prove::ProveArgs),
    Export(export::ExportArgs),
    Replay(replay::ReplayArgs),
    Explain(explain::ExplainArgs),
    Trace(trace::TraceArgs),
    Chain(trace::ChainArgs),
    Cost(cost::CostArgs),
    Erase(erase::EraseArgs),
    #[command(subcommand)]
    Anchor(anchor::AnchorCommand),
    Cosign(cosign::CosignArgs),
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
        WitnessCommand::Replay(args) => replay::run(app, &args),
        WitnessCommand::Explain(args) => explain::run(app, &args),
        WitnessCommand::Trace(args) => trace::run(app, &args),
        WitnessCommand::Chain(args) => trace::chain(app, &args),
        WitnessCommand::Cost(args) => cost::run(app, &args),
        WitnessCommand::Erase(args) => erase::run(app, &args),
        WitnessCommand::Anchor(command) => anchor::run(app, &command),
        WitnessCommand::Cosign(args) => cosign::run(app, &args),
    }
}

/// The operation that a word names.
fn operation(text: &str) -> Result<OperationId, Problem> {
    OperationId::new(text)
        .map_err(|error| Problem::new(Code::Usage, error.to_string()).hint("ifctl witness log"))
}
