//! `if doctor sandbox`: hostile guests, tried on this machine with this very program.

use crate::app::App;
use crate::print::{Ink, clean};
use clap::Args;
use if_core::{Code, Problem};
use if_dispatch::doctor::{Outcome, Report, Verdict};
use serde_json::{Value, json};

/// Try hostile plugins against this program: each must be stopped, by its limit and in time
#[derive(Debug, Args)]
pub struct SandboxArgs {}

/// Prints one line per attack; one that was not stopped is the command's error, after all were
/// shown. Needs no home and touches none: the trial has its own, in a temporary folder.
pub fn run(app: &App, _args: &SandboxArgs) -> Result<(), Problem> {
    app.printer.say("trying hostile plugins in a home of their own; this takes some seconds");
    let report = if_dispatch::doctor::sandbox()?;
    app.printer.result(&value(&report), &text(app, &report))?;
    if report.held() { Ok(()) } else { Err(problem(&report)) }
}

fn value(report: &Report) -> Value {
    json!({
        "attacks": report.outcomes,
        "held": held(report),
        "log": {"entries": report.log_entries, "wrong": report.log_wrong},
        "memory_kib": {"honest": report.honest_kib, "peak": report.peak_kib},
    })
}

fn text(app: &App, report: &Report) -> String {
    let rows: Vec<Value> = report.outcomes.iter().map(row).collect();
    let columns = ["attack", "limit", "stopped after", "verdict"].map(str::to_owned);
    let table = app.printer.canvas().table(&columns, &rows);
    let wrong = |(what, about): (&str, &str)| {
        let mark = app.printer.canvas().ink(Ink::Error, "FAIL");
        format!("{mark}  {what}: {}\n", clean(about))
    };
    let failed = report.outcomes.iter().filter(|outcome| outcome.verdict != Verdict::Held);
    let failed = failed.map(|outcome| (outcome.attack.as_str(), outcome.about.as_str()));
    let log = report.log_wrong.iter().map(|about| ("log", about.as_str()));
    let failures: String = failed.chain(log).map(wrong).collect();
    let (held, all) = (held(report), report.outcomes.len());
    let entries = report.log_entries;
    let (honest, peak) = (report.honest_kib >> 10, report.peak_kib >> 10);
    format!(
        "{table}\n{failures}{held} of {all} attacks held, log of {entries} entries verified\n\
         memory: {peak} MiB at most, honest commands {honest} MiB\n"
    )
}

fn row(outcome: &Outcome) -> Value {
    json!({
        "attack": outcome.attack,
        "limit": outcome.limit,
        "stopped after": format!("{} ms", outcome.stopped_after_ms),
        "verdict": outcome.verdict.as_str(),
    })
}

fn held(report: &Report) -> usize {
    report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Held).count()
}

fn problem(report: &Report) -> Problem {
    let failed = report.outcomes.len() - held(report);
    let message =
        format!("{failed} of {} attacks were not stopped as they must be", report.outcomes.len());
    let wrong = report.outcomes.iter().filter(|outcome| outcome.verdict != Verdict::Held);
    let problem = wrong.fold(Problem::new(Code::SandboxUnsound, message), |problem, outcome| {
        problem.because(format!(
            "{} ({}): {} {}",
            outcome.attack,
            outcome.limit,
            outcome.verdict.as_str(),
            outcome.about
        ))
    });
    report.log_wrong.iter().fold(problem, |problem, wrong| problem.because(wrong.as_str()))
}
