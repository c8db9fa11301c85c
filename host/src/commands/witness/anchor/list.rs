//! `if witness anchor list`: the anchors off this machine, and how much of the log each keeps.

use crate::app::App;
use crate::commands::host;
use crate::print;
use clap::Args;
use if_core::Problem;
use if_dispatch::witness::AnchorShown;
use serde_json::{Value, json};

/// Show the anchors off this machine: when each was run, what it keeps, and what it lacks
#[derive(Debug, Args)]
pub struct ListArgs {}

/// Nobody is asked: it is what was kept the last time.
pub fn run(app: &App) -> Result<(), Problem> {
    let anchors = host(app)?.anchors()?;
    let values: Vec<Value> = anchors.iter().map(super::value).collect();
    let columns = ["name", "place", "run", "keeps", "behind"].map(str::to_owned);
    let rows: Vec<Value> = anchors.iter().map(row).collect();
    let text = match rows.is_empty() {
        true => "no anchor off this machine".to_owned(),
        false => app.printer.canvas().table(&columns, &rows),
    };
    app.printer.result(&json!({"anchors": values}), &text)?;
    if anchors.is_empty() {
        app.printer.hint("ifctl witness anchor add NAME --directory PATH");
    }
    Ok(())
}

fn row(anchor: &AnchorShown) -> Value {
    let (size, at) = anchor.kept.map(|(size, at)| (size, print::time(at))).unzip();
    json!({
        "name": anchor.name, "place": anchor.place.to_string(),
        "run": at.unwrap_or_else(|| "never".to_owned()),
        "keeps": size.map(|size| size.to_string()).unwrap_or_default(),
        "behind": anchor.behind,
    })
}
