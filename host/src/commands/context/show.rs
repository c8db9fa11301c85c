//! `if context show`: what holds for a line, and who says so.

use crate::app::App;
use clap::Args;
use if_config::Context;
use if_core::{Explain, Problem};
use serde_json::{Value, json};

/// Show what holds for a command line, and where each value comes from
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl context show\n  ifctl context show live --json\n\n\
                        Precedence: flags, environment, context, config.yaml.")]
pub struct ShowArgs {
    /// The context; the one that holds when absent
    name: Option<String>,
}

/// Shows one row for each value.
pub fn run(app: &App, args: &ShowArgs) -> Result<(), Problem> {
    let in_force = app.context()?;
    let context = match &args.name {
        Some(name) => Some(in_force.settings.context_named(name).map_err(|error| error.problem())?),
        None => in_force.context.as_ref(),
    };
    let mut rows = Vec::new();
    let mut push = |key: String, value: Value, from: &str| {
        rows.push(json!({"key": key, "value": value, "from": from}));
    };
    let name = context.map(|context| context.name.to_string());
    let from = if args.name.is_some() { "argument" } else { in_force.from.as_str() };
    push("context".into(), json!(name), if context.is_some() { from } else { "default" });
    for one in context.iter().flat_map(|context| &context.instances) {
        push(format!("instance of {}", one.provider), json!(one.instance), "context");
    }
    let (timeout, from) = timeout(app, context)?;
    push("timeout_ms".into(), json!(timeout), from);
    let (json, from) = json_output(app, context);
    push("json".into(), json!(json), from);
    if context.is_some_and(|context| context.yes_never) {
        push("yes".into(), json!("never"), "context");
    }
    let columns = ["key", "value", "from"].map(str::to_owned);
    let text = app.printer.canvas().table(&columns, &rows);
    app.printer.result(&json!({"context": name, "values": rows}), &text)
}

fn timeout(app: &App, context: Option<&Context>) -> Result<(Option<u64>, &'static str), Problem> {
    if let Some(millis) = app.global.timeout_ms()? {
        return Ok((Some(millis), "flag"));
    }
    if let Some(millis) = app.environment.timeout_ms().map_err(|error| error.problem())? {
        return Ok((Some(millis), "environment"));
    }
    if let Some(millis) = context.and_then(|context| context.timeout_ms) {
        return Ok((Some(millis), "context"));
    }
    Ok(match app.context()?.settings.defaults.timeout_ms {
        Some(millis) => (Some(millis), "file"),
        None => (None, "default"),
    })
}

fn json_output(app: &App, context: Option<&Context>) -> (bool, &'static str) {
    match context {
        _ if app.global.json || app.global.format.is_some() => (app.printer.json(), "flag"),
        Some(context) if context.json => (true, "context"),
        _ => (false, "default"),
    }
}
