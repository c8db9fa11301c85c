//! `if plugin list`: what is installed, and whether it may run.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use serde_json::{Value, json};

/// List installed plugins and whether each may run
#[derive(Debug, Args)]
pub struct ListArgs {}

/// Lists; a plugin that may not run is shown with the reason.
pub fn run(app: &App, _args: &ListArgs) -> Result<(), Problem> {
    let rows: Vec<Value> = host(app)?
        .plugins()?
        .iter()
        .map(|p| {
            let trusted = p.problem.as_ref().map_or("yes", |problem| problem.code.as_str());
            json!({
                "provider": p.provider, "id": p.id, "version": p.version,
                "release": p.release, "trusted": trusted,
            })
        })
        .collect();
    let columns = ["provider", "id", "version", "release", "trusted"].map(str::to_owned);
    let text = if rows.is_empty() {
        "no plugins".to_owned()
    } else {
        app.printer.canvas().table(&columns, &rows)
    };
    app.printer.result(&json!({"plugins": rows}), &text)
}
