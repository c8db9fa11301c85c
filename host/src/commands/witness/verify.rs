//! `if witness verify`: does every entry stand as it was written?

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::{Code, OperationId, Problem};
use if_dispatch::{Host, Verified};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Verify the whole log: hashes, links, signatures, stored bodies, the tree and the anchor
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl witness verify\n  \
    ifctl witness verify 0192aa00000070008000000000000001\n  \
    ifctl witness verify --since tonight.checkpoint\n  \
    ifctl witness verify --receipt switch.tlog-proof --key \"$(cat studio.vkey)\"")]
pub struct VerifyArgs {
    /// Verify this operation alone: its entries, their stored parts, and their places in the tree
    #[arg(conflicts_with_all = ["since", "receipt"])]
    operation: Option<String>,
    /// Verify too that the log begins with what this checkpoint says, which was kept elsewhere
    #[arg(long, value_name = "FILE", conflicts_with = "receipt")]
    since: Option<PathBuf>,
    /// Verify the receipt in this file instead, without looking into the log
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Whose log the receipt is of: the line that `witness checkpoint --key` prints there
    #[arg(long, value_name = "KEY", requires = "receipt")]
    key: Option<String>,
    /// Who must have cosigned the receipt: what `witness cosign --key` prints there; may be
    /// repeated
    #[arg(long, value_name = "KEY", requires = "receipt")]
    witness: Vec<String>,
}

/// Verifies; the first broken entry is the command's error.
pub fn run(app: &App, args: &VerifyArgs) -> Result<(), Problem> {
    let host = host(app)?;
    match (&args.operation, &args.receipt, &args.since) {
        (Some(id), ..) => operation(app, &host, id),
        (None, Some(file), _) => receipt(app, &host, file, args),
        (None, None, Some(file)) => {
            let (report, since) = host.verify_since(file)?;
            log(app, &report, Some(since))
        }
        (None, None, None) => log(app, &host.verify_log()?, None),
    }
}

fn operation(app: &App, host: &Host, id: &str) -> Result<(), Problem> {
    let id = OperationId::new(id).map_err(|error| Problem::new(Code::Usage, error.to_string()))?;
    let checked = host.verify_operation(&id)?;
    let places: Vec<String> = checked.entries.iter().map(u64::to_string).collect();
    let text = format!(
        "entries {} and {} stored parts verified, {} parts erased\n",
        places.join(" and "),
        checked.bodies,
        checked.erased
    );
    let value = json!({
        "entries": checked.entries, "bodies": checked.bodies, "erased": checked.erased,
    });
    app.printer.result(&value, &text)
}

fn receipt(app: &App, host: &Host, file: &Path, args: &VerifyArgs) -> Result<(), Problem> {
    let proved = host.verify_receipt(file, args.key.as_deref(), &args.witness)?;
    let witnesses = args.witness.len();
    let cosigned =
        if witnesses > 0 { format!(" and cosigned by {witnesses}") } else { String::new() };
    let text = format!(
        "entry {} of {} is in the log of {} entries that was signed{cosigned}\n{}\n",
        proved.seq, proved.origin, proved.size, proved.entry
    );
    let value = json!({
        "seq": proved.seq, "origin": proved.origin, "size": proved.size, "entry": proved.entry,
        "witnesses": witnesses,
    });
    app.printer.result(&value, &text)
}

fn log(app: &App, report: &Verified, since: Option<u64>) -> Result<(), Problem> {
    let mut text = format!(
        "{} entries and {} stored parts verified, {} parts erased\nhead:  {}\nkey:   {}\n",
        report.leaves, report.bodies, report.erased, report.head, report.key
    );
    let value = json!({
        "leaves": report.leaves, "bodies": report.bodies, "erased": report.erased,
        "head": report.head, "key": report.key,
    });
    let Some(since) = since else { return app.printer.result(&value, &text) };
    let new = report.leaves.saturating_sub(since);
    text.push_str(&format!(
        "since: {since} entries are those of the checkpoint, {new} came after\n"
    ));
    let value = json!({"log": value, "since": {"entries": since, "after": new}});
    app.printer.result(&value, &text)
}
