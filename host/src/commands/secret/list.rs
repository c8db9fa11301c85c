//! `if secret list`: names, versions and times; no values.

use crate::app::App;
use crate::commands::host;
use crate::print;
use clap::Args;
use if_core::Problem;
use serde_json::{Value, json};

/// List the names of stored secrets
#[derive(Debug, Args)]
pub struct ListArgs {}

/// Lists.
pub fn run(app: &App, _args: &ListArgs) -> Result<(), Problem> {
    let secrets = host(app)?.secrets()?;
    let rows: Vec<Value> = secrets
        .iter()
        .map(|s| json!({"name": s.name, "version": s.version, "set": print::time(s.set_at)}))
        .collect();
    let columns = ["name", "version", "set"].map(str::to_owned);
    let text = if rows.is_empty() {
        "no secrets".to_owned()
    } else {
        app.printer.canvas().table(&columns, &rows)
    };
    app.printer.result(&json!({"secrets": rows}), &text)
}
