//! `if completion`: a script that asks this binary for candidates at every TAB.

use crate::app::App;
use clap::Args;
use if_core::Problem;
use serde_json::json;

/// Print the completion script of a shell
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// Which shell
    #[arg(value_parser = ["bash", "zsh", "fish"])]
    shell: String,
}

/// Prints it. `if` itself is not completed by bash and fish: they parse it as their reserved word.
pub fn run(app: &App, args: &CompletionArgs) -> Result<(), Problem> {
    let script = match args.shell.as_str() {
        "bash" => BASH,
        "zsh" => ZSH,
        _ => FISH,
    };
    app.printer.result(&json!({"shell": args.shell, "script": script}), script)
}

const BASH: &str = r#"# bash completion for ifctl:  source <(ifctl completion bash)
_ifctl() {
    local line
    COMPREPLY=()
    while IFS=$'\t' read -r line _; do COMPREPLY+=("$line"); done \
        < <(ifctl __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _ifctl ifctl
"#;

const ZSH: &str = r#"#compdef ifctl
# zsh completion for ifctl:  source <(ifctl completion zsh)
_ifctl() {
    local -a candidates
    local word about
    while IFS=$'\t' read -r word about; do
        candidates+=("${word//:/\\:}:$about")
    done < <(ifctl __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
    _describe 'ifctl' candidates || _files
}
compdef _ifctl ifctl
"#;

const FISH: &str = r#"# fish completion for ifctl:  ifctl completion fish | source
function __ifctl
    ifctl __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
end
complete -c ifctl -f -a '(__ifctl)'
"#;
