//! `if secret …`: values go in, and never come out again.

mod audit;
mod list;
mod remove;
mod rotate;
mod set;

use crate::app::App;
use clap::{Args, Subcommand};
use if_core::Problem;

/// Store, replace and forget secrets; nothing shows one
#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    Set(set::SetArgs),
    List(list::ListArgs),
    Audit(audit::AuditArgs),
    Rotate(rotate::RotateArgs),
    Remove(remove::RemoveArgs),
}

/// Which secret.
#[derive(Debug, Args)]
pub struct Which {
    /// The provider: obs
    pub provider: String,
    /// The instance: studio
    pub instance: String,
    /// The secret's name: password
    pub name: String,
}

/// Runs one of them.
pub fn run(app: &App, command: SecretCommand) -> Result<(), Problem> {
    match command {
        SecretCommand::Set(args) => set::run(app, &args),
        SecretCommand::List(args) => list::run(app, &args),
        SecretCommand::Audit(args) => audit::run(app, &args),
        SecretCommand::Rotate(args) => rotate::run(app, &args),
        SecretCommand::Remove(args) => remove::run(app, &args),
    }
}
