//! `if plugin revoke`: this manifest and component never run again.

use crate::app::App;
use crate::commands::signing_host;
use crate::keys::OpenArgs;
use clap::Args;
use if_core::Problem;
use if_manifest::trust::DenyTarget;
use serde_json::json;

/// Revoke an installed plugin, a digest, a key, or somebody who signs with Sigstore, for good
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The word of an installed plugin, sha256:… of a manifest or component, key:… of a principal,
    /// or identity:… of a name
    plugin: String,

    /// Why; people who meet the refusal read it
    #[arg(long)]
    reason: String,

    #[command(flatten)]
    keys: OpenArgs,
}

/// Revokes.
pub fn run(app: &App, args: &RevokeArgs) -> Result<(), Problem> {
    let revoked = signing_host(app, &args.keys)?.revoke(&args.plugin, &args.reason)?;
    let targets: Vec<String> = revoked.targets.iter().map(words).collect();
    let value = json!({"revoked": targets, "list_version": revoked.list_version});
    let text =
        format!("revoked:   {}\ndeny-list: version {}\n", targets.join(", "), revoked.list_version);
    app.printer.result(&value, &text)
}

fn words(target: &DenyTarget) -> String {
    match target {
        DenyTarget::Digest(digest) => digest.to_string(),
        DenyTarget::Key(key) => key.to_string(),
    }
}
