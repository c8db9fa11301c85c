//! `if trust remove-authority`: an installation of Sigstore is believed no more.

use super::{Signers, report};
use crate::app::App;
use crate::commands::signing_host;
use crate::keys::OpenArgs;
use clap::Args;
use if_core::Problem;
use if_registry::RootChange;

/// Pin a Sigstore installation no more, in the next root
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  ifctl trust remove-authority acme\n\n\
    Whoever signs by it is removed first: ifctl trust remove-key <name>")]
pub struct RemoveAuthorityArgs {
    /// What it is called here, as `trust show` prints it
    name: String,
    #[command(flatten)]
    signers: Signers,
    #[command(flatten)]
    keys: OpenArgs,
}

/// Removes it.
pub fn run(app: &App, args: &RemoveAuthorityArgs) -> Result<(), Problem> {
    let changes = [RootChange::Unpin { name: args.name.clone() }];
    let rotated = signing_host(app, &args.keys)?.change_root(&changes, &args.signers.key)?;
    report(app, &rotated, &format!("removed:     {}", args.name))
}
