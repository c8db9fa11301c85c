//! `if trust add-authority`: an installation of Sigstore, by its trusted root.

use super::{Signers, report};
use crate::app::App;
use crate::commands::signing_host;
use crate::keys::OpenArgs;
use clap::{Args, ValueEnum};
use if_core::{Code, Problem};
use if_manifest::trust::sigstore::{Authority, Proof};
use if_registry::RootChange;
use std::io::Read;
use std::path::PathBuf;

/// Largest trusted root that is read; the public installation's has 7 KiB.
const ROOT_BYTES_MAX: u64 = 64 << 10;

/// Pin a Sigstore installation in the next root: its certificate authority, logs and timestamps
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  ifctl trust add-authority acme trusted_root.json --proof log\n\n\
    The file is kept in the signed root and never fetched again: a newer one is pinned in the same \
    way.\nIt alone lets nobody speak: ifctl trust add-identity names people, and add-key \
    --authority keys."
)]
pub struct AddAuthorityArgs {
    /// What it is called here: lower-case letters, digits and hyphens
    name: String,
    /// Its trusted_root.json
    trusted_root: PathBuf,
    /// What must prove when something was signed
    #[arg(long, value_enum, default_value = "log")]
    proof: ProofArg,
    #[command(flatten)]
    signers: Signers,
    #[command(flatten)]
    keys: OpenArgs,
}

/// What must prove the time.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProofArg {
    /// A transparency log, in which the signature stands
    Log,
    /// A timestamp authority of RFC 3161
    Timestamp,
    /// Both
    Both,
}

/// Pins it.
pub fn run(app: &App, args: &AddAuthorityArgs) -> Result<(), Problem> {
    let unreadable = |error: std::io::Error| {
        let text = format!("`{}` cannot be read", args.trusted_root.display());
        Problem::new(Code::Usage, text).because(error.to_string())
    };
    let mut trusted_root = String::new();
    let file = fs_err::File::open(&args.trusted_root).map_err(unreadable)?;
    file.take(ROOT_BYTES_MAX + 1).read_to_string(&mut trusted_root).map_err(unreadable)?;
    let proof = match args.proof {
        ProofArg::Log => Proof::Log,
        ProofArg::Timestamp => Proof::Timestamp,
        ProofArg::Both => Proof::Both,
    };
    let authority = Authority { trusted_root, proof };
    let changes = [RootChange::Pin { name: args.name.clone(), authority }];
    let rotated = signing_host(app, &args.keys)?.change_root(&changes, &args.signers.key)?;
    report(app, &rotated, &format!("pinned:      {}", args.name))
}
