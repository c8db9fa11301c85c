//! `if trust rotate`: a fresh key in the place of the home's own.

use super::{Signers, report};
use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;

/// Put a fresh key in the place of this home's own: in every role, under a root that both keys sign
#[derive(Debug, Args)]
#[command(
    after_help = "The lists are signed anew, and so is each installed plugin that counted on \
    the old key.\nThe old key stays in keys/ as root.key.of-root-<version>; it speaks for nothing \
    any more.\n\nExample:\n  ifctl trust rotate"
)]
pub struct RotateArgs {
    #[command(flatten)]
    signers: Signers,
}

/// Rotates.
pub fn run(app: &App, args: &RotateArgs) -> Result<(), Problem> {
    let rotated = host(app)?.rotate_root(&args.signers.key)?;
    let key = rotated.key.map(|key| key.to_string()).unwrap_or_default();
    report(app, &rotated, &format!("root key:    {key}"))
}
