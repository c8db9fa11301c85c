//! `if aliases`: the prototype's words as shell aliases.

use crate::app::App;
use clap::Args;
use if_core::Problem;
use serde_json::{Map, Value, json};

/// The prototype's programs, and the words that do the same here.
const ALIASES: &[(&str, &str)] = &[
    ("obs", "ifctl obs"),
    ("vmix", "ifctl vmix"),
    ("ha", "ifctl ha"),
    ("if-witness", "ifctl witness"),
    ("if-optimise", "ifctl optimise"),
];

/// Print shell aliases for the prototype's programs: obs, vmix, ha, if-witness, if-optimise
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  eval \"$(ifctl aliases)\"      # bash, zsh\n  \
                        ifctl aliases | source       # fish\n\n\
                        An alias hides a program of the same name: \\obs starts OBS itself.")]
pub struct AliasesArgs {}

/// Prints one line for each, as bash, zsh and fish all read them.
pub fn run(app: &App, _args: &AliasesArgs) -> Result<(), Problem> {
    let text: String =
        ALIASES.iter().map(|(name, line)| format!("alias {name}='{line}'\n")).collect();
    let pairs: Map<String, Value> =
        ALIASES.iter().map(|(name, line)| ((*name).to_owned(), json!(line))).collect();
    app.printer.result(&json!({"aliases": pairs}), &text)
}
