//! `if secret list`: names, where they come from, versions and times; no values.

use crate::app::App;
use crate::commands::host;
use crate::print;
use clap::Args;
use if_core::Problem;
use serde::Serialize;
use serde_json::{Value, json};

/// List the names of secrets, and where each comes from
#[derive(Debug, Args)]
pub struct ListArgs {}

/// One secret in one place.
#[derive(Serialize)]
struct Row {
    name: String,
    from: String,
    /// False for a value in the vault whose instance refers elsewhere.
    used: bool,
    version: Option<u64>,
    set: Option<String>,
}

/// Lists.
pub fn run(app: &App, _args: &ListArgs) -> Result<(), Problem> {
    let host = host(app)?;
    let (stored, referred) = (host.secrets()?, host.secrets_referred()?);
    let in_vault = stored.into_iter().map(|it| Row {
        used: !referred.iter().any(|elsewhere| elsewhere.name == it.name),
        name: it.name,
        from: "vault".to_owned(),
        version: Some(it.version),
        set: Some(print::time(it.set_at)),
    });
    let mut rows: Vec<Row> = in_vault.collect();
    rows.extend(referred.into_iter().map(|it| Row {
        name: it.name,
        from: it.from,
        used: true,
        version: None,
        set: None,
    }));
    rows.sort_by(|one, other| (&one.name, one.used).cmp(&(&other.name, other.used)));
    let text = if rows.is_empty() {
        "no secrets".to_owned()
    } else {
        let people: Vec<Value> = rows.iter().map(for_people).collect();
        let columns = ["name", "from", "version", "set"].map(str::to_owned);
        app.printer.canvas().table(&columns, &people)
    };
    app.printer.result(&json!({"secrets": rows}), &text)
}

fn for_people(row: &Row) -> Value {
    let from = if row.used { row.from.clone() } else { format!("{}, not used", row.from) };
    let version = row.version.map(|version| version.to_string()).unwrap_or_default();
    let set = row.set.clone().unwrap_or_default();
    json!({"name": row.name, "from": from, "version": version, "set": set})
}
