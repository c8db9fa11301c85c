//! `if init`: makes the home, the keys and the empty trust files.

use crate::app::App;
use clap::Args;
use if_core::Problem;
use if_dispatch::Host;
use serde_json::json;

/// Make a home: keys, trust root, empty allow-list, database, vault
#[derive(Debug, Args)]
pub struct InitArgs {}

/// Creates the home and says what to do next. Refuses to touch an existing one.
pub fn run(app: &App, _args: &InitArgs) -> Result<(), Problem> {
    let created = Host::create(app.environment.clone())?;
    let home = created.home.display().to_string();
    let value = json!({"home": home, "root_key": created.root_key, "log_key": created.log_key});
    let text = format!(
        "home:      {home}\nroot key:  {}\nlog key:   {}\n",
        created.root_key, created.log_key
    );
    app.printer.result(&value, &text)?;
    app.printer.hint(
        "ifctl plugin install <folder> installs a signed plugin; ifctl doctor checks the home",
    );
    Ok(())
}
