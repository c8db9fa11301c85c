//! `if secret audit`: which plugin used which secret, when, towards which endpoint; no values.

use crate::app::App;
use crate::commands::{host, witness::instant};
use crate::print;
use clap::Args;
use if_core::{Code, Problem, Word};
use if_dispatch::SecretUsed;
use if_dispatch::witness::Filter;
use serde_json::{Value, json};

/// Show which plugin used which secret, when and towards which endpoint
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl secret audit\n  \
                        ifctl secret audit --provider obs --since 2026-11-25T21:00Z --json")]
pub struct AuditArgs {
    /// Only this provider
    #[arg(long)]
    provider: Option<String>,
    /// Only this instance
    #[arg(long)]
    instance: Option<String>,
    /// Only the secret of this name
    #[arg(long)]
    name: Option<String>,
    /// Used then or later: 2026-11-25T21:00Z, with an offset, or `2 hours ago`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Used before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Shows, oldest first.
pub fn run(app: &App, args: &AuditArgs) -> Result<(), Problem> {
    let host = host(app)?;
    let time = |flag: &str, text: &Option<String>| {
        text.as_deref().map(|text| instant(flag, text, host.now())).transpose()
    };
    let filter = Filter {
        provider: word(args.provider.as_deref())?,
        instance: word(args.instance.as_deref())?,
        since: time("since", &args.since)?,
        until: time("until", &args.until)?,
        ..Filter::default()
    };
    let audit = host.secret_audit(&filter, word(args.name.as_deref())?.as_ref())?;
    if !audit.untold.is_empty() {
        let ids = audit.untold.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        app.printer.warn(&format!("no record of what these operations used: {ids}"));
    }
    let rows: Vec<Value> = audit.used.iter().map(row).collect();
    let columns = ["at", "secret", "source", "endpoint", "command", "outcome", "actor", "plugin"];
    let text = if rows.is_empty() {
        "no secret was used".to_owned()
    } else {
        app.printer.canvas().table(&columns.map(str::to_owned), &rows)
    };
    app.printer.result(&json!(audit), &text)
}

fn row(used: &SecretUsed) -> Value {
    let instance = used.instance.as_ref().map(ToString::to_string).unwrap_or_default();
    json!({
        "at": print::time(used.at),
        "secret": format!("{}/{instance}/{}", used.provider, used.secret),
        "source": source(used),
        "endpoint": used.endpoint,
        "command": used.command,
        "outcome": used.outcome,
        "actor": used.actor,
        "plugin": used.plugin,
    })
}

fn source(used: &SecretUsed) -> String {
    match (&used.source, used.source_version) {
        (Some(source), Some(version)) => format!("{source} version {version}"),
        (Some(source), None) => source.clone(),
        (None, _) => "erased".to_owned(),
    }
}

fn word(text: Option<&str>) -> Result<Option<Word>, Problem> {
    let usage = |error: if_core::IdError| Problem::new(Code::Usage, error.to_string());
    text.map(|text| Word::new(text).map_err(usage)).transpose()
}
