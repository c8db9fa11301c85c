//! `if witness verify`: does every entry stand as it was written?

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use serde_json::json;

/// Verify the whole log: hashes, links, signatures, stored bodies
#[derive(Debug, Args)]
pub struct VerifyArgs {}

/// Verifies; the first broken entry is the command's error.
pub fn run(app: &App, _args: &VerifyArgs) -> Result<(), Problem> {
    let report = host(app)?.verify_log()?;
    let text = format!(
        "{} entries and {} stored parts verified, {} parts erased\nhead:  {}\nkey:   {}\n",
        report.leaves, report.bodies, report.erased, report.head, report.key
    );
    let value = json!({
        "leaves": report.leaves, "bodies": report.bodies, "erased": report.erased,
        "head": report.head, "key": report.key,
    });
    app.printer.result(&value, &text)
}
