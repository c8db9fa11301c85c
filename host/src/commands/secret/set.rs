//! `if secret set`: a value from the prompt, a file or stdin; never from an argument, which other
//! users of the machine and the shell's history would see.

use super::Which;
use crate::app::App;
use crate::commands::host;
use crate::input;
use clap::Args;
use if_core::{Problem, SecretValue};
use if_dispatch::Host;
use serde_json::json;
use std::path::PathBuf;

/// Store a secret, read from a prompt, a file or stdin
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl secret set obs studio password\n  \
                        ifctl secret set obs studio password --from-file password.txt")]
pub struct SetArgs {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    from: From,
}

/// Where the value is read from.
#[derive(Debug, Args)]
pub struct From {
    /// Read the value from this file; one trailing line break is dropped
    #[arg(long, value_name = "FILE")]
    pub from_file: Option<PathBuf>,
}

/// Reads and stores.
pub fn run(app: &App, args: &SetArgs) -> Result<(), Problem> {
    let value = read_value(&args.from, &args.which)?;
    let which = &args.which;
    let host = host(app)?;
    let version = host.set_secret(&which.provider, &which.instance, &which.name, value)?;
    warn_unused(app, &host, which);
    let name = format!("{}/{}/{}", which.provider, which.instance, which.name);
    app.printer.result(
        &json!({"secret": name, "version": version}),
        &format!("{name} stored, version {version}"),
    )
}

/// Says that nothing will ask the vault for this value.
pub fn warn_unused(app: &App, host: &Host, which: &Which) {
    let Which { provider, instance, name } = which;
    if let Some(from) = host.secret_elsewhere(provider, instance, name) {
        app.printer.warn(&format!(
            "it is not used: `{name}` of {provider} {instance} comes from `{from}`, as \
             providers/{provider}.yaml says"
        ));
    }
}

/// The value, from wherever the line says.
pub fn read_value(from: &From, which: &Which) -> Result<SecretValue, Problem> {
    let prompt = format!("{} of {} {}: ", which.name, which.provider, which.instance);
    input::secret(&prompt, from.from_file.as_deref())
}
