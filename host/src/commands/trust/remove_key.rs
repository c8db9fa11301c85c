//! `if trust remove-key`: a key speaks no more.

use super::{Signers, report, role};
use crate::app::App;
use crate::commands::signing_host;
use crate::keys::OpenArgs;
use clap::Args;
use if_core::{Code, Problem};
use if_manifest::KeyId;
use if_manifest::trust::Role;
use if_manifest::trust::sigstore::Who;
use if_registry::RootChange;

/// Fewest digits of a key's id that name it: as many as lists show.
const DIGITS_MIN: usize = 12;

/// Let a key speak no more: for one role, or for none
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl trust remove-key 17b09edf85db\n  \
    ifctl trust remove-key 17b09edf85db --role reviewer\n\n\
    What it signed no longer counts. A key that fell into wrong hands is revoked besides, for \
    good:\nifctl plugin revoke key:<id>")]
pub struct RemoveKeyArgs {
    /// The key's id, or its first twelve digits, as `trust show` prints them; or the name of
    /// somebody who signs with Sigstore
    id: String,
    /// Only for this role
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Option<Role>,
    /// How many keys speak for that role together from now on
    #[arg(long, value_name = "NUMBER", requires = "role")]
    threshold: Option<u32>,
    #[command(flatten)]
    signers: Signers,
    #[command(flatten)]
    keys: OpenArgs,
}

/// Removes it.
pub fn run(app: &App, args: &RemoveKeyArgs) -> Result<(), Problem> {
    let host = signing_host(app, &args.keys)?;
    let root = host.trust()?.root;
    let begins = |id: &&KeyId| args.id.len() >= DIGITS_MIN && id.to_string().starts_with(&args.id);
    let signers = &root.sigstore.signers;
    let is = |who: &Who| matches!(who, Who::Identity { name, .. } if *name == args.id);
    let mut known: Vec<KeyId> =
        root.keys.keys().chain(signers.keys()).filter(begins).copied().collect();
    known.extend(signers.iter().filter(|(_, signer)| is(&signer.who)).map(|(id, _)| *id));
    let [key] = known.as_slice() else {
        let text = format!("`{}` names no key of the trust root", args.id);
        return Err(Problem::new(Code::Usage, text).hint("ifctl trust show lists them"));
    };
    let mut changes = vec![RootChange::Remove { role: args.role, key: *key }];
    if let (Some(role), Some(threshold)) = (args.role, args.threshold) {
        changes.push(RootChange::Threshold { role, threshold });
    }
    let rotated = host.change_root(&changes, &args.signers.key)?;
    report(app, &rotated, &format!("removed:     {key}"))
}
