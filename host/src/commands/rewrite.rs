//! What the shells' hooks ask at every line that begins with `if`: is it ours, and how is it
//! written so that a shell runs it?

use crate::app::App;
use crate::commands;
use crate::line::Line;
use crate::place::Place;
use crate::tree::{command_tree, first_word};
use clap::{Args, Command};
use if_core::{Code, Problem};
use serde_json::json;

/// The line as it stands in the shell's editor.
#[derive(Debug, Args)]
pub struct RewriteArgs {
    #[arg(long, allow_hyphen_values = true)]
    line: String,
}

/// Prints the line to run, or fails when the line is the shell's own.
pub fn run(app: &App, args: &RewriteArgs) -> Result<(), Problem> {
    let line = Line::read(&args.line);
    let words: Vec<String> = line.first.iter().map(|token| token.text.clone()).collect();
    let index = commands::index(&app.environment)?;
    let word = first_word(&words);
    let provider = match word.zip(index.as_ref()) {
        Some((word, index)) => index.provider(word)?,
        None => None,
    };
    let providers = index.as_ref().map_or(&[][..], |index| index.words());
    let tree = command_tree(providers, word.zip(provider.as_ref()), &words);
    match rewritten(&args.line, &line, &tree) {
        Some(line) => app.printer.result(&json!({"line": line}), &line),
        None => Err(Problem::new(Code::Usage, "the line is the shell's own")),
    }
}

/// The line with `ifctl` for its `if`: only if `if` is its unquoted first word, the words behind it
/// name a whole command, and nothing in it could belong to the shell's `if`.
fn rewritten(text: &str, line: &Line, tree: &Command) -> Option<String> {
    let (first, rest) = line.first.split_first()?;
    if first.text != "if" || first.quoted || line.is_compound {
        return None;
    }
    let words: Vec<String> = rest.iter().map(|token| token.text.clone()).collect();
    if !Place::of(tree, &words).is_complete() {
        return None;
    }
    Some(format!("{}ifctl{}", text.get(..first.start)?, text.get(first.end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Arg;

    #[test]
    fn only_a_whole_command_is_rewritten() {
        let scene = Command::new("scene").subcommand(Command::new("switch").arg(Arg::new("x")));
        let json = Arg::new("json").long("json").global(true).action(clap::ArgAction::SetTrue);
        let tree =
            Command::new("ifctl").arg(json).subcommand(Command::new("obs").subcommand(scene));
        for (line, expect) in [
            ("if obs scene switch studio 'a; b'", Some("ifctl obs scene switch studio 'a; b'")),
            ("  if --json obs scene switch | jq .", Some("  ifctl --json obs scene switch | jq .")),
            ("if 'obs' scene switch", Some("ifctl 'obs' scene switch")),
            ("if obs scene", None),
            ("if obs scen switch", None),
            ("if obs scene switch; then", None),
            ("if obs scene switch && x\nthen", None),
            ("if test -f x", None),
            ("if $obs scene switch", None),
            ("'if' obs scene switch", None),
            ("iff obs scene switch", None),
            ("obs scene switch", None),
            ("if", None),
            ("", None),
        ] {
            assert_eq!(rewritten(line, &Line::read(line), &tree).as_deref(), expect, "{line}");
        }
    }
}
