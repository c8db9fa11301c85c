//! `if trust add-identity`: somebody who signs with Sigstore, by name and issuer.

use super::{Signers, authority, report, role};
use crate::app::App;
use crate::commands::signing_host;
use crate::keys::OpenArgs;
use clap::Args;
use if_core::Problem;
use if_manifest::trust::Role;
use if_manifest::trust::sigstore::{Signer, Who};
use if_registry::RootChange;

/// Let somebody who signs with Sigstore speak for a role, in the next root
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl trust add-identity reviewer ada@example.com --issuer \
    https://login.example.com\n  ifctl trust add-identity publisher \
    https://git.example.com/acme/.workflows/release@refs/heads/main \\\n      --issuer \
    https://git.example.com --scope if://capability/acme.\n\n\
    Name and issuer are compared whole, as the certificate writes them. Two names are two \
    principals.")]
pub struct AddIdentityArgs {
    /// publisher or reviewer
    #[arg(value_parser = role)]
    role: Role,
    /// The certificate's subject name: a mail address, or a URI
    name: String,
    /// The issuer of the token behind the certificate
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// The pinned authority that certifies them; the only one when absent
    #[arg(long, value_name = "NAME")]
    authority: Option<String>,
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

/// Adds them.
pub fn run(app: &App, args: &AddIdentityArgs) -> Result<(), Problem> {
    let host = signing_host(app, &args.keys)?;
    let signer = Signer {
        authority: authority(&host, args.authority.as_deref())?,
        who: Who::Identity { name: args.name.clone(), issuer: args.issuer.clone() },
    };
    let what = format!("{}:  {}", args.role, signer.who.id());
    let mut changes =
        vec![RootChange::AddSigner { role: args.role, signer, scope: args.scope.clone() }];
    let threshold = |threshold| RootChange::Threshold { role: args.role, threshold };
    changes.extend(args.threshold.map(threshold));
    let rotated = host.change_root(&changes, &args.signers.key)?;
    report(app, &rotated, &what)
}
