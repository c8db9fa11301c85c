//! `if optimise verify`: the ledger, proved from the log.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::{Code, Problem};
use serde_json::json;

/// Verify the log, and that every amount and every sum of the ledger follows from it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl optimise verify\n  ifctl optimise verify --json")]
pub struct VerifyArgs {}

/// Most faults that are told one by one.
const FAULTS_MAX: usize = 20;

/// Verifies.
pub fn run(app: &App, _args: &VerifyArgs) -> Result<(), Problem> {
    let proved = host(app)?.verify_ledger()?;
    if proved.faults.is_empty() {
        let text = format!(
            "{} operations and {} sums follow from the {} entries of the log",
            proved.rows, proved.sums, proved.leaves
        );
        let value =
            json!({"operations": proved.rows, "sums": proved.sums, "entries": proved.leaves});
        return app.printer.result(&value, &text);
    }
    let what = format!("the log does not bear out the ledger: {} faults", proved.faults.len());
    let problem = Problem::new(Code::LedgerBroken, what);
    let told = proved.faults.iter().take(FAULTS_MAX);
    Err(told
        .fold(problem, |problem, fault| problem.because(fault.to_string()))
        .hint("ifctl witness query --operation OPERATION"))
}
