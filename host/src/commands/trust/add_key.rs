//! `if trust add-key`: one more key for a role.

use super::{Signers, report, role};
use crate::app::App;
use crate::commands::signing_host;
use crate::keys::OpenArgs;
use clap::Args;
use if_core::{Code, Problem};
use if_manifest::PublicKey;
use if_manifest::trust::Role;
use if_registry::RootChange;
use std::io::Read;

/// Largest file of a public key: a PEM of one has 113 bytes.
const KEY_BYTES_MAX: u64 = 4 << 10;

/// Let one more key speak for a role, in the next root
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl trust add-key reviewer ada.key.pub\n  \
    ifctl trust add-key publisher acme.key.pub --scope if://capability/acme.\n  \
    ifctl trust add-key root ben.key.pub --threshold 2\n\n\
    A key is made with ifctl trust new-key ada.key; its public half is ada.key.pub. One of \
    openssl serves as\nwell: openssl genpkey -algorithm ed25519, and openssl pkey -pubout for its \
    public half.")]
pub struct AddKeyArgs {
    /// root, publisher, reviewer or allowlist
    #[arg(value_parser = role)]
    role: Role,
    /// The public key: a PEM file, or ifk1:… as `trust show` prints it
    public_key: String,
    /// How many keys speak for the role together from now on
    #[arg(long, value_name = "NUMBER")]
    threshold: Option<u32>,
    /// The ids that a publisher may publish begin so: if://capability/acme.
    #[arg(long, value_name = "PREFIX")]
    scope: Option<String>,
    #[command(flatten)]
    signers: Signers,
    #[command(flatten)]
    keys: OpenArgs,
}

/// Adds it.
pub fn run(app: &App, args: &AddKeyArgs) -> Result<(), Problem> {
    let key = public_key(&args.public_key)?;
    let id = key.id();
    let mut changes = vec![RootChange::Add { role: args.role, key, scope: args.scope.clone() }];
    let threshold = |threshold| RootChange::Threshold { role: args.role, threshold };
    changes.extend(args.threshold.map(threshold));
    let rotated = signing_host(app, &args.keys)?.change_root(&changes, &args.signers.key)?;
    report(app, &rotated, &format!("{}:  {id}", args.role))
}

fn public_key(text: &str) -> Result<PublicKey, Problem> {
    let wrong = |why: String| {
        Problem::new(Code::Usage, format!("`{text}` holds no public key")).because(why).hint(
            "openssl pkey -in <private key> -pubout -out <file> writes one; a private key stays \
             where it is",
        )
    };
    if text.starts_with("ifk1:") {
        return PublicKey::parse(text).map_err(|error| wrong(error.to_string()));
    }
    let mut pem = String::new();
    let file = fs_err::File::open(text).map_err(|error| wrong(error.to_string()))?;
    file.take(KEY_BYTES_MAX).read_to_string(&mut pem).map_err(|error| wrong(error.to_string()))?;
    PublicKey::parse(&pem).map_err(|error| wrong(error.to_string()))
}
