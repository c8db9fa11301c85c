//! `if plugin disallow`: takes a plugin off the signed allow-list.

use crate::app::App;
use crate::commands::signing_host;
use crate::keys::OpenArgs;
use clap::Args;
use if_core::Problem;
use serde_json::{Value, json};

/// Take a plugin off the allow-list: it runs no more until somebody allows it again
#[derive(Debug, Args)]
#[command(
    after_help = "Its instances, settings and secrets stay. What must never run again, whoever \
    allows it, is revoked:\nifctl plugin revoke <plugin> --reason …"
)]
pub struct DisallowArgs {
    /// The word of a plugin, for all its releases; or one release's sha256:… or package folder
    plugin: String,

    #[command(flatten)]
    keys: OpenArgs,
}

/// Disallows.
pub fn run(app: &App, args: &DisallowArgs) -> Result<(), Problem> {
    let gone = signing_host(app, &args.keys)?.disallow(&args.plugin)?;
    let releases = gone.releases.iter().map(|one| {
        let version = one.version.to_string();
        json!({"id": one.id, "version": version, "manifest": one.manifest_digest.to_string()})
    });
    let value = json!({
        "disallowed": releases.collect::<Vec<Value>>(),
        "list_version": gone.list_version,
    });
    let lines = gone.releases.iter().map(|one| format!("disallowed: {} {}\n", one.id, one.version));
    let text: String =
        lines.chain([format!("allow-list: version {}\n", gone.list_version)]).collect();
    app.printer.result(&value, &text)
}
