//! `if bundle inspect`: what is in a bundle, and who vouches for it.

use crate::app::App;
use clap::Args;
use if_core::{Problem, UnixMillis};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Show what a bundle holds and who vouches for it; needs no home and changes nothing
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  ifctl bundle inspect studio.ifbundle")]
pub struct InspectArgs {
    /// The bundle
    file: PathBuf,
}

/// Shows it.
pub fn run(app: &App, args: &InspectArgs) -> Result<(), Problem> {
    show(app, &args.file)
}

/// The bundle as text or JSON.
pub fn show(app: &App, file: &Path) -> Result<(), Problem> {
    let facts = if_dispatch::bundle::inspect(file)?;
    let columns = ["provider", "id", "version", "release", "approvers"].map(str::to_owned);
    let rows: Vec<Value> = facts
        .packages
        .iter()
        .map(|one| {
            json!({
                "provider": one.provider, "id": one.id, "version": one.version,
                "release": one.release, "approvers": one.approvers.join(", "),
            })
        })
        .collect();
    let root = &facts.root;
    let text = format!(
        "bundle:      {}, {} bytes\ntrust root:  {}, version {}, until {}\n\n{}",
        facts.sha256,
        facts.bytes,
        root.sha256,
        root.version,
        crate::print::time(UnixMillis(root.expires_ms)),
        app.printer.canvas().table(&columns, &rows),
    );
    app.printer.result(&facts, &text)
}
