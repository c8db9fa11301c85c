//! `if witness prove`: one file that proves one entry to somebody who has no log.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use if_dispatch::witness::Which;
use serde_json::json;
use std::path::PathBuf;

/// Print a receipt that proves an operation to somebody who has no log
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl witness prove 0192aa00000070008000000000000001 > \
    scene.tlog-proof\n  ifctl witness verify --receipt scene.tlog-proof\n  \
    ifctl witness prove 0192aa00000070008000000000000001 --under cosigned.checkpoint")]
pub struct ProveArgs {
    /// The operation, as `witness log` shows it
    operation: String,
    /// Prove that it was about to happen, not how it ended
    #[arg(long)]
    intent: bool,
    /// Prove it under the checkpoint in this file, which others have cosigned, not under a new one
    #[arg(long, value_name = "FILE")]
    under: Option<PathBuf>,
}

/// Prints the receipt and nothing else: it is made to be kept in a file.
pub fn run(app: &App, args: &ProveArgs) -> Result<(), Problem> {
    let operation = super::operation(&args.operation)?;
    let which = if args.intent { Which::Intent } else { Which::Outcome };
    let proof = host(app)?.prove(&operation, which, args.under.as_deref())?;
    let value = json!({"seq": proof.seq, "size": proof.size, "receipt": proof.receipt});
    app.printer.result(&value, &proof.receipt)
}
