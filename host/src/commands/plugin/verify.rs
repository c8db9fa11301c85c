//! `if plugin verify`: the load path, without running anything.

use crate::app::App;
use crate::commands::host;
use crate::print::{clean, time};
use clap::Args;
use if_core::{Code, Problem};
use if_dispatch::Host;
use if_dispatch::plugin::PluginVerified;
use if_manifest::KeyId;
use if_manifest::trust::sigstore::Vouched;
use serde_json::{Value, json};

/// Verify a plugin or package exactly as the loader does, every file included; without one, all
/// that are installed
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl plugin verify\n  ifctl plugin verify obs\n  \
    ifctl plugin verify --locked\n\n\
    What is installed is held against the lock file too, where there is one: ifctl plugin lock")]
pub struct VerifyArgs {
    /// The word of an installed plugin, or a package's folder
    plugin: Option<String>,

    /// Demand a lock file
    #[arg(long)]
    locked: bool,
}

/// Verifies; any doubt is the command's error.
pub fn run(app: &App, args: &VerifyArgs) -> Result<(), Problem> {
    let host = host(app)?;
    let words = match &args.plugin {
        Some(plugin) => vec![plugin.clone()],
        None => host.plugins()?.into_iter().map(|plugin| plugin.provider).collect(),
    };
    let mut rows = Vec::new();
    let mut text = String::new();
    for word in &words {
        let report = host.verify_plugin(word)?;
        for warning in &report.warnings {
            app.printer.warn(&clean(&warning.to_string()));
        }
        text.push_str(&lines(&report));
        rows.push(row(&report));
    }
    let locked = held(&host, args)?;
    text.push_str("verified: signatures, schema, allow-list, revocations, release, every file, ");
    text.push_str(if locked { "imports, lock file\n" } else { "imports\n" });
    let mut value = match (&args.plugin, rows.as_slice()) {
        (Some(_), [Value::Object(row)]) => row.clone(),
        _ => serde_json::Map::from_iter([("plugins".to_owned(), rows.into())]),
    };
    value.insert("locked".to_owned(), locked.into());
    app.printer.result(&value, &text)
}

/// Whether the lock file was there and said the same.
fn held(host: &Host, args: &VerifyArgs) -> Result<bool, Problem> {
    let locked = host.verify_lock(args.plugin.as_deref(), args.locked)?;
    if args.locked && !locked {
        let text = format!("there is no lock file {}", host.lock_file().display());
        return Err(Problem::new(Code::LockDrift, text).hint("ifctl plugin lock"));
    }
    Ok(locked)
}

fn row(report: &PluginVerified) -> Value {
    let vouched: Vec<Value> = report
        .vouched
        .iter()
        .map(|(principal, proof)| json!({"principal": principal, "proof": proof}))
        .collect();
    json!({
        "id": report.id, "version": report.version, "manifest": report.manifest,
        "component": report.component, "approved_by": report.approvers, "vouched": vouched,
        "warnings": report.warnings,
    })
}

fn lines(report: &PluginVerified) -> String {
    format!(
        "id:           {} {}\nmanifest:     {}\ncomponent:    {}\napproved by:  {}\n{}",
        report.id,
        report.version,
        report.manifest,
        report.component,
        report.approvers.join(", "),
        report.vouched.iter().map(proof).collect::<String>(),
    )
}

/// One line per approval that was signed with Sigstore: who, and what proves it.
fn proof((principal, vouched): &(KeyId, Vouched)) -> String {
    let line = format!("{} is {vouched}, {}", principal.short(), time(vouched.signed_at));
    format!("              {}\n", clean(&line))
}
