//! `if witness anchor remove`: forget an anchor.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use serde_json::json;

/// Forget an anchor; what it keeps stays there
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// Which
    name: String,
}

/// An entry of the log says so.
pub fn run(app: &App, args: &RemoveArgs) -> Result<(), Problem> {
    let name = super::named(&args.name)?;
    host(app)?.remove_anchor(&name)?;
    let text = format!("{name} is forgotten; what it keeps stays there");
    app.printer.result(&json!({"removed": name}), &text)
}
