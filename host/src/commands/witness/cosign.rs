//! `if witness cosign`: a witness of somebody else's log, for which a file is enough.

use crate::app::App;
use crate::commands::host;
use crate::print;
use clap::Args;
use if_core::{Code, Problem};
use if_dispatch::Host;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Vouch for another log: that it has only grown since this home last vouched for it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    ifctl witness cosign --origin infrafabric/log/0123456789abcdef \
    --log-key \"$(cat studio.vkey)\" for-the-witness\n  \
    ifctl witness cosign --key > witness.vkey\n  ifctl witness cosign\n\n\
    The file is what `ifctl witness checkpoint --since ENTRIES` prints where the log is. The \
    line that is printed goes\nunder the checkpoint there. The log's key is kept the first time; a \
    log that was rolled back, forked, or signed by\nanother key is refused and named. Without a \
    file it lists what was vouched for.")]
pub struct CosignArgs {
    /// The name of the log: the first line of its checkpoints
    #[arg(long, value_name = "NAME", requires = "file")]
    origin: Option<String>,
    /// The key of the log, the first time: what `witness checkpoint --key` prints there
    #[arg(long, value_name = "KEY", requires = "origin")]
    log_key: Option<String>,
    /// Print the key that verifies the cosignatures of this home instead
    #[arg(long, conflicts_with_all = ["origin", "file"])]
    key: bool,
    /// The proof and the checkpoint that are submitted
    #[arg(requires = "origin")]
    file: Option<PathBuf>,
}

/// Prints the line of the cosignature and nothing else: it is made to be put under the checkpoint.
pub fn run(app: &App, args: &CosignArgs) -> Result<(), Problem> {
    let host = host(app)?;
    match (&args.origin, &args.file) {
        _ if args.key => {
            let key = host.cosigner()?;
            app.printer.result(&json!({"key": key}), &key)
        }
        (Some(origin), Some(file)) => cosign(app, &host, origin, args.log_key.as_deref(), file),
        (None, None) => list(app, &host),
        _ => Err(Problem::new(Code::Usage, "a log and what it submits belong together")
            .hint("ifctl witness cosign --origin NAME FILE")),
    }
}

fn cosign(
    app: &App,
    host: &Host,
    origin: &str,
    key: Option<&str>,
    file: &Path,
) -> Result<(), Problem> {
    let done = host.cosign(origin, key, file)?;
    let value = json!({
        "origin": done.origin, "size": done.size, "root": done.root,
        "cosignature": done.line, "seq": done.seq,
    });
    app.printer.result(&value, &done.line)
}

fn list(app: &App, host: &Host) -> Result<(), Problem> {
    let logs = host.cosigned()?;
    let rows: Vec<Value> = logs
        .iter()
        .map(|(origin, size)| json!({"origin": print::clean(origin), "entries": size}))
        .collect();
    let columns = ["origin", "entries"].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "no log was cosigned".to_owned(),
        false => app.printer.canvas().table(&columns, &rows),
    };
    app.printer.result(&json!({"logs": rows}), &text)
}
