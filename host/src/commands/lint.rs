//! `if lint`: what is written by hand, checked as a whole, each fault with file, line, column and
//! the line to write.

use crate::app::App;
use crate::print::clean;
use clap::Args;
use if_core::{Code, Problem};
use if_dispatch::lint::{self, Finding, Report};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Check the files of the home, contexts and packages: file, line, column, what to write
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl lint\n  ifctl lint plugins/obs --json\n\n\
                        Exit code 2 when something is wrong.")]
pub struct LintArgs {
    /// Folders of plugins (plugin.toml) or packages (manifest.json); the home when absent
    folders: Vec<PathBuf>,
}

/// Prints every fault; any is the command's error, after all were shown.
pub fn run(app: &App, args: &LintArgs) -> Result<(), Problem> {
    let mut report = Report::default();
    if args.folders.is_empty() {
        report = lint::home(&app.environment)?;
    }
    for folder in &args.folders {
        let one = lint::folder(folder)?;
        report.checked.extend(one.checked);
        report.findings.extend(one.findings);
    }
    let rows: Vec<Value> = report.findings.iter().map(row).collect();
    let checked: Vec<String> = report.checked.iter().map(|p| p.display().to_string()).collect();
    let mut text: String = report.findings.iter().map(lines).collect();
    if rows.is_empty() {
        text = format!("{} files checked, nothing is wrong", checked.len());
    }
    app.printer.result(&json!({"checked": checked, "findings": rows}), &text)?;
    match rows.len() {
        0 => Ok(()),
        1 => Err(Problem::new(Code::Config, "1 thing is wrong")),
        count => Err(Problem::new(Code::Config, format!("{count} things are wrong"))),
    }
}

fn row(finding: &Finding) -> Value {
    json!({
        "file": finding.path.display().to_string(), "line": finding.line,
        "column": finding.column, "code": finding.code, "message": finding.what,
        "hints": finding.hints,
    })
}

/// `file:line:column: what`, as editors take it, and what to write below.
fn lines(finding: &Finding) -> String {
    let path = finding.path.display();
    let place = match finding.line {
        0 => path.to_string(),
        line => format!("{path}:{line}:{}", finding.column),
    };
    let mut text = format!("{}: {}\n", clean(&place), clean(&finding.what));
    for line in finding.hints.iter().flat_map(|hint| hint.lines()) {
        text.push_str(&format!("  hint: {}\n", clean(line)));
    }
    text
}
