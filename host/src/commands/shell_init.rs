//! `if shell-init`: what a shell needs to treat `if vmix cut studio` as the command it is, and to
//! complete it.

use crate::app::App;
use crate::shell::Shell;
use clap::Args;
use if_core::Problem;
use serde_json::json;

/// Print a script that completes commands and lets `if vmix cut studio` run although `if` is the
/// shell's word
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    eval \"$(ifctl shell-init bash)\"       # in ~/.bashrc\n  \
    eval \"$(ifctl shell-init zsh)\"        # in ~/.zshrc, behind your own zstyle lines\n  \
    ifctl shell-init fish | source        # in ~/.config/fish/config.fish\n\n\
    An interactive line is rewritten to `ifctl …` only if its words name an installed command and \
    it has no unquoted `;`, line break or `then`: the shell's own `if` works as ever.")]
pub struct ShellInitArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints it.
pub fn run(app: &App, args: &ShellInitArgs) -> Result<(), Problem> {
    let script = args.shell.init();
    app.printer.result(&json!({"shell": args.shell.name(), "script": script}), &script)
}
