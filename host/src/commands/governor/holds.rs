//! `if governor holds …`: commands that wait for people.

use crate::app::App;
use crate::commands::{host, provider, signing_host};
use crate::keys::OpenArgs;
use crate::print::{Face, clean, time};
use clap::{Args, Subcommand};
use if_core::Problem;
use if_dispatch::held::{Decided, HeldShown};
use if_manifest::model::View;
use if_manifest::trust::Decision;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// See and decide commands that wait for other people
#[derive(Debug, Subcommand)]
pub enum HoldsCommand {
    List(ListArgs),
    Show(ShowArgs),
    Approve(ApproveArgs),
    Deny(DenyArgs),
}

/// Show what waits
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor holds list\n  \
    ifctl governor holds list --all --json")]
pub struct ListArgs {
    /// Those that are decided, too
    #[arg(long)]
    all: bool,
}

/// Show everything about a held command: read it before you decide
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor holds show 0192aa00000070008000000000000001")]
pub struct ShowArgs {
    /// As `governor holds list` shows it
    hold: String,
}

/// Approve a held command; with enough approvals it runs, exactly as it was asked
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    ifctl governor holds approve 0192aa00000070008000000000000001 --key mine.key\n\n\
    An approval is a signature. It counts if the trust root names the key for the role `approver`\n\
    (or `root`, where nobody has that role), and if it is not the key of the home in which the\n\
    command was asked for. Each key counts once.")]
pub struct ApproveArgs {
    /// As `governor holds list` shows it
    hold: String,
    /// The key that signs; this home's own otherwise
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    open: OpenArgs,
}

/// Deny a held command; one word is enough
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    ifctl governor holds deny 0192aa00000070008000000000000001 --key mine.key")]
pub struct DenyArgs {
    /// As `governor holds list` shows it
    hold: String,
    /// The key that signs; this home's own otherwise
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    open: OpenArgs,
}

/// Runs one of them.
pub fn run(app: &App, command: HoldsCommand) -> Result<(), Problem> {
    match command {
        HoldsCommand::List(args) => list(app, &args),
        HoldsCommand::Show(args) => show(app, &args),
        HoldsCommand::Approve(ApproveArgs { hold, key, open }) => {
            decide(app, &hold, Decision::Approve, key, &open)
        }
        HoldsCommand::Deny(DenyArgs { hold, key, open }) => {
            decide(app, &hold, Decision::Reject, key, &open)
        }
    }
}

fn list(app: &App, args: &ListArgs) -> Result<(), Problem> {
    let holds = host(app)?.holds(args.all)?;
    let row = |it: &HeldShown| {
        json!({
            "hold": it.held.id, "command": it.what, "by": it.held.actor,
            "approvals": format!("{} of {}", it.approvers.len(), it.held.approvals),
            "state": it.now.as_str(), "until": time(it.held.expires),
        })
    };
    let rows: Vec<Value> = holds.iter().map(row).collect();
    let columns = ["hold", "command", "by", "approvals", "state", "until"].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "nothing waits for approval".to_owned(),
        false => app.printer.canvas().table(&columns, &rows),
    };
    app.printer.result(&json!({ "holds": holds }), &text)
}

fn show(app: &App, args: &ShowArgs) -> Result<(), Problem> {
    let shown = host(app)?.held_command(&args.hold)?;
    app.printer.result(&json!({ "hold": shown }), &page(app, &shown))
}

fn page(app: &App, it: &HeldShown) -> String {
    let held = &it.held;
    let arguments = it.asked.get("arguments").cloned().unwrap_or_default();
    let fields = json!({
        "hold": held.id, "command": it.what, "arguments": arguments.to_string(),
        "why": it.asked.get("why").and_then(Value::as_str).map(clean).unwrap_or_default(),
        "asked by": held.actor, "at": time(held.at), "until": time(held.expires),
        "verdict": held.verdict, "state": it.now.as_str(),
        "approvals": format!("{} of {}", it.approvers.len(), held.approvals),
    });
    let mut text = app.printer.canvas().render(&View::Fields, &fields);
    for reason in &held.reasons {
        text.push_str(&format!("because: {}\n", clean(reason)));
    }
    for voice in &it.voices {
        text.push_str(&format!("{}: {} at {}\n", voice.decision, voice.principal, time(voice.at)));
    }
    text
}

fn decide(
    app: &App,
    hold: &str,
    decision: Decision,
    key: Option<PathBuf>,
    open: &OpenArgs,
) -> Result<(), Problem> {
    let host = signing_host(app, open)?;
    let face = Arc::new(Face::new(app.printer));
    let Decided { shown, performed } = host.decide_held(hold, decision, key.as_deref(), face)?;
    let (have, need) = (shown.approvers.len(), shown.held.approvals);
    match performed {
        Some(performed) => {
            let performed = performed?;
            app.printer.say(&format!("approved ({have} of {need}), and done: {}", shown.what));
            provider::finish(app, &View::Fields, performed)
        }
        None => {
            let text = match decision {
                Decision::Approve => format!("approved ({have} of {need}): {}", shown.what),
                Decision::Reject => format!("denied: {}", shown.what),
            };
            app.printer.result(&json!({ "hold": shown }), &text)
        }
    }
}
