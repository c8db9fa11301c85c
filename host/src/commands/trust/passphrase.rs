//! `if trust passphrase`: another passphrase for a key, its first, or none.

use crate::app::App;
use crate::commands::renewing_host;
use crate::keys::RenewArgs;
use clap::Args;
use if_core::Problem;
use serde_json::json;
use std::path::PathBuf;

/// Set, change or remove the passphrase of a signing key: this home's own, or the one in a file
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl trust passphrase\n  \
    ifctl trust passphrase ada.key --new-passphrase-file /root/passphrase\n  \
    ifctl trust passphrase --no-passphrase\n\n\
    The key stays the same, and so does what it signed. Copies in backups keep their old \
    passphrase; where it\nmay be known, put another key in its place: ifctl trust rotate")]
pub struct PassphraseArgs {
    /// The key's file; the home's own when absent
    key: Option<PathBuf>,
    #[command(flatten)]
    keys: RenewArgs,
}

/// Changes it.
pub fn run(app: &App, args: &PassphraseArgs) -> Result<(), Problem> {
    let (key, sealed) = renewing_host(app, &args.keys)?.reseal_key(args.key.as_deref())?;
    let how = if sealed { "under a passphrase" } else { "in the clear" };
    app.printer.result(&json!({"key": key, "protected": sealed}), &format!("key:  {key}, {how}\n"))
}
