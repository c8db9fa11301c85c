//! The context that holds for a line, and what it adds to the line.
//!
//! A context's instance takes its place only where the line names none, and that is decided
//! without guessing: the first word behind a command's path is the instance exactly when an
//! instance of that name is configured. `remove` always wants its instance spelled out.

use crate::app::App;
use crate::place::Place;
use clap::Command;
use if_config::{Context, Environment, Home, ProviderFile, Settings};
use if_core::{Code, Explain, Problem};

/// The context of a line, and who chose it.
#[derive(Debug, Clone, Default)]
pub struct InForce {
    pub context: Option<Context>,
    pub settings: Settings,
    pub from: From,
}

/// Who chose the context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum From {
    Flag,
    Environment,
    #[default]
    File,
}

impl From {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            From::Flag => "flag",
            From::Environment => "environment",
            From::File => "file",
        }
    }
}

impl InForce {
    /// Whether results are JSON unless the line says otherwise.
    pub fn wants_json(&self) -> bool {
        self.context.as_ref().is_some_and(|context| context.json)
    }
}

/// Reads `config.yaml` and finds the context of this line. No home is no context.
pub fn in_force(environment: &Environment, flag: Option<&str>) -> Result<InForce, Problem> {
    let path = Home::locate(environment, None).join("config.yaml");
    let settings = Settings::load(&path).map_err(|error| error.problem())?;
    let context = settings.context_for(flag, environment).map_err(|error| error.problem())?;
    let from = match (flag, environment.context()) {
        (Some(_), _) => From::Flag,
        (None, Some(_)) => From::Environment,
        (None, None) => From::File,
    };
    Ok(InForce { context: context.cloned(), from, settings })
}

/// What the context forbids the line. A flag that names a context which does not exist is refused
/// whatever the command; otherwise a broken configuration is told by the commands that need it.
pub fn permits(app: &App) -> Result<(), Problem> {
    let context = match &app.context {
        Ok(in_force) => in_force.context.as_ref(),
        Err(problem) if app.global.context.is_some() => return Err(problem.clone()),
        Err(_) => None,
    };
    match context {
        Some(context) if context.yes_never && app.global.yes => {
            let text = format!("context `{}` never takes --yes", context.name);
            Err(Problem::new(Code::Usage, text)
                .because("`yes: never` stands in config.yaml")
                .hint("name a context that allows it: --context NAME"))
        }
        _ => Ok(()),
    }
}

/// The line with the context's instance behind the command's path; `None` where the line needs
/// none.
pub fn with_instance(
    tree: &Command,
    arguments: &[String],
    provider: &str,
    in_force: &InForce,
    environment: &Environment,
) -> Option<Vec<String>> {
    let instance = in_force.context.as_ref()?.instance(provider)?;
    let words = arguments.get(1..)?;
    let place = Place::of(tree, words);
    if !takes_default(&place) {
        return None;
    }
    let named = place.positionals.first().and_then(|index| words.get(*index));
    if named.is_some_and(|word| is_configured(environment, provider, word)) {
        return None;
    }
    let mut completed = arguments.to_vec();
    // One further: the program's own name stands before the words.
    completed.insert(place.behind_path + 1, instance.to_string());
    Some(completed)
}

/// Whether the command acts on an instance that a context may name.
pub fn takes_default(place: &Place<'_>) -> bool {
    let takes_one =
        place.command.get_positionals().next().is_some_and(|a| a.get_id() == "instance");
    place.is_complete() && takes_one && !matches!(place.path.as_slice(), [_, "add" | "remove"])
}

/// Whether an instance of this name is configured. A file that cannot be read has none: the
/// command itself then says what is wrong with it.
pub fn is_configured(environment: &Environment, provider: &str, name: &str) -> bool {
    names(environment, provider).iter().any(|known| known == name)
}

/// The configured instances of a provider.
pub fn names(environment: &Environment, provider: &str) -> Vec<String> {
    let home = Home::locate(environment, None);
    let path = home.join("providers").join(format!("{provider}.yaml"));
    let names = ProviderFile::load(&path).map(|file| file.names()).unwrap_or_default();
    names.into_iter().map(|name| name.to_string()).collect()
}
