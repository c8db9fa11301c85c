//! `if witness anchor reset`: the log is continued as it is, on an operator's word.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::{Code, Problem};
use serde_json::json;

/// Continue the log as it is now, whatever it lacks or holds; an entry says so
#[derive(Debug, Args)]
pub struct ResetArgs {}

/// Makes the local anchor anew.
pub fn run(app: &App) -> Result<(), Problem> {
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
