//! `if governor policy validate`: what is wrong with a set, with its line and column.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use serde_json::json;
use std::path::PathBuf;

/// Look through a set of policies without making it hold
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor policy validate policies.yaml")]
pub struct ValidateArgs {
    /// A YAML file
    file: PathBuf,
}

/// Every policy loads, and has nothing against its settings; else the first fault, with its place.
pub fn run(app: &App, args: &ValidateArgs) -> Result<(), Problem> {
    let policies = host(app)?.validate_policies(&args.file)?;
    let text = match policies {
        1 => "one policy, nothing wrong".to_owned(),
        count => format!("{count} policies, nothing wrong"),
    };
    app.printer.result(&json!({ "policies": policies }), &text)
}
