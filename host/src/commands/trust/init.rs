//! `if trust init`: the trust of a home that has none.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use serde_json::json;

/// Make a key, a trust root and empty lists in a home that has none; `ifctl init` does it for a new
/// home
#[derive(Debug, Args)]
pub struct InitArgs {}

/// Makes them.
pub fn run(app: &App, _args: &InitArgs) -> Result<(), Problem> {
    let key = host(app)?.make_trust()?;
    app.printer.result(&json!({"root_key": key}), &format!("root key:  {key}\n"))
}
