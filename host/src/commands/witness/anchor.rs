//! `if witness anchor …`: the head of the log, kept outside its database.

use crate::app::App;
use crate::commands::host;
use clap::{Args, Subcommand};
use if_core::{Code, Problem};
use serde_json::json;

/// The head of the log, kept outside its database
#[derive(Debug, Args)]
pub struct AnchorArgs {
    #[command(subcommand)]
    command: AnchorCommand,
}

#[derive(Debug, Subcommand)]
enum AnchorCommand {
    Reset(ResetArgs),
}

/// Continue the log as it is now, whatever it lacks or holds; an entry says so
#[derive(Debug, Args)]
struct ResetArgs {}

/// Runs one of them.
pub fn run(app: &App, args: &AnchorArgs) -> Result<(), Problem> {
    match &args.command {
        AnchorCommand::Reset(ResetArgs {}) => reset(app),
    }
}

fn reset(app: &App) -> Result<(), Problem> {
    if !app.global.yes {
        let what =
            "writes will not miss what is gone from the log any more, nor stop at what is wrong";
        return Err(
            Problem::new(Code::ConfirmationNeeded, what).hint("ifctl witness anchor reset --yes")
        );
    }
    let written = host(app)?.reset_anchor()?;
    app.printer.result(
        &json!({"seq": written.seq, "hash": written.hash}),
        &format!("the log is continued as it is; entry {} says so", written.seq),
    )
}
