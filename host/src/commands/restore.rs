//! `if restore`: a home from the file that `backup` made.

use super::backup::PassphraseArgs;
use crate::app::App;
use crate::{input, print};
use clap::Args;
use if_core::{Problem, UnixMillis};
use if_dispatch::backup;
use serde_json::json;
use std::path::PathBuf;

/// Put a home back from a backup, verified before it takes its place
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl restore /media/usb/studio.ifbackup\n  \
    ifctl restore nightly.ifbackup --passphrase-file /root/passphrase --yes\n\n\
    A home that stands there is kept under another name; with --yes only. Releases and trust files \
    newer than the backup's stay known, and older ones stay refused.")]
pub struct RestoreArgs {
    /// The file
    file: PathBuf,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Restores, and says what was verified and what is kept.
pub fn run(app: &App, args: &RestoreArgs) -> Result<(), Problem> {
    let passphrase = match backup::needs_passphrase(&args.file)? {
        true => {
            let file = args.passphrase.passphrase_file.as_deref();
            Some(input::secret("passphrase: ", file)?)
        }
        false => None,
    };
    let restored =
        backup::restore(&app.environment, &args.file, passphrase.as_ref(), app.global.yes)?;
    for warning in &restored.warnings {
        app.printer.warn(&print::clean(warning));
    }
    let home = restored.home.display().to_string();
    let replaced = restored.replaced.as_ref().map(|path| path.display().to_string());
    let value = json!({
        "home": home, "files": restored.files, "created": print::time(UnixMillis(restored.created)),
        "leaves": restored.leaves, "head": restored.head, "replaced": replaced,
        "warnings": restored.warnings,
    });
    let mut text = format!(
        "home:      {home}\nbackup of: {}\nlog:       {} entries verified, head {}\n",
        print::time(UnixMillis(restored.created)),
        restored.leaves,
        restored.head
    );
    if let Some(replaced) = &replaced {
        text.push_str(&format!("replaced:  kept in {replaced}\n"));
    }
    app.printer.result(&value, &text)?;
    app.printer.hint("ifctl doctor checks the home; copy the head above to another machine");
    Ok(())
}
