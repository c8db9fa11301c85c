//! `if bundle create`: components, manifests, approvals, bills of materials and trust in one file.

use super::inspect;
use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use std::path::PathBuf;

/// Write installed plugins and this home's trust into one file; the same ones make the same bytes
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl bundle create studio.ifbundle\n  \
    ifctl bundle create obs.ifbundle obs\n\n\
    The file is a plain tar and holds no key and no secret.")]
pub struct CreateArgs {
    /// The file to write; one that exists is replaced only with --yes
    file: PathBuf,
    /// Installed plugins or package folders; without any, every installed plugin
    plugins: Vec<String>,
}

/// Writes it, and shows what is in it.
pub fn run(app: &App, args: &CreateArgs) -> Result<(), Problem> {
    host(app)?.bundle(&args.file, &args.plugins, app.global.yes)?;
    inspect::show(app, &args.file)?;
    let file = args.file.display();
    app.printer.hint(&format!("ifctl bundle install {file} installs it on another machine"));
    Ok(())
}
