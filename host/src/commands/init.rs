//! `if init`: makes the home, the keys and the empty trust files.

use crate::app::App;
use crate::keys::{self, MakeArgs};
use clap::Args;
use if_core::Problem;
use if_dispatch::Host;
use serde_json::json;

/// Make a home: keys, trust root, empty allow-list, database, vault
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl init\n  \
    ifctl init --passphrase-file /root/passphrase\n  ifctl init --no-passphrase\n\n\
    The passphrase is the signing key's (keys/root.key): allowing, revoking and signing ask for \
    it, running a\nplugin does not. The log's own key has none: it signs every operation, with \
    nobody there to ask.")]
pub struct InitArgs {
    #[command(flatten)]
    keys: MakeArgs,
}

/// Creates the home and says what to do next. Refuses to touch an existing one.
pub fn run(app: &App, args: &InitArgs) -> Result<(), Problem> {
    Host::refuse_second(&app.environment)?;
    let guard = keys::making(app, &args.keys)?;
    let created = Host::create(app.environment.clone(), &guard)?;
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
