//! `if plugin …`: from an author's folder to a signed, allowed, installed component.

mod allow;
mod diff;
mod disallow;
mod install;
mod list;
pub mod lock;
mod new;
mod pack;
mod revoke;
mod show;
mod sign;
#[cfg(feature = "live")]
mod test;
mod verify;

use crate::app::App;
use clap::Subcommand;
use if_core::Problem;

/// Write, pack, sign, allow, install and verify plugins
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    New(new::NewArgs),
    Pack(pack::PackArgs),
    #[cfg(feature = "live")]
    Test(test::TestArgs),
    Sign(sign::SignArgs),
    Allow(allow::AllowArgs),
    Disallow(disallow::DisallowArgs),
    Install(install::InstallArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Diff(diff::DiffArgs),
    Verify(verify::VerifyArgs),
    Lock(lock::LockArgs),
    Revoke(revoke::RevokeArgs),
}

/// Runs one of them.
pub fn run(app: &App, command: PluginCommand) -> Result<(), Problem> {
    match command {
        PluginCommand::New(args) => new::run(app, &args),
        PluginCommand::Pack(args) => pack::run(app, &args),
        #[cfg(feature = "live")]
        PluginCommand::Test(args) => test::run(app, &args),
        PluginCommand::Sign(args) => sign::run(app, &args),
        PluginCommand::Allow(args) => allow::run(app, &args),
        PluginCommand::Disallow(args) => disallow::run(app, &args),
        PluginCommand::Install(args) => install::run(app, &args),
        PluginCommand::List(args) => list::run(app, &args),
        PluginCommand::Show(args) => show::run(app, &args),
        PluginCommand::Diff(args) => diff::run(app, &args),
        PluginCommand::Verify(args) => verify::run(app, &args),
        PluginCommand::Lock(args) => lock::run(app, &args),
        PluginCommand::Revoke(args) => revoke::run(app, &args),
    }
}
