//! `if trust …`: who may sign what in this home, and how that changes.

mod add_key;
mod init;
mod new_key;
mod passphrase;
mod remove_key;
mod rotate;
mod show;

use crate::app::App;
use clap::{Args, Subcommand};
use if_core::Problem;
use if_manifest::trust::Role;
use if_registry::Rotated;
use serde_json::json;
use std::path::PathBuf;

/// Show and change who may sign what: the trust root
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    Init(init::InitArgs),
    Show(show::ShowArgs),
    Rotate(rotate::RotateArgs),
    AddKey(add_key::AddKeyArgs),
    RemoveKey(remove_key::RemoveKeyArgs),
    NewKey(new_key::NewKeyArgs),
    Passphrase(passphrase::PassphraseArgs),
}

/// Further signatures for a root that wants more than one.
#[derive(Debug, Args)]
pub struct Signers {
    /// Sign with this private key too, beside the home's own; several are allowed
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
}

/// Runs one of them.
pub fn run(app: &App, command: TrustCommand) -> Result<(), Problem> {
    match command {
        TrustCommand::Init(args) => init::run(app, &args),
        TrustCommand::Show(args) => show::run(app, &args),
        TrustCommand::Rotate(args) => rotate::run(app, &args),
        TrustCommand::AddKey(args) => add_key::run(app, &args),
        TrustCommand::RemoveKey(args) => remove_key::run(app, &args),
        TrustCommand::NewKey(args) => new_key::run(app, &args),
        TrustCommand::Passphrase(args) => passphrase::run(app, &args),
    }
}

/// What changed.
fn report(app: &App, rotated: &Rotated, what: &str) -> Result<(), Problem> {
    let value = json!({
        "root_version": rotated.version, "lists_signed": rotated.lists_signed, "key": rotated.key,
    });
    let text = format!("{what}\ntrust root:  version {}\n", rotated.version);
    app.printer.result(&value, &text)?;
    app.printer.hint("other machines learn of it by a bundle: ifctl bundle create <file>");
    Ok(())
}

/// A role by its name.
fn role(text: &str) -> Result<Role, String> {
    let role = if_dispatch::trust::ROLES.into_iter().find(|role| role.to_string() == text);
    role.ok_or_else(|| "one of root, publisher, reviewer, allowlist".to_owned())
}
