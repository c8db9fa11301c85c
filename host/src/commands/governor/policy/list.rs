//! `if governor policy list`: the policies that hold, and those that could.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use if_dispatch::policies::PolicyShown;
use serde_json::{Value, json};

/// Show the policies that hold, in their order, and those that are installed
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor policy list\n  \
    ifctl governor policy list --json\n\n\
    Which policies hold stands in policies.yaml in the home; `ifctl governor policy apply` puts a\n\
    file there after looking it through.")]
pub struct ListArgs {}

/// Lists them.
pub fn run(app: &App, _: &ListArgs) -> Result<(), Problem> {
    let policies = host(app)?.policies_shown()?;
    let row = |it: &PolicyShown| {
        let state = match (&it.name, &it.problem) {
            (None, _) => "installed",
            (Some(_), None) => "holds",
            (Some(_), Some(_)) => "denies: it cannot decide",
        };
        json!({
            "policy": it.name.as_ref().unwrap_or(&it.policy), "component": it.policy,
            "for": whom(it), "state": state, "about": it.summary,
        })
    };
    let rows: Vec<Value> = policies.iter().map(row).collect();
    let columns = ["policy", "component", "for", "state", "about"].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "no policy holds, and none is installed".to_owned(),
        false => app.printer.canvas().table(&columns, &rows),
    };
    let shown: Vec<Value> = policies.iter().map(value).collect();
    app.printer.result(&json!({ "policies": shown }), &text)
}

/// For which commands it is asked.
fn whom(it: &PolicyShown) -> String {
    if it.name.is_none() {
        return String::new();
    }
    let when = &it.when;
    let mut words: Vec<String> =
        [&when.provider, &when.instance].into_iter().flatten().map(ToString::to_string).collect();
    words.extend(when.command.clone());
    words.extend(when.effect.map(|effect| format!("from {effect} on")));
    if words.is_empty() { "everything".to_owned() } else { words.join(" ") }
}

fn value(it: &PolicyShown) -> Value {
    json!({
        "name": it.name, "policy": it.policy, "version": it.version, "summary": it.summary,
        "when": {
            "provider": it.when.provider, "instance": it.when.instance,
            "command": it.when.command, "effect": it.when.effect,
        },
        "settings": it.settings, "problem": it.problem.as_ref().map(ToString::to_string),
    })
}
