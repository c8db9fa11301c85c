//! `if secret set`: a value from the prompt, a file or stdin; never from an argument, which other
//! users of the machine and the shell's history would see.

use super::Which;
use crate::app::App;
use crate::commands::host;
use crate::print::stdin_is_terminal;
use clap::Args;
use if_core::{Code, Problem, SecretValue};
use serde_json::json;
use std::io::Read;
use std::path::PathBuf;

/// Largest secret: a private key with its certificate chain fits.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// Store a secret, read from a prompt, a file or stdin
#[derive(Debug, Args)]
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
    let version = host(app)?.set_secret(&which.provider, &which.instance, &which.name, value)?;
    let name = format!("{}/{}/{}", which.provider, which.instance, which.name);
    app.printer.result(
        &json!({"secret": name, "version": version}),
        &format!("{name} stored, version {version}"),
    )
}

/// The value, from wherever the line says.
pub fn read_value(from: &From, which: &Which) -> Result<SecretValue, Problem> {
    let bytes = match &from.from_file {
        Some(path) => read_bounded(fs_err::File::open(path).map_err(|e| unreadable(&e))?)?,
        None if stdin_is_terminal() => {
            let prompt = format!("{} of {} {}: ", which.name, which.provider, which.instance);
            rpassword::prompt_password(prompt).map_err(|e| unreadable(&e))?.into_bytes()
        }
        None => read_bounded(std::io::stdin().lock())?,
    };
    if bytes.is_empty() {
        return Err(Problem::new(Code::Usage, "the secret is empty"));
    }
    Ok(SecretValue::new(bytes))
}

fn read_bounded(source: impl Read) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    source.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
    if bytes.len() as u64 > SECRET_BYTES_MAX {
        return Err(Problem::new(Code::Usage, "the secret is larger than 64 KiB"));
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(bytes)
}

fn unreadable(error: &std::io::Error) -> Problem {
    Problem::new(Code::Usage, "the secret cannot be read").because(error.to_string())
}
