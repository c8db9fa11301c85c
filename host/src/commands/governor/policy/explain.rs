//! `if governor policy explain`: what a policy takes, and what each of its reasons means.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use if_dispatch::policies::PolicyShown;
use if_manifest::model::Parameter;
use serde_json::{Value, json};

/// Explain a policy: its settings, and every reason that it may give
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor policy explain two-person\n  \
    ifctl governor policy explain two-person --json")]
pub struct ExplainArgs {
    /// An installed policy, or the name of one in the set
    policy: String,
}

/// Prints its page.
pub fn run(app: &App, args: &ExplainArgs) -> Result<(), Problem> {
    let shown = host(app)?.policy_shown(&args.policy)?;
    if let (Some(problem), true) = (&shown.problem, shown.version.is_empty()) {
        return Err(problem.clone());
    }
    let value = json!({
        "policy": shown.policy, "version": shown.version, "summary": shown.summary,
        "settings": shown.schema, "reasons": shown.reasons,
    });
    app.printer.result(&value, &page(app, &shown))
}

fn page(app: &App, shown: &PolicyShown) -> String {
    let setting = |it: &Parameter| {
        let otherwise = match (&it.default, it.required) {
            (Some(value), _) => value.to_string(),
            (None, true) => "(needed)".to_owned(),
            (None, false) => String::new(),
        };
        json!({"setting": it.name, "otherwise": otherwise, "about": it.summary})
    };
    let settings: Vec<Value> = shown.schema.iter().map(setting).collect();
    let reasons: Vec<Value> =
        shown.reasons.iter().map(|it| json!({"reason": it.code, "means": it.meaning})).collect();
    let canvas = app.printer.canvas();
    let mut text = format!("{} {}: {}\n", shown.policy, shown.version, shown.summary);
    if !settings.is_empty() {
        let columns = ["setting", "otherwise", "about"].map(str::to_owned);
        text.push_str(&format!("\n{}", canvas.table(&columns, &settings)));
    }
    let columns = ["reason", "means"].map(str::to_owned);
    text.push_str(&format!("\n{}", canvas.table(&columns, &reasons)));
    text
}
