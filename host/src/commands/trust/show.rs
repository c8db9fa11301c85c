//! `if trust show`: who may sign what.

use crate::app::App;
use crate::commands::host;
use crate::print::time;
use clap::Args;
use if_core::Problem;
use if_dispatch::trust::{Believed, ROLES};
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
    let role = |role: if_manifest::trust::Role| {
        let keys = it.root.role(role);
        (role.to_string(), json!({"keys": keys.keys, "threshold": keys.threshold}))
    };
    let roles: serde_json::Map<_, _> = ROLES.into_iter().map(role).collect();
    let keys: Vec<Value> =
        it.root.keys.iter().map(|(id, key)| json!({"id": id, "public": key})).collect();
    json!({
        "root": {
            "sha256": it.digest, "version": it.root.version, "expires_ms": it.root.expires.0,
            "roles": roles, "keys": keys, "publisher_scopes": it.root.publisher_scopes,
            "revoked": it.root.revoked,
        },
        "own_key": it.own,
        "allow": {
            "version": it.allow.version, "expires_ms": it.allow.expires.0,
            "entries": it.allow.entries.len(),
        },
        "deny": {"version": it.deny.version, "entries": it.deny.entries},
    })
}

fn text(app: &App, it: &Believed) -> String {
    let mut rows: Vec<Value> = Vec::new();
    for role in ROLES {
        let keys = it.root.role(role);
        for key in &keys.keys {
            let mut notes = Vec::new();
            notes.extend((it.own == Some(*key)).then(|| "this home's".to_owned()));
            notes.extend(it.root.key(key).is_none().then(|| "revoked".to_owned()));
            if role == if_manifest::trust::Role::Publisher {
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
