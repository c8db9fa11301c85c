//! `if <provider> discover`: what is around, and the line that adds each of them.

use crate::app::{App, quoted};
use crate::commands::{host, provider};
use crate::print::Face;
use clap::ArgMatches;
use if_core::{Problem, Word};
use if_dispatch::{Action, Request};
use if_manifest::model::View;
use serde_json::{Value, json};
use std::sync::Arc;

/// Looks, prints a table, and for each that is not configured yet the line to type.
pub fn run(app: &App, provider: Word, leaf: &ArgMatches) -> Result<(), Problem> {
    let networks = leaf.get_many::<String>("network").into_iter().flatten().cloned().collect();
    let mut request = Request::for_provider(provider.clone(), Action::Discover { networks });
    request.flags = app.flags()?;
    request.line = Some(app.line.clone());
    let mut performed = host(app)?.run(request, Arc::new(Face::new(app.printer)))?;
    if app.global.dry_run || performed.result.is_err() {
        return provider::finish(app, &View::Json, performed);
    }
    let found = std::mem::replace(&mut performed.result, Ok(Value::Null)).unwrap_or_default();
    provider::finish(app, &View::Json, performed)?;
    let mut rows = found.as_array().cloned().unwrap_or_default();
    for row in &mut rows {
        let line = add_line(&provider, row);
        if let Some(row) = row.as_object_mut() {
            row.insert("add".to_owned(), json!(line));
        }
    }
    let text = if rows.is_empty() { "none found".to_owned() } else { table(app, &rows) };
    app.printer.result(&json!(rows), &text)?;
    for row in rows.iter().filter(|row| row["configured"].is_null()) {
        app.printer.hint(row["add"].as_str().unwrap_or_default());
    }
    Ok(())
}

fn table(app: &App, rows: &[Value]) -> String {
    let person = |row: &Value| {
        let settings = row["settings"].as_object().map(provider::one_line);
        json!({
            "name": row["name"],
            "settings": settings,
            "about": row["about"],
            "configured": row["configured"].as_str().unwrap_or("no"),
        })
    };
    let columns = ["name", "settings", "about", "configured"].map(str::to_owned);
    app.printer.canvas().table(&columns, &rows.iter().map(person).collect::<Vec<_>>())
}

/// The line that adds it, quoted: a device may call itself anything.
fn add_line(provider: &Word, row: &Value) -> String {
    let mut words = vec![
        "ifctl".to_owned(),
        provider.to_string(),
        "add".to_owned(),
        row["name"].as_str().unwrap_or_default().to_owned(),
    ];
    for (name, value) in row["settings"].as_object().into_iter().flatten() {
        match value {
            // A switch takes its value only with the sign.
            Value::Bool(on) => words.push(format!("--{name}={on}")),
            Value::String(text) => words.extend([format!("--{name}"), text.clone()]),
            other => words.extend([format!("--{name}"), other.to_string()]),
        }
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_quoted_word_by_word() {
        let row =
            json!({"name": "desk", "settings": {"host": "a; rm -rf ~", "port": 8088, "tls": true}});
        let line = add_line(&Word::new("mixer").unwrap(), &row);
        assert_eq!(line, "ifctl mixer add desk --host 'a; rm -rf ~' --port 8088 --tls=true");
    }
}
