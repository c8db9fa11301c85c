//! `if bundle install`: verifies everything in a bundle, then installs it.

use crate::app::App;
use crate::commands::host;
use crate::commands::plugin::lock;
use clap::Args;
use if_core::{Digest, Problem, Word};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Install the plugins of a bundle, and the newer trust that comes with them
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl bundle install studio.ifbundle\n  \
    ifctl bundle install studio.ifbundle obs --trust-root sha256:…\n\n\
    A home takes the lists of its own root, and the successor that its root signed. A home that \n\
    has allowed nothing yet takes another root if --trust-root names it: ask whoever made the \n\
    bundle for the digest, by another way than the bundle.")]
pub struct InstallArgs {
    /// The bundle
    file: PathBuf,
    /// Only these plugins
    #[arg(value_parser = |text: &str| Word::new(text))]
    plugins: Vec<Word>,
    /// The digest of the trust root that you expect
    #[arg(long, value_name = "DIGEST", value_parser = Digest::parse)]
    trust_root: Option<Digest>,
    /// Install only what the lock file says
    #[arg(long)]
    locked: bool,
}

/// Installs.
pub fn run(app: &App, args: &InstallArgs) -> Result<(), Problem> {
    let host = host(app)?;
    let adopted = host.install_bundle(&args.file, &args.plugins, args.trust_root, args.locked)?;
    for warning in adopted.packages.iter().flat_map(|one| &one.warnings) {
        app.printer.warn(&crate::print::clean(&warning.to_string()));
    }
    let drift: Vec<String> =
        adopted.packages.iter().flat_map(|one| one.drift.iter().cloned()).collect();
    lock::warn(app, &drift);
    let rows: Vec<Value> = adopted
        .packages
        .iter()
        .map(|one| {
            let plugin = &one.manifest;
            let version = plugin.version.to_string();
            json!({"provider": plugin.provider, "id": plugin.id, "version": version})
        })
        .collect();
    let columns = ["provider", "id", "version"].map(str::to_owned);
    let trust = if adopted.trust_changed { "newer trust taken over\n" } else { "" };
    let text = format!("{trust}{}", app.printer.canvas().table(&columns, &rows));
    let value = json!({"installed": rows, "trust_changed": adopted.trust_changed});
    app.printer.result(&value, &text)
}
