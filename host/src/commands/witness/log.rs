//! `if witness log`: the latest operations, or with `--message` an entry of one's own.

use super::query::{self, QueryArgs};
use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use serde_json::json;

/// Show the latest operations, or write an entry of your own
#[derive(Debug, Args)]
pub struct LogArgs {
    /// Write this text into the log
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,

    /// How many operations to show
    #[arg(long, short = 'n', default_value_t = 20)]
    limit: usize,
}

/// Shows or writes.
pub fn run(app: &App, args: &LogArgs) -> Result<(), Problem> {
    match &args.message {
        Some(message) => {
            let written = host(app)?.note(message)?;
            app.printer.result(
                &json!({"seq": written.seq, "hash": written.hash}),
                &format!("entry {} written", written.seq),
            )
        }
        None => query::run(app, &QueryArgs { limit: args.limit, ..QueryArgs::default() }),
    }
}
