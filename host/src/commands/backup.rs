//! `if backup`: the home in one file, under a passphrase.

use crate::app::App;
use crate::commands::host;
use crate::input;
use clap::Args;
use if_core::Problem;
use serde_json::json;
use std::path::PathBuf;

/// Save the home (log, keys, trust files, providers, plugins, vault) in one encrypted file
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl backup /media/usb/studio.ifbackup\n  \
    ifctl backup nightly.ifbackup --passphrase-file /root/passphrase --yes\n\n\
    The file is a tar archive under age: age --decrypt nightly.ifbackup | tar --list")]
pub struct BackupArgs {
    /// The file to write; one that exists is replaced only with --yes
    file: PathBuf,

    #[command(flatten)]
    passphrase: PassphraseArgs,

    /// Leave the file in the clear: whoever reads it has every key and secret
    #[arg(long, conflicts_with = "passphrase_file")]
    no_passphrase: bool,
}

/// Where the passphrase comes from: a prompt on a terminal, else stdin.
#[derive(Debug, Args)]
pub struct PassphraseArgs {
    /// Read the passphrase from this file; one trailing line break is dropped
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Saves.
pub fn run(app: &App, args: &BackupArgs) -> Result<(), Problem> {
    let host = host(app)?;
    let file = args.passphrase.passphrase_file.as_deref();
    let passphrase = match args.no_passphrase {
        true => None,
        false => Some(input::new_passphrase("passphrase: ", file)?),
    };
    let saved = host.backup(&args.file, passphrase.as_ref(), app.global.yes)?;
    let file = args.file.display().to_string();
    let value = json!({
        "file": file, "encrypted": passphrase.is_some(), "files": saved.files,
        "bytes": saved.bytes, "sha256": saved.sha256, "leaves": saved.leaves, "head": saved.head,
    });
    let text = format!(
        "backup:  {file}\nfiles:   {}\nbytes:   {}\nsha256:  {}\nlog:     {} entries, head {}\n",
        saved.files, saved.bytes, saved.sha256, saved.leaves, saved.head
    );
    app.printer.result(&value, &text)?;
    if passphrase.is_none() {
        app.printer.warn("the file is not encrypted: it holds every key and secret of this home");
    }
    app.printer.hint(&format!("ifctl restore {file} puts it back"));
    Ok(())
}
