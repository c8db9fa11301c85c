//! `ifctl`, also installed as `if`: the operator's command, and the only room that prints and
//! exits.
//!
//! It turns words into a request, hands it to `dispatch`, and renders what comes back. No decision
//! about trust, effects or secrets is taken here.

mod app;
mod args;
mod bug;
mod commands;
mod complete;
mod context;
mod input;
mod keys;
mod line;
mod parse;
mod place;
mod print;
mod sealed;
mod shell;
mod tree;

use std::process::ExitCode;

fn main() -> ExitCode {
    sealed::seal();
    let arguments: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    ExitCode::from(app::run(arguments) as u8)
}
