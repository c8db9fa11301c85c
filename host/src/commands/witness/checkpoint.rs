//! `if witness checkpoint`: what the log says of itself to others, signed.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use if_dispatch::Host;
use serde_json::json;

/// Sign how long the log is and the root over all its entries, for others to keep
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl witness checkpoint > tonight.checkpoint\n  \
    ifctl witness checkpoint --key > studio.vkey\n  \
    ifctl witness checkpoint --since 120 > for-the-witness\n\n\
    With --since it is what a witness is given (the body of an `add-checkpoint` request, C2SP \
    tlog-witness): the\nproof that the log still begins with the entries that the witness has \
    cosigned, then the checkpoint.")]
pub struct CheckpointArgs {
    /// Print the key that verifies checkpoints instead
    #[arg(long, conflicts_with = "since")]
    key: bool,
    /// With the proof that it continues the checkpoint of so many entries; 0 for a new witness
    #[arg(long, value_name = "ENTRIES")]
    since: Option<u64>,
}

/// Prints the signed note, or the key, and nothing else: both are made to be kept in files.
pub fn run(app: &App, args: &CheckpointArgs) -> Result<(), Problem> {
    let host = host(app)?;
    if let Some(old) = args.since {
        return submission(app, &host, old);
    }
    let signed = host.checkpoint()?;
    let value = json!({
        "origin": signed.origin, "size": signed.size, "root": signed.root,
        "note": signed.note, "key": signed.key,
    });
    app.printer.result(&value, if args.key { &signed.key } else { &signed.note })
}

fn submission(app: &App, host: &Host, old: u64) -> Result<(), Problem> {
    let submitted = host.submission(old)?;
    let value = json!({"old": submitted.old, "size": submitted.size, "body": submitted.body});
    app.printer.result(&value, &submitted.body)
}
