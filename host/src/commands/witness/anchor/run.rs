//! `if witness anchor run`: hold the log against what its anchors keep, and let them keep the
//! newest.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::{Code, Problem, Word};
use if_dispatch::witness::AnchorRun;
use serde_json::{Value, json};

/// Compare the log with every checkpoint that an anchor keeps, and keep its newest there
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ifctl witness anchor run\n  ifctl witness anchor run stick\n\n\
    A log that was put back, forked, or is another one is named, and nothing is written to that \
    anchor. Run it from\na timer, and after what must not be lost."
)]
pub struct RunArgs {
    /// Only this one
    name: Option<String>,
}

/// Goes on to the next one when an anchor fails; the first failure is the command's error.
pub fn run(app: &App, args: &RunArgs) -> Result<(), Problem> {
    let host = host(app)?;
    let names: Vec<Word> = match &args.name {
        Some(name) => vec![super::named(name)?],
        None => host.anchors()?.into_iter().map(|anchor| anchor.name).collect(),
    };
    if names.is_empty() {
        return Err(Problem::new(Code::Usage, "there is no anchor off this machine")
            .hint("ifctl witness anchor add NAME --directory PATH"));
    }
    let (mut done, mut failed): (Vec<AnchorRun>, Option<Problem>) = (Vec::new(), None);
    for name in &names {
        match host.run_anchor(name) {
            Ok(run) => done.push(run),
            Err(problem) if failed.is_none() => failed = Some(problem),
            Err(problem) => app.printer.warn(&problem.to_string()),
        }
    }
    if !done.is_empty() {
        let values: Vec<Value> = done.iter().map(value).collect();
        let text: String = done.iter().map(line).collect();
        app.printer.result(&json!({"anchors": values}), &text)?;
    }
    failed.map_or(Ok(()), Err)
}

fn value(run: &AnchorRun) -> Value {
    json!({
        "name": run.name, "size": run.size, "checked": run.checked, "written": run.written,
    })
}

fn line(run: &AnchorRun) -> String {
    let AnchorRun { name, size, checked, written } = run;
    let kept = if *written { "now keeps" } else { "keeps already" };
    format!("{name} {kept} the first {size} entries; the log continues the {checked} it had\n")
}
