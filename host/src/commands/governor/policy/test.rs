//! `if governor policy test`: what would be decided, without doing anything.

use crate::app::{App, request_of};
use crate::commands::host;
use crate::print::{ago, instant, time};
use clap::Args;
use if_core::{Code, Problem, UnixMillis, Word};
use if_dispatch::policies::{Differed, Finding, Trial};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Show what would be decided about a command, a task, or what was recorded
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    ifctl governor policy test --command \"obs stream stop studio\"\n  \
    ifctl governor policy test --task video.encode --swarm blue\n  \
    ifctl governor policy test --since 7d --policies changed.yaml\n\n\
    Nothing is done and nothing is held. With --since, recorded operations are judged anew by\n\
    what policies were told then; shown are those that would be decided differently.")]
pub struct TestArgs {
    /// A whole command, as it would be typed behind `ifctl`
    #[arg(long, value_name = "LINE", required_unless_present_any = ["task", "since"])]
    command: Option<String>,
    /// A capability that a task asks for
    #[arg(long, value_name = "CAPABILITY", conflicts_with = "command")]
    task: Option<String>,
    /// The swarm that would take the task on
    #[arg(long, value_name = "NAME", requires = "task")]
    swarm: Option<String>,
    /// Every recorded operation since then: 7d, "2 hours ago", a time with its zone
    #[arg(long, value_name = "TIME", conflicts_with_all = ["command", "task"])]
    since: Option<String>,
    /// Another set than the one that holds
    #[arg(long, value_name = "FILE")]
    policies: Option<PathBuf>,
}

/// Judges, and shows how.
pub fn run(app: &App, args: &TestArgs) -> Result<(), Problem> {
    let (host, set) = (host(app)?, args.policies.as_deref());
    if let Some(since) = &args.since {
        let (looked_at, differed) = host.rejudge(before(since, host.now())?, set)?;
        return several(app, looked_at, &differed);
    }
    if let Some(task) = &args.task {
        let swarm = args.swarm.as_ref().map(Word::new).transpose();
        let swarm = swarm.map_err(|error| Problem::new(Code::Usage, error.to_string()))?;
        return one(app, &host.try_task(task, swarm.as_ref(), set)?);
    }
    let line = args.command.clone().unwrap_or_default();
    one(app, &host.try_policies(&request_of(app, &line)?, set)?)
}

/// The time that is meant: `7d` is so long ago.
fn before(text: &str, now: UnixMillis) -> Result<UnixMillis, Problem> {
    let found = instant(text).or_else(|| ago(text, now));
    found.or_else(|| ago(&format!("{text} ago"), now)).ok_or_else(|| {
        Problem::new(Code::Usage, format!("`{text}` is no time"))
            .hint("write it as --since 7d, --since \"2 hours ago\" or --since 2026-11-25T21:00Z")
    })
}

fn one(app: &App, trial: &Trial) -> Result<(), Problem> {
    let combined = &trial.combined;
    let mut text = format!("{}\n", combined.verdict);
    if let Some(problem) = &trial.refused {
        text.push_str(&format!("whatever policies say: {}\n", problem.message));
    }
    if combined.approvals > 0 {
        text.push_str(&format!("approvals needed: {}\n", combined.approvals));
    }
    for obligation in &combined.missing {
        text.push_str(&format!("needs {}\n", obligation.flag()));
    }
    let rows: Vec<Value> = combined.findings.iter().flat_map(rows).collect();
    let columns = ["policy", "says", "reason", "because"].map(str::to_owned);
    match rows.is_empty() {
        true => text.push_str("no policy is asked about it\n"),
        false => text.push_str(&app.printer.canvas().table(&columns, &rows)),
    }
    let value = json!({
        "verdict": combined.verdict, "approvals": combined.approvals,
        "missing": combined.missing, "findings": combined.findings, "facts": trial.facts,
        "refused": trial.refused.as_ref().map(|problem| &problem.message),
    });
    app.printer.result(&value, &text)
}

/// A row for each reason of a policy; one without where it gives none.
fn rows(finding: &Finding) -> Vec<Value> {
    let says = finding.ruling.verdict.to_string();
    let row = |code: &str, text: &str| {
        let policy = &finding.policy;
        json!({"policy": policy, "says": says, "reason": code, "because": text})
    };
    match finding.ruling.reasons.as_slice() {
        [] => vec![row("", "")],
        reasons => reasons.iter().map(|it| row(it.code.as_str(), &it.text)).collect(),
    }
}

fn several(app: &App, looked_at: usize, differed: &[Differed]) -> Result<(), Problem> {
    let row = |it: &Differed| {
        json!({
            "at": time(it.at), "operation": it.operation, "command": it.what, "was": it.was,
            "would be": it.would_be, "by": it.rules.join(", "),
        })
    };
    let rows: Vec<Value> = differed.iter().map(row).collect();
    let columns = ["at", "operation", "command", "was", "would be", "by"].map(str::to_owned);
    let count = differed.len();
    let mut text = format!("{looked_at} operations, {count} would be decided differently\n");
    if !rows.is_empty() {
        text.push_str(&app.printer.canvas().table(&columns, &rows));
    }
    let value = |it: &Differed| {
        json!({
            "operation": it.operation, "at_ms": it.at.0, "command": it.what, "was": it.was,
            "would_be": it.would_be, "rules": it.rules,
        })
    };
    let shown: Vec<Value> = differed.iter().map(value).collect();
    app.printer.result(&json!({"operations": looked_at, "differed": shown}), &text)
}
