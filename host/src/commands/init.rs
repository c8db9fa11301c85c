//! `if init`: makes the home, the keys and the empty trust files.

use crate::app::App;
use crate::keys::{self, MakeArgs};
use clap::Args;
use if_config::{SecretReference, StoreSettings};
use if_core::{Code, Problem};
use if_dispatch::Host;
use serde_json::json;
use std::path::PathBuf;

/// Make a home: keys, trust root, empty allow-list, database, vault
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl init\n  \
    ifctl init --passphrase-file /root/passphrase\n  ifctl init --no-passphrase\n  \
    ifctl init --store postgresql://if@localhost/log --store-password env:IF_STORE_PASSWORD\n\n\
    The passphrase is the signing key's (keys/root.key): allowing, revoking and signing ask for \
    it, running a\nplugin does not. The log's own key has none: it signs every operation, with \
    nobody there to ask.")]
pub struct InitArgs {
    #[command(flatten)]
    keys: MakeArgs,

    /// Keep log and budgets in this PostgreSQL database: postgresql://user@host/database
    #[arg(long, value_name = "URL")]
    store: Option<String>,

    /// Where the database's password is: env:NAME or file:PATH
    #[arg(long, value_name = "REFERENCE", requires = "store")]
    store_password: Option<String>,

    /// The authorities that the database's certificate is verified with, in PEM
    #[arg(long, value_name = "FILE", requires = "store")]
    store_ca_file: Option<PathBuf>,
}

impl InitArgs {
    fn store(&self) -> Result<Option<StoreSettings>, Problem> {
        let Some(postgres) = self.store.clone() else { return Ok(None) };
        let password = self.store_password.as_deref().map(|text| {
            SecretReference::parse(text).ok_or_else(|| {
                Problem::new(Code::Usage, "--store-password does not say where a password is")
                    .hint("--store-password env:IF_STORE_PASSWORD")
                    .hint("--store-password file:/run/credentials/if-store")
            })
        });
        let password = password.transpose()?;
        let ca_file = self.store_ca_file.clone();
        Ok(Some(StoreSettings { postgres, password, ca_file }))
    }
}

/// Creates the home and says what to do next. Refuses to touch an existing one.
pub fn run(app: &App, args: &InitArgs) -> Result<(), Problem> {
    Host::refuse_second(&app.environment)?;
    let store = args.store()?;
    let guard = keys::making(app, &args.keys)?;
    let created = Host::create(app.environment.clone(), &guard, store.as_ref())?;
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
