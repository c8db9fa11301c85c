//! `if witness verify`: does every entry stand as it was written?

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use serde_json::json;
use std::path::PathBuf;

/// Verify the whole log: hashes, links, signatures, stored bodies, the tree and the anchor
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Verify the receipt in this file instead, without looking into the log
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Whose log the receipt is of: the line that `witness checkpoint --key` prints there
    #[arg(long, value_name = "KEY", requires = "receipt")]
    key: Option<String>,
}

/// Verifies; the first broken entry is the command's error.
pub fn run(app: &App, args: &VerifyArgs) -> Result<(), Problem> {
    if let Some(file) = &args.receipt {
        let proved = host(app)?.verify_receipt(file, args.key.as_deref())?;
        let text = format!(
            "entry {} of {} is in the log of {} entries that was signed\n{}\n",
            proved.seq, proved.origin, proved.size, proved.entry
        );
        let value = json!({
            "seq": proved.seq, "origin": proved.origin, "size": proved.size, "entry": proved.entry,
        });
        return app.printer.result(&value, &text);
    }
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
