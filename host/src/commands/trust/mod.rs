//! `if trust …`: who may sign what in this home, and how that changes.

mod add_authority;
mod add_identity;
mod add_key;
mod init;
mod new_key;
mod passphrase;
mod remove_authority;
mod remove_key;
mod rotate;
mod show;

use crate::app::App;
use clap::{Args, Subcommand};
use if_core::{Code, Problem};
use if_dispatch::Host;
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
    AddAuthority(add_authority::AddAuthorityArgs),
    RemoveAuthority(remove_authority::RemoveAuthorityArgs),
    AddIdentity(add_identity::AddIdentityArgs),
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
        TrustCommand::AddAuthority(args) => add_authority::run(app, &args),
        TrustCommand::RemoveAuthority(args) => remove_authority::run(app, &args),
        TrustCommand::AddIdentity(args) => add_identity::run(app, &args),
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
    let role = Role::ALL.into_iter().find(|role| role.to_string() == text);
    role.ok_or_else(|| "one of root, publisher, reviewer, allowlist, policy, approver".to_owned())
}

/// The pinned authority of this name, or the only one when none is named.
fn authority(host: &Host, named: Option<&str>) -> Result<String, Problem> {
    let root = host.trust()?.root;
    let pinned: Vec<&String> = root.sigstore.authorities.keys().collect();
    match (named, pinned.as_slice()) {
        (Some(name), _) => Ok(name.to_owned()),
        (None, [only]) => Ok((*only).clone()),
        (None, []) => Err(Problem::new(Code::Usage, "no Sigstore authority is pinned")
            .hint("to pin one: ifctl trust add-authority <name> <trusted_root.json>")),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
            let text = format!("which authority: --authority {}", names.join(" or "));
            Err(Problem::new(Code::Usage, text))
        }
    }
}
