//! `if trust rotate`: a fresh key in the place of the home's own.

use super::{Signers, report};
use crate::app::App;
use crate::commands::renewing_host;
use crate::keys::RenewArgs;
use clap::Args;
use if_core::Problem;

/// Put a fresh key in the place of this home's own: in every role, under a root that both keys sign
#[derive(Debug, Args)]
#[command(
    after_help = "The lists are signed anew, and so is each installed plugin that counted on \
    the old key.\nThe old key stays in keys/ as root.key.of-root-<version>; it speaks for nothing \
    any more.\n\nExamples:\n  ifctl trust rotate\n  \
    ifctl trust rotate --passphrase-file /root/old --new-passphrase-file /root/new"
)]
pub struct RotateArgs {
    #[command(flatten)]
    signers: Signers,
    #[command(flatten)]
    keys: RenewArgs,
}

/// Rotates.
pub fn run(app: &App, args: &RotateArgs) -> Result<(), Problem> {
    let rotated = renewing_host(app, &args.keys)?.rotate_root(&args.signers.key)?;
    let key = rotated.key.map(|key| key.to_string()).unwrap_or_default();
    report(app, &rotated, &format!("root key:    {key}"))
}
