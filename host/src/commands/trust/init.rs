//! `if trust init`: the trust of a home that has none.

use crate::app::App;
use crate::commands::making_host;
use crate::keys::MakeArgs;
use clap::Args;
use if_core::Problem;
use if_dispatch::Host;
use serde_json::json;

/// Make a key, a trust root and empty lists in a home that has none; `ifctl init` does it for a new
/// home
#[derive(Debug, Args)]
pub struct InitArgs {
    #[command(flatten)]
    keys: MakeArgs,
}

/// Makes them.
pub fn run(app: &App, args: &InitArgs) -> Result<(), Problem> {
    Host::refuse_second(&app.environment)?;
    let key = making_host(app, &args.keys)?.make_trust()?;
    app.printer.result(&json!({"root_key": key}), &format!("root key:  {key}\n"))
}
