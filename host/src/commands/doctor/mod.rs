//! `if doctor`: looks at everything that can be wrong with a home and says what to do.

mod sandbox;

use crate::app::App;
use crate::commands::host;
use crate::print::Ink;
use clap::{Args, Subcommand};
use if_core::Problem;
use if_dispatch::doctor::{Finding, Health};
use serde_json::json;

/// Check the home: permissions, keys, database, log, trust files, plugins, instances
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(subcommand)]
    command: Option<DoctorCommand>,
}

/// What it looks at besides the home.
#[derive(Debug, Subcommand)]
enum DoctorCommand {
    Sandbox(sandbox::SandboxArgs),
}

/// Prints one line per check; a failed check is the command's error, after all were shown.
pub fn run(app: &App, args: &DoctorArgs) -> Result<(), Problem> {
    if let Some(DoctorCommand::Sandbox(args)) = &args.command {
        return sandbox::run(app, args);
    }
    let findings = host(app)?.doctor();
    let rows: Vec<_> = findings.iter().map(row).collect();
    let text: String = findings.iter().map(|finding| line(app, finding)).collect();
    app.printer.result(&json!({"checks": rows}), &text)?;
    match findings.into_iter().find_map(|finding| finding.problem) {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}

fn row(finding: &Finding) -> serde_json::Value {
    json!({"check": finding.check, "health": finding.health.as_str(), "about": finding.about})
}

fn line(app: &App, finding: &Finding) -> String {
    let (ink, mark) = match finding.health {
        Health::Good => (Ink::Good, "ok  "),
        Health::Warning => (Ink::Warning, "warn"),
        Health::Bad => (Ink::Error, "FAIL"),
    };
    let mark = app.printer.canvas().ink(ink, mark);
    format!("{mark}  {:<10}  {}\n", finding.check, crate::print::clean(&finding.about))
}
