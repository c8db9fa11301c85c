//! `if plugin test`: plays a plugin's cassettes against it, on the Fake broker, with no device.

use crate::app::App;
use clap::Args;
use if_core::{Code, Problem};
use serde_json::json;
use std::path::PathBuf;

/// Run a plugin's cassettes (tests/cassettes/*.json) in the sandbox, with no network
#[derive(Debug, Args)]
pub struct TestArgs {
    /// The plugin's folder; its package must have been made by `plugin pack`
    folder: PathBuf,
}

/// Runs every cassette; one that differs is the command's error.
pub fn run(app: &App, args: &TestArgs) -> Result<(), Problem> {
    let cases = if_dispatch::rehearsal::run(&app.environment, &args.folder)?;
    let mut failed = 0;
    let mut text = String::new();
    for case in &cases {
        match &case.difference {
            None => text.push_str(&format!("ok    {}\n", case.name)),
            Some(difference) => {
                failed += 1;
                text.push_str(&format!("FAIL  {}\n      {difference}\n", case.name));
            }
        }
    }
    text.push_str(&format!("{} passed, {failed} failed", cases.len() - failed));
    let rows: Vec<_> =
        cases.iter().map(|c| json!({"name": c.name, "difference": c.difference})).collect();
    app.printer.result(&json!({"cases": rows, "failed": failed}), &text)?;
    match failed {
        0 => Ok(()),
        _ => Err(Problem::new(
            Code::Provider,
            format!("{failed} of {} cassettes differ", cases.len()),
        )),
    }
}
