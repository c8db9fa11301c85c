//! `if plugin lock`: the signed list of what is installed, to the digest.

use crate::app::App;
use crate::commands::signing_host;
use crate::keys::OpenArgs;
use crate::print;
use clap::Args;
use if_core::Problem;
use serde_json::json;
use std::path::PathBuf;

/// Lock what is installed: a signed file of every plugin, its version, digests and publishers
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl plugin lock\n  ifctl plugin verify\n  \
    ifctl plugin install obs/package --locked\n\n\
    The same plugins and key give the same file, byte for byte: keep it under version control. \
    Where it stands\n(trust/lock.json of the home), allowing and installing say how a package \
    differs from it, and with --locked\nrefuse.")]
pub struct LockArgs {
    /// Sign with this private key too, beside the home's own; several are allowed
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,

    #[command(flatten)]
    keys: OpenArgs,
}

/// Locks.
pub fn run(app: &App, args: &LockArgs) -> Result<(), Problem> {
    let host = signing_host(app, &args.keys)?;
    let locked = host.lock_plugins(&args.key)?;
    let path = host.lock_file().display().to_string();
    let mut text = format!("lock file:  {path}\n");
    for plugin in &locked.plugins {
        let (word, digest) = (&plugin.provider, plugin.manifest_sha256);
        text.push_str(&format!("locked:     {word} {} {digest}\n", plugin.version));
    }
    app.printer.result(&json!({"file": path, "plugins": locked.plugins}), &text)
}

/// Says how a package that was let in differs from the lock file.
pub fn warn(app: &App, drift: &[String]) {
    for line in drift {
        app.printer.warn(&print::clean(line));
    }
    if !drift.is_empty() {
        app.printer.hint("ifctl plugin lock takes it over; with --locked it is refused");
    }
}
