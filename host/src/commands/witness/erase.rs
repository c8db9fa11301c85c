//! `if witness erase`: what was said goes, the proof that something was done stays.

use super::operation;
use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::{Code, Problem};
use serde_json::json;

/// Erase what was stored of an operation; its entries stay, and every proof still verifies
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ifctl witness erase 0192aa00000070008000000000000001 --yes\n\n\
    Parameters, results, words, evidence and the transcript go, from the database and its\n\
    write-ahead log. Backups, exports and earlier reads are not reached."
)]
pub struct EraseArgs {
    /// The operation, as `witness log` shows it
    operation: String,
}

/// Erases after a yes: nothing brings it back.
pub fn run(app: &App, args: &EraseArgs) -> Result<(), Problem> {
    let id = operation(&args.operation)?;
    let host = host(app)?;
    let entry = host.entry(&id)?;
    if !app.global.yes {
        let what = format!("{} stored parts of {id} cannot be brought back", entry.parts.len());
        return Err(Problem::new(Code::ConfirmationNeeded, what)
            .hint(format!("ifctl witness erase {id} --yes")));
    }
    let erased = host.erase(&id)?;
    let said = erased.said.map(|said| said.seq);
    let text = match said {
        None => "nothing was left to erase".to_owned(),
        Some(seq) => format!("{} stored parts erased; entry {seq} says so", erased.bodies),
    };
    if erased.lingers {
        app.printer
            .warn("a reader keeps the bytes in the write-ahead log; a later command cuts it");
    }
    app.printer
        .result(&json!({"erased": erased.bodies, "entry": said, "lingers": erased.lingers}), &text)
}
