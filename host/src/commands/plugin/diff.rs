//! `if plugin diff`: what a new version may do that the old one may not.

use crate::app::App;
use crate::commands::host;
use crate::print;
use clap::Args;
use if_core::Problem;
use if_dispatch::plugin::{Compared, Shown};
use if_manifest::diff::{Difference, Verdict};
use serde_json::{Value, json};

/// Longest value shown to people: a whole rule fits, a table of hundreds does not.
const VALUE_CHARS_MAX: usize = 160;

/// Compare two plugins: endpoints, rules, secrets, sinks, imports, limits and effects
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl plugin diff obs ./obs/package\n  \
    ifctl plugin diff old/package new/package --json")]
pub struct DiffArgs {
    /// The word of an installed plugin, or a package's folder
    old: String,
    /// The same, of the one that is to take its place
    new: String,
}

/// Compares.
pub fn run(app: &App, args: &DiffArgs) -> Result<(), Problem> {
    let compared = host(app)?.diff(&args.old, &args.new)?;
    let widens = compared.differences.iter().any(|it| it.verdict == Verdict::Widens);
    let value = json!({
        "from": facts(&compared.old),
        "to": facts(&compared.new),
        "widens": widens,
        "differences": compared.differences,
    });
    app.printer.result(&value, &text(&compared))
}

fn facts(shown: &Shown) -> Value {
    let plugin = &shown.predicate;
    let version = plugin.version.to_string();
    json!({
        "id": plugin.id, "version": version, "release": plugin.release,
        "manifest": shown.manifest_digest,
    })
}

fn text(compared: &Compared) -> String {
    let name = |shown: &Shown| {
        let plugin = &shown.predicate;
        format!("{} {} (release {})", plugin.id, plugin.version, plugin.release)
    };
    let mut text = format!("{} -> {}\n", name(&compared.old), name(&compared.new));
    if compared.differences.is_empty() {
        text.push_str("it may do exactly what it did\n");
    }
    text.push_str(&lines(&compared.differences));
    text
}

/// Differences for people, one line each: `widens   rule web POST /x: write`.
pub fn lines(differences: &[Difference]) -> String {
    let mut text = String::new();
    for one in differences {
        let verdict = match one.verdict {
            Verdict::Widens => "widens",
            Verdict::Narrows => "narrows",
            Verdict::Changes => "changes",
        };
        let values = match (one.from.as_deref(), one.to.as_deref()) {
            (Some(from), Some(to)) => format!("{} -> {}", short(from), short(to)),
            (None, Some(to)) => format!("new: {}", short(to)),
            (Some(from), None) => format!("gone: {}", short(from)),
            (None, None) => String::new(),
        };
        let line = format!("{verdict:<8} {} {}: {values}", one.part, one.what);
        text.push_str(&print::clean(&line));
        text.push('\n');
    }
    text
}

fn short(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
