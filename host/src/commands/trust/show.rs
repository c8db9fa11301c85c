//! `if trust show`: who may sign what.

use crate::app::App;
use crate::commands::host;
use crate::print::{clean, time};
use clap::Args;
use if_core::Problem;
use if_dispatch::trust::Believed;
use if_manifest::KeyId;
use if_manifest::trust::sigstore::Authority;
use if_manifest::trust::{DenyEntry, DenyTarget, Role, TrustRoot};
use serde_json::{Value, json};

/// Show who may sign what here: roles, thresholds, keys, scopes, lists and their ends
#[derive(Debug, Args)]
pub struct ShowArgs {}

/// Shows it.
pub fn run(app: &App, _args: &ShowArgs) -> Result<(), Problem> {
    let believed = host(app)?.trust()?;
    app.printer.result(&value(&believed), &text(app, &believed))
}

fn value(it: &Believed) -> Value {
    let role = |role: Role| {
        let keys = it.root.role(role);
        (role.to_string(), json!({"keys": keys.keys, "threshold": keys.threshold}))
    };
    let roles: serde_json::Map<_, _> = Role::ALL.into_iter().map(role).collect();
    let keys: Vec<Value> =
        it.root.keys.iter().map(|(id, key)| json!({"id": id, "public": key})).collect();
    json!({
        "root": {
            "sha256": it.digest, "version": it.root.version, "expires_ms": it.root.expires.0,
            "roles": roles, "keys": keys, "publisher_scopes": it.root.publisher_scopes,
            "revoked": it.root.revoked, "sigstore": sigstore(&it.root),
        },
        "own_key": it.own,
        "allow": {
            "version": it.allow.version, "expires_ms": it.allow.expires.0,
            "entries": it.allow.entries.len(),
        },
        "deny": {"version": it.deny.version, "entries": it.deny.entries},
    })
}

/// Taken back by the root or by the deny-list.
fn revoked(it: &Believed, key: &KeyId) -> bool {
    let denied = |entry: &DenyEntry| entry.target == DenyTarget::Key(*key);
    it.root.revoked.keys.contains(key) || it.deny.entries.iter().any(denied)
}

/// Pinned installations by the digests of their trusted roots, and who signs by them.
fn sigstore(root: &TrustRoot) -> Value {
    let authority = |(name, it): (&String, &Authority)| {
        let digest = if_manifest::sha256(it.trusted_root.as_bytes());
        (name.clone(), json!({"trusted_root_sha256": digest, "proof": it.proof}))
    };
    let authorities: serde_json::Map<_, _> =
        root.sigstore.authorities.iter().map(authority).collect();
    json!({"authorities": authorities, "signers": root.sigstore.signers})
}

fn text(app: &App, it: &Believed) -> String {
    let mut rows: Vec<Value> = Vec::new();
    for role in Role::ALL {
        let keys = it.root.role(role);
        for key in &keys.keys {
            let mut notes = Vec::new();
            notes.extend((it.own == Some(*key)).then(|| "this home's".to_owned()));
            notes.extend(revoked(it, key).then(|| "revoked".to_owned()));
            notes.extend(
                it.root
                    .sigstore
                    .signers
                    .get(key)
                    .map(|signer| clean(&format!("{}, by {}", signer.who, signer.authority))),
            );
            if role == Role::Publisher {
                let scopes = it.root.publisher_scopes.iter();
                notes.extend(scopes.filter(|s| s.keys.contains(key)).map(|s| s.prefix.clone()));
            }
            rows.push(json!({
                "role": role.to_string(), "key": key.short(),
                "needed": format!("{} of {}", keys.threshold, keys.keys.len()),
                "note": notes.join(", "),
            }));
        }
    }
    let columns = ["role", "key", "needed", "note"].map(str::to_owned);
    let denied = it.deny.entries.len();
    format!(
        "trust root:  version {}, until {}\n             {}\n\
         allow-list:  version {}, until {}, {} entries\n\
         deny-list:   version {}, {denied} entries\n\n{}",
        it.root.version,
        time(it.root.expires),
        it.digest,
        it.allow.version,
        time(it.allow.expires),
        it.allow.entries.len(),
        it.deny.version,
        app.printer.canvas().table(&columns, &rows),
    )
}
