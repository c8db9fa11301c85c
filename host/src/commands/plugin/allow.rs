//! `if plugin allow`: puts a package on the signed allow-list, or grants an installed plugin a
//! host.

use super::{diff, lock};
use crate::app::App;
use crate::commands::signing_host;
use crate::keys::OpenArgs;
use clap::Args;
use if_core::{Code, Problem};
use if_dispatch::Host;
use if_manifest::diff::Verdict;
use if_registry::AllowRequest;
use serde_json::json;

/// Allow a package to be installed and run, or grant an installed plugin a literal host; one that
/// may do more than what it replaces needs --yes
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

    /// Refuse what differs from the lock file
    #[arg(long)]
    locked: bool,

    #[command(flatten)]
    keys: OpenArgs,
}

/// Allows.
pub fn run(app: &App, args: &AllowArgs) -> Result<(), Problem> {
    let host = signing_host(app, &args.keys)?;
    if !app.global.yes {
        refuse_wider(&host, &args.plugin)?;
    }
    let allowed = host.allow(
        &args.plugin,
        &AllowRequest {
            scopes_cap: args.scope.clone(),
            hosts: args.host.clone(),
            reviewers_required: args.reviewers,
            release_min: None,
            locked: args.locked,
        },
    )?;
    lock::warn(app, &allowed.drift);
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

/// What may do more than the installed plugin is read before it is allowed.
fn refuse_wider(host: &Host, package: &str) -> Result<(), Problem> {
    let Some(compared) = host.upgrade(package)? else { return Ok(()) };
    let mut differences = compared.differences;
    differences.retain(|one| one.verdict == Verdict::Widens);
    if differences.is_empty() {
        return Ok(());
    }
    let word = &compared.new.predicate.provider;
    let text = format!("the package may do more than the `{word}` that is installed");
    let mut problem = Problem::new(Code::ConfirmationNeeded, text);
    for line in diff::lines(&differences).lines() {
        problem = problem.because(line);
    }
    Err(problem
        .hint(format!("to read all of it: ifctl plugin diff {word} {package}"))
        .hint(format!("to allow it: ifctl plugin allow {package} --yes")))
}
