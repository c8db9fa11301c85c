//! `if witness log`: the latest operations, or with `--message` an entry of one's own.

use super::query::{self, QueryArgs};
use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::{Code, Problem};
use serde_json::json;

/// Show the latest operations, or write an entry of your own
#[derive(Debug, Args)]
pub struct LogArgs {
    /// Write this text into the log
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,

    #[command(flatten)]
    query: QueryArgs,
}

/// Shows or writes.
pub fn run(app: &App, args: &LogArgs) -> Result<(), Problem> {
    let Some(message) = &args.message else { return query::run(app, &args.query) };
    if args.query.filter.narrows() {
        return Err(Problem::new(Code::Usage, "an entry is written, or entries are looked for")
            .hint("leave out --message to look for entries"));
    }
    let written = host(app)?.note(message)?;
    app.printer.result(
        &json!({"seq": written.seq, "hash": written.hash}),
        &format!("entry {} written", written.seq),
    )
}
