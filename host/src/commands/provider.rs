//! `if <provider> …`: a provider's own commands, and the six every provider has.

use crate::app::App;
use crate::commands::{add, discover, falsify, host};
use crate::parse;
use crate::print::{self, Face};
use clap::ArgMatches;
use if_core::{Code, Problem, Word};
use if_dispatch::{Action, Performed, Request};
use if_manifest::model::{Command, View};
use if_registry::ProviderEntry;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Runs what the words behind the provider say.
pub fn run(
    app: &App,
    word: &str,
    entry: &ProviderEntry,
    matches: &ArgMatches,
) -> Result<(), Problem> {
    let (path, leaf) = walk(matches);
    let provider = Word::new(word).map_err(|e| Problem::new(Code::Usage, e.to_string()))?;
    if let Some(command) = entry.commands.iter().find(|command| command.path == path) {
        return call(app, &provider, command, leaf);
    }
    match path.as_str() {
        "add" => add::run(app, &provider, entry, leaf),
        "list" => list(app, &provider),
        "show" => show(app, &provider, leaf),
        "remove" => remove(app, &provider, leaf),
        "test" => {
            let request = Request::new(provider, instance(leaf)?, Action::Check);
            finish(app, &View::Fields, perform(app, request)?)
        }
        _ => discover::run(app, provider, leaf),
    }
}

/// The words of the matched path, and the matches of its last word.
fn walk(matches: &ArgMatches) -> (String, &ArgMatches) {
    let mut words = Vec::new();
    let mut leaf = matches;
    while let Some((name, inner)) = leaf.subcommand() {
        words.push(name);
        leaf = inner;
    }
    (words.join(" "), leaf)
}

fn instance(matches: &ArgMatches) -> Result<Word, Problem> {
    let name = matches.get_one::<String>("instance").cloned().unwrap_or_default();
    Word::new(name).map_err(|e| Problem::new(Code::Usage, e.to_string()))
}

fn call(app: &App, provider: &Word, command: &Command, leaf: &ArgMatches) -> Result<(), Problem> {
    let request = command_request(provider, command, leaf)?;
    if app.global.mode.is_some() {
        falsify::run(app, request.again())?;
        if !app.global.yes {
            return Ok(());
        }
    }
    finish(app, &command.view, perform(app, request)?)
}

fn command_request(
    provider: &Word,
    command: &Command,
    leaf: &ArgMatches,
) -> Result<Request, Problem> {
    let instance = instance(leaf)?;
    let line = format!("ifctl {provider} {} {instance}", command.path);
    let arguments = parse::arguments(leaf, &command.parameters, &line)?;
    let action = Action::Command {
        path: command.path.clone(),
        arguments: arguments.values,
        files: arguments.files,
    };
    Ok(Request::new(provider.clone(), instance, action))
}

/// What the words behind a provider ask its plugin for, without asking.
pub fn request(
    word: &str,
    entry: &ProviderEntry,
    matches: &ArgMatches,
) -> Result<Request, Problem> {
    let (path, leaf) = walk(matches);
    let provider = Word::new(word).map_err(|e| Problem::new(Code::Usage, e.to_string()))?;
    match entry.commands.iter().find(|command| command.path == path) {
        Some(command) => command_request(&provider, command, leaf),
        None if path == "test" => Ok(Request::new(provider, instance(leaf)?, Action::Check)),
        None => Err(Problem::new(Code::Usage, format!("no policy is asked about `{word} {path}`"))
            .hint(format!("ifctl {word} --help"))),
    }
}

fn perform(app: &App, mut request: Request) -> Result<Performed, Problem> {
    request.flags = app.flags()?;
    request.line = Some(app.line.clone());
    host(app)?.run(request, Arc::new(Face::new(app.printer)))
}

/// Prints the result, the plan of a dry run, and where the evidence is.
pub fn finish(app: &App, view: &View, performed: Performed) -> Result<(), Problem> {
    for warning in &performed.warnings {
        app.printer.warn(&print::clean(warning));
    }
    if !performed.log.is_empty() {
        app.printer.detail(2, &format!("plugin's stderr: {}", print::clean(&performed.log)));
    }
    if app.global.trace.is_some() {
        let Performed { trace, operation, wall_ms, .. } = &performed;
        let facts = json!({"trace": trace, "operation": operation, "wall_ms": wall_ms});
        app.printer.tell(
            &format!(
                "trace {}  operation {}  {} ms",
                performed.trace, performed.operation, performed.wall_ms
            ),
            facts,
        );
    }
    app.printer
        .detail(1, &format!("operation {} took {} ms", performed.operation, performed.wall_ms));
    if app.global.dry_run {
        return plan(app, view, performed);
    }
    match performed.result {
        Ok(Value::Null) => Ok(()),
        Ok(value) => app.printer.result(&value, &app.printer.canvas().render(view, &value)),
        Err(problem) => Err(problem),
    }
}

/// A dry run's result: what would have been sent, and what could be read on the way.
fn plan(app: &App, view: &View, performed: Performed) -> Result<(), Problem> {
    let rows: Vec<Value> = performed
        .plan
        .iter()
        .map(|m| json!({"endpoint": m.endpoint, "effect": m.effect, "message": m.summary}))
        .collect();
    let result = performed.result?;
    let mut text = match rows.len() {
        0 => "dry run: the command would change nothing\n".to_owned(),
        _ => "dry run: nothing was changed; this would have been sent\n".to_owned(),
    };
    for row in &performed.plan {
        text.push_str(&format!(
            "  {}  {}  {}\n",
            row.effect,
            row.endpoint,
            print::clean(&row.summary)
        ));
    }
    if rows.is_empty() {
        text.push_str(&app.printer.canvas().render(view, &result));
    }
    app.printer.result(&json!({"dry_run": true, "plan": rows, "result": result}), &text)
}

fn list(app: &App, provider: &Word) -> Result<(), Problem> {
    let instances = host(app)?.instances(provider)?;
    let rows: Vec<Value> =
        instances.iter().map(|i| json!({"instance": i.name, "settings": i.settings})).collect();
    let people: Vec<Value> = instances
        .iter()
        .map(|i| json!({"instance": i.name, "settings": one_line(&i.settings)}))
        .collect();
    let columns = ["instance", "settings"].map(str::to_owned);
    let text = if rows.is_empty() {
        "no instances".to_owned()
    } else {
        app.printer.canvas().table(&columns, &people)
    };
    app.printer.result(&json!({"instances": rows}), &text)?;
    if rows.is_empty() {
        app.printer.hint(&format!("ifctl {provider} add <name> --help"));
    }
    Ok(())
}

pub fn one_line(settings: &Map<String, Value>) -> String {
    let pairs = settings.iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    });
    pairs.collect::<Vec<_>>().join(" ")
}

fn show(app: &App, provider: &Word, leaf: &ArgMatches) -> Result<(), Problem> {
    let shown = host(app)?.instance(provider, &instance(leaf)?)?;
    let fields = |secrets: Value| {
        json!({
            "instance": shown.name, "settings": shown.settings,
            "private_network": shown.private_network, "secrets": secrets,
        })
    };
    let rows = shown.secrets.iter().map(|it| json!({"name": it.name, "from": it.from}));
    let people = shown.secrets.iter().map(|it| format!("{} from {}", it.name, it.from));
    let people = fields(people.collect::<Vec<_>>().join(", ").into());
    let text = app.printer.canvas().render(&View::Fields, &people);
    app.printer.result(&fields(rows.collect()), &text)
}

fn remove(app: &App, provider: &Word, leaf: &ArgMatches) -> Result<(), Problem> {
    let name = instance(leaf)?;
    let host = host(app)?;
    host.instance(provider, &name)?;
    if !app.global.yes && !confirmed(app, &format!("remove {provider} {name}? [y/N] "))? {
        return Err(Problem::new(
            Code::ConfirmationNeeded,
            format!("{provider} {name} was not removed"),
        )
        .hint(format!("ifctl {provider} remove {name} --yes")));
    }
    host.remove_instance(provider, &name)?;
    app.printer.result(&json!({"removed": name}), &format!("{provider} {name} removed"))
}

/// Asks on a terminal; elsewhere nobody can say yes.
fn confirmed(app: &App, question: &str) -> Result<bool, Problem> {
    if !print::may_ask(&app.printer) {
        return Ok(false);
    }
    print::ask(question)
        .map(|answer| answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes"))
}
