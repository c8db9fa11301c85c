//! `if witness checkpoint`: what the log says of itself to others, signed.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use serde_json::json;

/// Sign how long the log is and the root over all its entries, for others to keep
#[derive(Debug, Args)]
pub struct CheckpointArgs {
    /// Print the key that verifies checkpoints instead
    #[arg(long)]
    key: bool,
}

/// Prints the signed note, or the key, and nothing else: both are made to be kept in files.
pub fn run(app: &App, args: &CheckpointArgs) -> Result<(), Problem> {
    let signed = host(app)?.checkpoint()?;
    let value = json!({
        "origin": signed.origin, "size": signed.size, "root": signed.root,
        "note": signed.note, "key": signed.key,
    });
    app.printer.result(&value, if args.key { &signed.key } else { &signed.note })
}
