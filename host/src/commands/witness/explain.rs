//! `if witness explain`: what led to allow or deny, and which limits held, as it was recorded.

use super::operation;
use crate::app::App;
use crate::commands::host;
use crate::print::clean;
use clap::Args;
use if_core::Problem;
use if_dispatch::witness::{Bound, Entry, Explained};
use if_manifest::model::View;
use serde_json::{Map, Value, json};

/// Explain why an operation was let through or refused, from what was recorded
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl witness explain 0192aa00000070008000000000000001")]
pub struct ExplainArgs {
    /// The operation, as `witness log` shows it
    operation: String,
}

/// Shows the decision with its reasons, who was decided about, the limits, and the end.
pub fn run(app: &App, args: &ExplainArgs) -> Result<(), Problem> {
    let entry = host(app)?.entry(&operation(&args.operation)?)?;
    let explained = Explained::of(&entry);
    let facts = facts(&entry, &explained);
    let mut text = app.printer.canvas().render(&View::Fields, &Value::Object(facts.clone()));
    if !explained.policies.is_empty() {
        let rows: Vec<Value> = explained.policies.iter().map(answer).collect();
        let columns = ["policy", "said", "because"].map(str::to_owned);
        text.push_str(&format!("\n{}", app.printer.canvas().table(&columns, &rows)));
    }
    if !explained.limits.is_empty() {
        let rows: Vec<Value> = explained.limits.iter().map(row).collect();
        let columns = ["limit", "most", "reached", "ended it"].map(str::to_owned);
        text.push_str(&format!("\n{}", app.printer.canvas().table(&columns, &rows)));
    }
    let value = json!({"operation": args.operation, "facts": facts, "explained": explained});
    app.printer.result(&value, &text)
}

/// What one policy answered, as a row.
fn answer(finding: &Value) -> Value {
    let word = |name: &str| finding.get(name).and_then(Value::as_str).unwrap_or_default();
    let reasons = finding.get("reasons").and_then(Value::as_array);
    let texts = reasons.into_iter().flatten().filter_map(|it| it.get("text")?.as_str());
    json!({
        "policy": word("policy"), "said": word("verdict"),
        "because": texts.map(clean).collect::<Vec<_>>().join("; "),
    })
}

fn facts(entry: &Entry, explained: &Explained) -> Map<String, Value> {
    let leaf = &entry.opened.leaf;
    let ended = &entry.closed.as_ref().unwrap_or(&entry.opened).leaf;
    let plugin = leaf.plugin.as_ref();
    let cost = ended.cost_micros.filter(|cost| cost.0 > 0);
    let secrets = ended.secrets.iter().map(|it| format!("{} to {}", it.secret, it.endpoint));
    let rows = [
        ("operation", Some(entry.what())),
        ("decision", Some(explained.verdict.clone())),
        ("because", Some(explained.reasons.join("; "))),
        ("effect", leaf.effect.map(|effect| effect.as_str().to_owned())),
        ("asked by", leaf.actor.clone()),
        ("why", entry.parts.get("why").cloned()),
        ("mode", leaf.mode.map(|mode| json!(mode).as_str().unwrap_or_default().to_owned())),
        ("plugin", plugin.map(|it| format!("{} {}", it.id, it.version))),
        ("release", plugin.map(|it| it.release.to_string())),
        ("manifest", plugin.map(|it| it.manifest.to_string())),
        ("component", plugin.map(|it| it.component.to_string())),
        ("secrets used", Some(secrets.collect::<Vec<_>>().join(", "))),
        ("cost", cost.map(|it| format!("{} micros", it.0))),
        ("outcome", entry.status().map(|status| status.as_str().to_owned())),
        ("code", explained.code.map(|code| code.to_string())),
        ("error", entry.parts.get("error").cloned()),
    ];
    let known = rows.into_iter().filter_map(|(name, text)| {
        let text = text.filter(|text| !text.is_empty())?;
        Some((name.to_owned(), Value::String(clean(&text))))
    });
    known.collect()
}

fn row(bound: &Bound) -> Value {
    json!({
        "limit": bound.limit,
        "most": bound.most.to_string(),
        "reached": bound.reached.map(|reached| reached.to_string()).unwrap_or_default(),
        "ended it": if bound.fired { "yes" } else { "" },
    })
}
