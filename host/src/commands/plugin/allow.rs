//! `if plugin allow`: puts a package on the signed allow-list, or grants an installed plugin a
//! host.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use if_registry::AllowRequest;
use serde_json::json;

/// Allow a package to be installed and run, or grant an installed plugin a literal host
#[derive(Debug, Args)]
pub struct AllowArgs {
    /// The package's folder, or the word of an installed plugin
    plugin: String,

    /// Grant this place beyond the instances' own: name:port
    #[arg(long, value_name = "HOST:PORT")]
    host: Vec<String>,

    /// Allow only these scopes of those it asks for
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,

    /// How many distinct reviewers must have approved
    #[arg(long)]
    reviewers: Option<u32>,
}

/// Allows.
pub fn run(app: &App, args: &AllowArgs) -> Result<(), Problem> {
    let allowed = host(app)?.allow(
        &args.plugin,
        &AllowRequest {
            scopes_cap: args.scope.clone(),
            hosts: args.host.clone(),
            reviewers_required: args.reviewers,
            release_min: None,
        },
    )?;
    let (version, list_version) = (allowed.version.to_string(), allowed.list_version);
    let value = json!({"id": allowed.id, "version": version, "list_version": list_version});
    let text = format!(
        "allowed:    {} {}\nallow-list: version {}\n",
        allowed.id, allowed.version, allowed.list_version
    );
    app.printer.result(&value, &text)?;
    if !allowed.installed {
        app.printer.hint(&format!("ifctl plugin install {}", args.plugin));
    }
    Ok(())
}
