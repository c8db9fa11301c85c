//! `if governor policy …`: the rules by which commands are let through, held or denied.

mod apply;
mod explain;
mod list;
mod test;
mod validate;

use crate::app::App;
use clap::Subcommand;
use if_core::Problem;

/// See, try and change the policies that are asked about every command
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    List(list::ListArgs),
    Apply(apply::ApplyArgs),
    Validate(validate::ValidateArgs),
    Test(test::TestArgs),
    Explain(explain::ExplainArgs),
}

/// Runs one of them.
pub fn run(app: &App, command: PolicyCommand) -> Result<(), Problem> {
    match command {
        PolicyCommand::List(args) => list::run(app, &args),
        PolicyCommand::Apply(args) => apply::run(app, &args),
        PolicyCommand::Validate(args) => validate::run(app, &args),
        PolicyCommand::Test(args) => test::run(app, &args),
        PolicyCommand::Explain(args) => explain::run(app, &args),
    }
}
