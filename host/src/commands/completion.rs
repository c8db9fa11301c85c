//! `if completion`: a script that asks this binary for candidates at every TAB.

use crate::app::App;
use crate::shell::Shell;
use clap::Args;
use if_core::Problem;
use serde_json::json;

/// Print the completion script of a shell; shell-init prints it too, and more
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  source <(ifctl completion bash)\n  \
                        ifctl completion fish | source")]
pub struct CompletionArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints it.
pub fn run(app: &App, args: &CompletionArgs) -> Result<(), Problem> {
    let script = args.shell.completion();
    app.printer.result(&json!({"shell": args.shell.name(), "script": script}), script)
}
