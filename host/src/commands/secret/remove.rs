//! `if secret remove`: forgets a value.

use super::Which;
use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use serde_json::json;

/// Forget a stored secret
#[derive(Debug, Args)]
pub struct RemoveArgs {
    #[command(flatten)]
    which: Which,
}

/// Removes.
pub fn run(app: &App, args: &RemoveArgs) -> Result<(), Problem> {
    let which = &args.which;
    host(app)?.remove_secret(&which.provider, &which.instance, &which.name)?;
    let name = format!("{}/{}/{}", which.provider, which.instance, which.name);
    app.printer.result(&json!({"removed": name}), &format!("{name} removed"))
}
