//! `if governor policy apply`: a file becomes the set of policies that holds.

use crate::app::App;
use crate::commands::signing_host;
use crate::keys::OpenArgs;
use clap::Args;
use if_core::Problem;
use serde_json::json;
use std::path::PathBuf;

/// Make a file the set of policies that holds, after looking it through
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor policy apply policies.yaml\n  \
    ifctl governor policy apply policies.yaml --key second.key\n\n\
    policies:\n  - policy: two-person      # an installed policy\n    \
    when: { provider: obs } # for which commands; all where nothing is said\n    \
    settings: { approvals: 1 }\n\n\
    Where the trust root names keys with the role `policy`, the set is signed by this home's key\n\
    and by each --key, and only a signed set counts.")]
pub struct ApplyArgs {
    /// A YAML file
    file: PathBuf,
    /// A further key that signs the set
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    #[command(flatten)]
    open: OpenArgs,
}

/// How many hold.
fn hold(policies: usize) -> String {
    match policies {
        0 => "no policy holds".to_owned(),
        1 => "one policy holds".to_owned(),
        count => format!("{count} policies hold"),
    }
}

/// Applies it; what is wrong with it changes nothing.
pub fn run(app: &App, args: &ApplyArgs) -> Result<(), Problem> {
    let applied = signing_host(app, &args.open)?.apply_policies(&args.file, &args.key)?;
    let signed = applied.version.map(|version| format!(", signed as version {version}"));
    let text = format!(
        "{} now{}\nset:  {}\n",
        hold(applied.policies),
        signed.unwrap_or_default(),
        applied.digest
    );
    let value = json!({
        "policies": applied.policies, "set": applied.digest, "version": applied.version,
    });
    app.printer.result(&value, &text)
}
