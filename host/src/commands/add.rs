//! `if <provider> add`: an instance, its grants, its secrets, and a first look whether it answers.
//!
//! On a terminal a line that misses something needed is completed by questions, one for each
//! setting the line does not give. Without a terminal nothing is ever asked.

use crate::app::App;
use crate::commands::host;
use crate::parse;
use crate::print::{self, Face};
use clap::ArgMatches;
use if_core::{Code, Problem, Word};
use if_dispatch::{Action, Added, Host, Request};
use if_manifest::model::{Kind, Parameter};
use if_registry::ProviderEntry;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// How often one question is asked: who errs five times needs the help, not a sixth try.
const ATTEMPTS_MAX: u32 = 5;

/// Adds what the words, and if need be the answers, say.
pub fn run(
    app: &App,
    provider: &Word,
    entry: &ProviderEntry,
    leaf: &ArgMatches,
) -> Result<(), Problem> {
    let plain: Vec<Parameter> =
        entry.settings.iter().filter(|s| !matches!(s.kind, Kind::Secret)).cloned().collect();
    let typed = leaf.get_one::<String>("instance");
    let lacks = |setting: &Parameter| setting.required && !parse::is_given(leaf, setting);
    let incomplete = typed.is_none() || plain.iter().any(lacks);
    let asking = incomplete && print::may_ask(&app.printer);
    let name = match typed {
        Some(name) => Word::new(name.as_str()).map_err(usage)?,
        None if asking => ask_name(app, provider)?,
        None => return Err(nameless(provider, &plain)),
    };
    let line = format!("ifctl {provider} add {name}");
    let mut given = parse::given(leaf, &plain, &line)?;
    if asking {
        ask_settings(app, &plain, &mut given.values)?;
    }
    let settings = parse::complete(given, &plain, &line)?.values;
    let host = host(app)?;
    let private = leaf.get_flag("private-network");
    let mut added = host.add_instance(provider, &name, settings, private)?;
    told(app, provider, &name, &added, private)?;
    if asking {
        ask_secrets(app, &host, (provider, &name), entry, &mut added.secrets_missing)?;
    }
    conclude(app, &host, (provider, &name), entry, &added.secrets_missing)
}

fn usage(error: if_core::IdError) -> Problem {
    Problem::new(Code::Usage, error.to_string())
}

fn nameless(provider: &Word, settings: &[Parameter]) -> Problem {
    let needed = settings.iter().filter(|setting| setting.required);
    let flags: String = needed.map(|setting| format!(" --{} …", setting.name)).collect();
    Problem::new(Code::Usage, "the new instance needs a name")
        .hint(format!("ifctl {provider} add <name>{flags}"))
}

fn told(
    app: &App,
    provider: &Word,
    name: &Word,
    added: &Added,
    private: bool,
) -> Result<(), Problem> {
    if added.private_network && !private {
        app.printer.say(&format!(
            "note: {} is an address of your own network; allowed for this instance",
            print::clean(&added.host)
        ));
    }
    let value = json!({"provider": provider, "instance": name, "settings": added.settings});
    app.printer.result(&value, &format!("{provider} {name} added"))
}

fn ask_name(app: &App, provider: &Word) -> Result<Word, Problem> {
    for _ in 0..ATTEMPTS_MAX {
        match Word::new(print::ask(&format!("name of the new {provider} instance: "))?) {
            Ok(name) => return Ok(name),
            Err(error) => app.printer.say(&error.to_string()),
        }
    }
    Err(given_up("name"))
}

fn ask_settings(
    app: &App,
    settings: &[Parameter],
    values: &mut Map<String, Value>,
) -> Result<(), Problem> {
    for setting in settings {
        if !values.contains_key(setting.name.as_str())
            && let Some(value) = ask_setting(app, setting)?
        {
            values.insert(setting.name.to_string(), value);
        }
    }
    Ok(())
}

/// One setting, asked until the answer fits. Enter takes the default, or leaves out what may be.
fn ask_setting(app: &App, setting: &Parameter) -> Result<Option<Value>, Problem> {
    let question = question(setting);
    for _ in 0..ATTEMPTS_MAX {
        let answer = print::ask(&question)?;
        if answer.is_empty() {
            match (&setting.default, setting.required) {
                (Some(default), _) => return Ok(Some(default.clone())),
                (None, false) => return Ok(None),
                (None, true) => app.printer.say(&format!("{} is needed", setting.name)),
            }
            continue;
        }
        match parse::answer(&setting.kind, &answer) {
            Ok(value) => return Ok(Some(value)),
            Err(reason) => app.printer.say(&format!("{} {reason}", setting.name)),
        }
    }
    Err(given_up(setting.name.as_str()))
}

/// `port, its HTTP port [8088]: `
fn question(setting: &Parameter) -> String {
    let mut text = format!("{}, {}", setting.name, setting.summary);
    if let Kind::Enum { values } = &setting.kind {
        text.push_str(&format!(" ({})", values.join(", ")));
    }
    match (&setting.default, setting.required) {
        (Some(Value::String(default)), _) => text.push_str(&format!(" [{default}]")),
        (Some(default), _) => text.push_str(&format!(" [{default}]")),
        (None, false) => text.push_str(" (may be empty)"),
        (None, true) => {}
    }
    text + ": "
}

fn given_up(what: &str) -> Problem {
    Problem::new(Code::Usage, format!("no usable {what} after {ATTEMPTS_MAX} attempts"))
}

/// Offers to store each secret that is not set; Enter leaves one unset.
#[cfg(feature = "live")]
fn ask_secrets(
    app: &App,
    host: &Host,
    (provider, name): (&Word, &Word),
    entry: &ProviderEntry,
    missing: &mut Vec<String>,
) -> Result<(), Problem> {
    let mut left = Vec::new();
    for secret in std::mem::take(missing) {
        let known = entry.secrets.iter().find(|one| one.name.as_str() == secret);
        let about = known.map_or(String::new(), |one| format!(", {}", print::clean(&one.summary)));
        let question = format!("{secret}{about} (not shown; Enter to leave it unset): ");
        match crate::input::prompted(&question)? {
            Some(value) => {
                host.set_secret(provider.as_str(), name.as_str(), &secret, value)?;
                app.printer.say(&format!("{secret} stored"));
            }
            None => left.push(secret),
        }
    }
    *missing = left;
    Ok(())
}

#[cfg(not(feature = "live"))]
fn ask_secrets(
    _: &App,
    _: &Host,
    _: (&Word, &Word),
    _: &ProviderEntry,
    _: &mut Vec<String>,
) -> Result<(), Problem> {
    Ok(())
}

/// Says which secrets are still to be set; if none of them is needed, looks whether it answers.
fn conclude(
    app: &App,
    host: &Host,
    (provider, name): (&Word, &Word),
    entry: &ProviderEntry,
    missing: &[String],
) -> Result<(), Problem> {
    for secret in missing {
        app.printer.hint(&format!("ifctl secret set {provider} {name} {secret}"));
    }
    let optional = |secret: &String| {
        entry.secrets.iter().any(|one| one.name.as_str() == secret && one.optional)
    };
    if !missing.iter().all(optional) {
        app.printer.hint(&format!("ifctl {provider} test {name}"));
        return Ok(());
    }
    let mut request = Request::new(provider.clone(), name.clone(), Action::Check);
    let flags = app.flags()?;
    request.flags.timeout_ms = flags.timeout_ms;
    request.flags.timeout_default_ms = flags.timeout_default_ms;
    let performed = host.run(request, Arc::new(Face::new(app.printer)))?;
    match performed.result {
        Ok(_) => app.printer.say("it answers"),
        Err(problem) => {
            let why = print::clean(&problem.message);
            app.printer.warn(&format!("it does not answer yet: {why}"));
            app.printer.hint(&format!("ifctl {provider} test {name}"));
        }
    }
    Ok(())
}
