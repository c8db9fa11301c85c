//! `if trust add-key`: one more key for a role.

use super::{Signers, report, role};
use crate::app::App;
use crate::commands::signing_host;
use crate::keys::OpenArgs;
use clap::Args;
use if_core::{Code, Problem};
use if_manifest::PublicKey;
use if_manifest::trust::Role;
use if_manifest::trust::sigstore::{P256Key, Signer, Who};
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
    /// root, publisher, reviewer, allowlist, policy or approver
    #[arg(value_parser = role)]
    role: Role,
    /// The public key: a PEM file, or ifk1:… as `trust show` prints it; with --authority a PEM file
    /// of a P-256 key
    public_key: String,
    /// How many keys speak for the role together from now on
    #[arg(long, value_name = "NUMBER")]
    threshold: Option<u32>,
    /// The ids that a publisher may publish begin so: if://capability/acme.
    #[arg(long, value_name = "PREFIX")]
    scope: Option<String>,
    /// It is a P-256 key that signs Sigstore bundles, which this pinned authority logs
    #[arg(long, value_name = "NAME")]
    authority: Option<String>,
    #[command(flatten)]
    signers: Signers,
    #[command(flatten)]
    keys: OpenArgs,
}

/// Adds it.
pub fn run(app: &App, args: &AddKeyArgs) -> Result<(), Problem> {
    let (role, scope) = (args.role, args.scope.clone());
    let (id, change) = match &args.authority {
        Some(authority) => {
            let who = Who::Key(p256_key(&args.public_key)?);
            let signer = Signer { authority: authority.clone(), who };
            (signer.who.id(), RootChange::AddSigner { role, signer, scope })
        }
        None => {
            let key = public_key(&args.public_key)?;
            (key.id(), RootChange::Add { role, key, scope })
        }
    };
    let mut changes = vec![change];
    let threshold = |threshold| RootChange::Threshold { role: args.role, threshold };
    changes.extend(args.threshold.map(threshold));
    let rotated = signing_host(app, &args.keys)?.change_root(&changes, &args.signers.key)?;
    report(app, &rotated, &format!("{}:  {id}", args.role))
}

fn wrong(text: &str, why: String) -> Problem {
    Problem::new(Code::Usage, format!("`{text}` holds no public key")).because(why).hint(
        "openssl pkey -in <private key> -pubout -out <file> writes one; a private key stays where \
         it is",
    )
}

fn p256_key(file: &str) -> Result<P256Key, Problem> {
    let pem = read(file)?;
    P256Key::parse(&pem).map_err(|error| wrong(file, error.to_string()))
}

fn public_key(text: &str) -> Result<PublicKey, Problem> {
    if text.starts_with("ifk1:") {
        return PublicKey::parse(text).map_err(|error| wrong(text, error.to_string()));
    }
    PublicKey::parse(&read(text)?).map_err(|error| wrong(text, error.to_string()))
}

fn read(path: &str) -> Result<String, Problem> {
    let failed = |error: std::io::Error| wrong(path, error.to_string());
    let mut pem = String::new();
    let file = fs_err::File::open(path).map_err(failed)?;
    file.take(KEY_BYTES_MAX).read_to_string(&mut pem).map_err(failed)?;
    Ok(pem)
}
