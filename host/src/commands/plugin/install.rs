//! `if plugin install`: verifies a package, compiles it, and puts its commands into the index.

use super::lock;
use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use if_manifest::model::PluginKind;
use serde_json::json;
use std::path::PathBuf;

/// Install a signed and allowed package
#[derive(Debug, Args)]
pub struct InstallArgs {
    /// The package's folder
    package: PathBuf,

    /// Refuse what differs from the lock file
    #[arg(long)]
    locked: bool,
}

/// Installs.
pub fn run(app: &App, args: &InstallArgs) -> Result<(), Problem> {
    let installed = host(app)?.install(&args.package, args.locked)?;
    for warning in &installed.warnings {
        app.printer.warn(&crate::print::clean(&warning.to_string()));
    }
    lock::warn(app, &installed.drift);
    let plugin = &installed.manifest;
    let version = plugin.version.to_string();
    let value = json!({"provider": plugin.provider, "id": plugin.id, "version": version});
    let text = format!("{}: {} {} installed", plugin.provider, plugin.id, plugin.version);
    app.printer.result(&value, &text)?;
    let word = &plugin.provider;
    app.printer.hint(&match plugin.kind {
        PluginKind::Provider => {
            format!("ifctl {word} add <name> … makes an instance; ifctl {word} --help")
        }
        PluginKind::Policy => {
            format!("ifctl governor policy explain {word}; it holds once policies.yaml names it")
        }
    });
    Ok(())
}
