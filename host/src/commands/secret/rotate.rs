//! `if secret rotate`: a new value for a secret that exists.

use super::{Which, set};
use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use serde_json::json;

/// Replace a stored secret by a new value
#[derive(Debug, Args)]
pub struct RotateArgs {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    from: set::From,
}

/// Replaces; refuses when there is nothing to replace.
pub fn run(app: &App, args: &RotateArgs) -> Result<(), Problem> {
    let host = host(app)?;
    let which = &args.which;
    host.require_secret(&which.provider, &which.instance, &which.name)?;
    let value = set::read_value(&args.from, which)?;
    let version = host.rotate_secret(&which.provider, &which.instance, &which.name, value)?;
    set::warn_unused(app, &host, which);
    let name = format!("{}/{}/{}", which.provider, which.instance, which.name);
    app.printer.result(
        &json!({"secret": name, "version": version}),
        &format!("{name} replaced, version {version}"),
    )
}
