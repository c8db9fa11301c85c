//! `if witness replay`: recorded operations once more, with nothing but what was recorded.

use super::query::FilterArgs;
use crate::app::App;
use crate::commands::host;
use crate::print::clean;
use clap::Args;
use if_core::{Code, Problem};
use if_dispatch::witness::{Comparison, Replayed};
use serde_json::{Value, json};

/// Run an operation again from its recording, and compare
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl witness replay 0192aa00000070008000000000000001\n  \
    ifctl witness replay --all --since \"1 hour ago\"")]
pub struct ReplayArgs {
    /// The operation, as `witness log` shows it
    #[arg(required_unless_present = "all")]
    operation: Option<String>,
    /// Every operation, or every one that the other flags let through
    #[arg(long, conflicts_with = "operation")]
    all: bool,
    #[command(flatten)]
    filter: FilterArgs,
}

/// Replays one, or all that fit. The plugin meets its own recording: no network, no secret.
pub fn run(app: &App, args: &ReplayArgs) -> Result<(), Problem> {
    let host = host(app)?;
    let Some(operation) = &args.operation else {
        let mut replayed = Vec::new();
        let filter = args.filter.filter(host.now())?;
        host.replay_each(&filter, |one| replayed.push(one))?;
        return several(app, &replayed);
    };
    if args.filter.narrows() {
        return Err(Problem::new(Code::Usage, "an operation is named, and others are looked for")
            .hint("ifctl witness replay --all --provider obs"));
    }
    let operation = super::operation(operation)?;
    let replayed = host.replay(&operation)?;
    if let Comparison::NotReplayable { why } = &replayed.verdict {
        return Err(Problem::new(Code::Usage, format!("{operation} cannot be replayed"))
            .because(why)
            .hint(format!("ifctl witness query --operation {operation}")));
    }
    let text = format!(
        "{}  {}\n{} messages, transcript {}\n",
        verdict(&replayed.verdict),
        clean(&replayed.what),
        replayed.messages,
        replayed.transcript
    );
    app.printer.result(&json!(replayed), &text)?;
    diverged(&[replayed])
}

fn several(app: &App, replayed: &[Replayed]) -> Result<(), Problem> {
    let rows: Vec<Value> = replayed.iter().map(row).collect();
    let columns = ["operation", "what", "messages", "replay"].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "no operations".to_owned(),
        false => app.printer.canvas().table(&columns, &rows),
    };
    app.printer.result(&json!({ "replayed": replayed }), &text)?;
    diverged(replayed)
}

fn row(replayed: &Replayed) -> Value {
    json!({
        "operation": replayed.operation,
        "what": replayed.what,
        "messages": replayed.messages.to_string(),
        "replay": verdict(&replayed.verdict),
    })
}

fn verdict(comparison: &Comparison) -> String {
    match comparison {
        Comparison::Identical => "identical".to_owned(),
        Comparison::IdenticalUntil { code } => format!("identical until {code} ended it"),
        Comparison::Diverged { .. } => "diverged".to_owned(),
        Comparison::NotReplayable { why } => format!("not replayed: {}", clean(why)),
    }
}

/// The first that was different is the error.
fn diverged(replayed: &[Replayed]) -> Result<(), Problem> {
    let differing = replayed.iter().filter_map(|one| match &one.verdict {
        Comparison::Diverged { recorded, replayed } => Some((one, recorded, replayed)),
        _ => None,
    });
    let mut differing = differing.peekable();
    let Some((one, recorded, now)) = differing.peek() else { return Ok(()) };
    let message = format!("the replay of {} is not what was recorded", one.operation);
    Err(Problem::new(Code::ReplayDiverged, message)
        .because(format!("recorded: {}", clean(recorded)))
        .because(format!("replayed: {}", clean(now)))
        .hint(format!("ifctl witness query --operation {}", one.operation)))
}
