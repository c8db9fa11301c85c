//! `if witness query`: operations by provider, instance, outcome, trace or text.

use super::follow;
use crate::app::App;
use crate::commands::host;
use crate::print;
use clap::Args;
use if_core::{CapabilityId, Code, OperationId, Problem, UnixMillis, Word};
use if_dispatch::witness::{Entry, Filter};
use if_manifest::model::View;
use serde_json::{Value, json};
use std::fmt;

/// Which entries.
#[derive(Debug, Default, Args)]
pub struct FilterArgs {
    /// Only this component: the id of a plugin's capability
    #[arg(long, value_name = "ID")]
    pub component: Option<String>,
    /// Only this provider
    #[arg(long)]
    pub provider: Option<String>,
    /// Only this instance
    #[arg(long)]
    pub instance: Option<String>,
    /// Only this trace
    #[arg(long, value_name = "ID")]
    pub trace_id: Option<String>,
    /// Only this outcome: ok, failed, denied, planned, interrupted, unknown
    #[arg(long)]
    pub outcome: Option<String>,
    /// Only entries whose stored words contain this
    #[arg(long)]
    pub text: Option<String>,
    /// Begun then or later: 2026-11-25T21:00Z, with an offset, or `2 hours ago`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Begun before then
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// Find operations in the log
#[derive(Debug, Default, Args)]
pub struct QueryArgs {
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Only this operation, with everything that was stored of it
    #[arg(long)]
    pub operation: Option<String>,
    /// Most entries to show, the latest
    #[arg(long, short = 'n', default_value_t = 20)]
    pub limit: usize,
    /// Then show each new one as it ends, until Ctrl-C
    #[arg(long, conflicts_with = "operation")]
    pub follow: bool,
}

/// Shows what was found, oldest first; one operation by its whole id is shown with its bodies.
pub fn run(app: &App, args: &QueryArgs) -> Result<(), Problem> {
    let host = host(app)?;
    if let Some(id) = &args.operation {
        let id = OperationId::new(id.as_str()).map_err(usage)?;
        let entry = host.entry(&id)?;
        return app.printer.result(&entry, &details(app, &entry));
    }
    let filter = Filter { limit: Some(args.limit), ..args.filter.filter(host.now())? };
    if args.follow {
        return follow::run(app, &host, &filter);
    }
    let mut entries = host.query(&filter)?;
    entries.reverse();
    let rows: Vec<Value> = entries.iter().map(row).collect();
    let columns = ["at", "operation", "what", "effect", "outcome", "ms"].map(str::to_owned);
    let text = if rows.is_empty() {
        "no entries".to_owned()
    } else {
        app.printer.canvas().table(&columns, &rows)
    };
    app.printer.result(&json!({"entries": entries}), &text)
}

/// In words for people: what is left in.
impl fmt::Display for FilterArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            ("component", &self.component),
            ("provider", &self.provider),
            ("instance", &self.instance),
            ("trace", &self.trace_id),
            ("outcome", &self.outcome),
            ("text", &self.text),
            ("since", &self.since),
            ("until", &self.until),
        ];
        let set =
            words.iter().filter_map(|(name, word)| Some(format!("{name} {}", word.as_ref()?)));
        f.write_str(&set.collect::<Vec<_>>().join(", "))
    }
}

impl FilterArgs {
    /// Whether anything is left out.
    pub fn narrows(&self) -> bool {
        let words = [
            &self.component,
            &self.provider,
            &self.instance,
            &self.trace_id,
            &self.outcome,
            &self.text,
        ];
        words.into_iter().chain([&self.since, &self.until]).any(Option::is_some)
    }

    /// As the log is asked at this time.
    pub fn filter(&self, now: UnixMillis) -> Result<Filter, Problem> {
        let word = |text: &Option<String>| text.as_ref().map(Word::new).transpose().map_err(usage);
        let outcome = self.outcome.as_ref().map(|text| {
            serde_json::from_value(Value::String(text.clone())).map_err(|_| {
                Problem::new(Code::Usage, format!("`{text}` is no outcome"))
                    .hint("--outcome ok, failed, denied, planned, interrupted or unknown")
            })
        });
        let time = |flag: &str, text: &Option<String>| {
            text.as_deref().map(|text| instant(flag, text, now)).transpose()
        };
        let component = self.component.as_ref().map(CapabilityId::new).transpose();
        Ok(Filter {
            component: component.map_err(usage)?,
            provider: word(&self.provider)?,
            instance: word(&self.instance)?,
            trace: self.trace_id.clone(),
            outcome: outcome.transpose()?,
            text: self.text.clone(),
            since: time("since", &self.since)?,
            until: time("until", &self.until)?,
            ..Filter::default()
        })
    }
}

/// The time that a flag names.
pub fn instant(flag: &str, text: &str, now: UnixMillis) -> Result<UnixMillis, Problem> {
    print::instant(text).or_else(|| print::ago(text, now)).ok_or_else(|| {
        Problem::new(Code::Usage, format!("`{text}` is no time with its zone")).hint(format!(
            "write it as --{flag} 2026-11-25T21:00Z, 2026-11-25T22:00+01:00 or \"1 hour ago\""
        ))
    })
}

fn usage(error: if_core::IdError) -> Problem {
    Problem::new(Code::Usage, error.to_string())
}

/// One line of the table.
pub(super) fn row(entry: &Entry) -> Value {
    let leaf = &entry.opened.leaf;
    let note = entry.parts.get("note");
    let ended = entry.closed.as_ref().unwrap_or(&entry.opened);
    let outcome = match (entry.status(), note) {
        (Some(status), _) => json!(status),
        (None, Some(_)) => json!("note"),
        (None, None) if entry.is_open() => json!("running"),
        (None, None) => json!("start"),
    };
    json!({
        "at": print::time(leaf.at),
        "operation": leaf.operation.as_ref().map(ToString::to_string).unwrap_or_default(),
        "what": note.cloned().unwrap_or_else(|| entry.what()),
        "effect": leaf.effect.map(|effect| effect.as_str()).unwrap_or_default(),
        "outcome": outcome,
        "ms": ended.leaf.timing.map(|timing| timing.wall_ms.to_string()).unwrap_or_default(),
    })
}

/// Everything recorded of one operation, for people.
fn details(app: &App, entry: &Entry) -> String {
    let summary = app.printer.canvas().render(&View::Fields, &row(entry));
    let leaf = &entry.opened.leaf;
    let decision = leaf
        .decision
        .as_ref()
        .map(|d| format!("{}: {}", d.verdict, d.reasons.join("; ")))
        .unwrap_or_default();
    let mut text = format!(
        "{summary}decision:   {}\nentry:      {} {}\n",
        print::clean(&decision),
        leaf.seq,
        entry.opened.hash
    );
    for (name, part) in &entry.parts {
        text.push_str(&format!("\n{name}\n  {}\n", print::clean(part)));
    }
    text
}
