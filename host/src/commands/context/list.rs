//! `if context list`: every context, and the one that holds.

use crate::app::App;
use clap::Args;
use if_config::{Context, Home, Settings};
use if_core::{Explain, Problem};
use serde_json::{Map, Value, json};

/// List the contexts of config.yaml and mark the one in use
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl context list\n  ifctl context list --json")]
pub struct ListArgs {}

/// Lists them. Works although IF_CONTEXT names one that is not there: this is where one looks.
pub fn run(app: &App, _args: &ListArgs) -> Result<(), Problem> {
    let path = Home::locate(&app.environment, None).join("config.yaml");
    let settings = Settings::load(&path).map_err(|error| error.problem())?;
    let holds = app.context.as_ref().ok().and_then(|one| one.context.as_ref());
    let in_use = |context: &Context| holds.is_some_and(|one| one.name == context.name);
    let rows: Vec<Value> = settings
        .contexts
        .iter()
        .map(|context| {
            json!({
                "name": context.name, "in_use": in_use(context), "instances": instances(context),
                "timeout_ms": context.timeout_ms, "json": context.json,
                "yes_never": context.yes_never,
            })
        })
        .collect();
    let people: Vec<Value> = settings.contexts.iter().map(|c| row(c, in_use(c))).collect();
    let columns = ["context", "in use", "instances", "else"].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "no contexts".to_owned(),
        false => app.printer.canvas().table(&columns, &people),
    };
    app.printer.result(&json!({"contexts": rows}), &text)?;
    if rows.is_empty() {
        app.printer.hint("write one under `contexts:` in config.yaml: ifctl context list --help");
    }
    Ok(())
}

fn instances(context: &Context) -> Map<String, Value> {
    let pair = |one: &if_config::DefaultInstance| (one.provider.to_string(), json!(one.instance));
    context.instances.iter().map(pair).collect()
}

fn row(context: &Context, in_use: bool) -> Value {
    let pairs = context.instances.iter().map(|one| format!("{}={}", one.provider, one.instance));
    let mut rest = Vec::new();
    rest.extend(context.timeout_ms.map(|millis| format!("timeout {millis} ms")));
    rest.extend(context.json.then(|| "json".to_owned()));
    rest.extend(context.yes_never.then(|| "never --yes".to_owned()));
    json!({
        "context": context.name, "in use": in_use,
        "instances": pairs.collect::<Vec<_>>().join(" "), "else": rest.join(", "),
    })
}
