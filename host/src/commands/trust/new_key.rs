//! `if trust new-key`: a key for a publisher or a reviewer.

use crate::app::App;
use crate::commands::making_host;
use crate::keys::MakeArgs;
use clap::Args;
use if_core::Problem;
use serde_json::json;
use std::path::PathBuf;

/// Make a key for a publisher or a reviewer: the file, and its public half beside it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  ifctl trust new-key ada.key\n  \
    ifctl trust add-key reviewer ada.key.pub\n  \
    ifctl plugin sign obs/package --role reviewer --key ada.key\n\n\
    The public half is what others add; the key itself stays with whom it is for.")]
pub struct NewKeyArgs {
    /// The file to write; one that exists is never written over
    file: PathBuf,
    #[command(flatten)]
    keys: MakeArgs,
}

/// Makes it.
pub fn run(app: &App, args: &NewKeyArgs) -> Result<(), Problem> {
    let key = making_host(app, &args.keys)?.new_key(&args.file)?;
    let file = args.file.display().to_string();
    let public = if_registry::public_path(&args.file).display().to_string();
    let value = json!({"key": key, "file": file, "public_file": public});
    let text = format!("key:     {key}\nfile:    {file}\npublic:  {public}\n");
    app.printer.result(&value, &text)?;
    app.printer.hint(&format!("ifctl trust add-key reviewer {public}"));
    Ok(())
}
