//! `if bundle …`: plugins and the trust that vouches for them, in one file.

mod create;
mod inspect;
mod install;

use crate::app::App;
use clap::Subcommand;
use if_core::Problem;

/// Carry plugins and their trust to a machine without a network
#[derive(Debug, Subcommand)]
pub enum BundleCommand {
    Create(create::CreateArgs),
    Inspect(inspect::InspectArgs),
    Install(install::InstallArgs),
}

/// Runs one of them.
pub fn run(app: &App, command: BundleCommand) -> Result<(), Problem> {
    match command {
        BundleCommand::Create(args) => create::run(app, &args),
        BundleCommand::Inspect(args) => inspect::run(app, &args),
        BundleCommand::Install(args) => install::run(app, &args),
    }
}
