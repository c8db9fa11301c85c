//! `if context use`: writes into `config.yaml` which context holds from now on.

use crate::app::App;
use clap::Args;
use if_config::{Home, Settings};
use if_core::{Explain, Problem};
use serde_json::json;

/// Use a context from now on, or none
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl context use live\n  ifctl context use --none")]
pub struct UseArgs {
    /// The context, as `context list` shows it
    #[arg(required_unless_present = "none", conflicts_with = "none")]
    name: Option<String>,

    /// No context from now on
    #[arg(long)]
    none: bool,
}

/// Changes the one line `context:`; everything else in the file stays.
pub fn run(app: &App, args: &UseArgs) -> Result<(), Problem> {
    let home = Home::open(Home::locate(&app.environment, None)).map_err(|e| e.problem())?;
    let settings = Settings::use_context(&home.config_file(), args.name.as_deref())
        .map_err(|error| error.problem())?;
    let text = match &settings.context {
        Some(name) => format!("context {name} in use"),
        None => "no context in use".to_owned(),
    };
    app.printer.result(&json!({"context": settings.context}), &text)?;
    match app.environment.context() {
        Some(name) if settings.context.as_ref().is_none_or(|context| context.as_str() != name) => {
            app.printer.warn(&format!("IF_CONTEXT names `{}`, which goes before it", name));
            Ok(())
        }
        _ => Ok(()),
    }
}
