//! The real shells, through a terminal: `if vmix cut studio` runs, their own `if` stays theirs, and
//! TAB completes what there is.
//!
//! The plugin is `noop`: it answers without a device, so what is tested is the shell.

use crate::lab::Lab;
use crate::terminal::{Terminal, path_with};
use if_servers::require;
use std::fs;

/// What differs between the shells.
struct Dialect {
    name: &'static str,
    /// Where its start-up file stands, in the user's home.
    file: &'static str,
    /// Its start-up file: a prompt that no output looks like, then our script.
    start: &'static str,
    arguments: &'static [&'static str],
    /// Prints the status of the last command behind `status=`.
    status: &'static str,
    /// An `if` of its own on one line; prints `one-line`.
    one_line: &'static str,
    /// The same over several lines, typed one by one; prints `several-lines`.
    several_lines: &'static [&'static str],
    /// Lines that hold `if noop ping here` inside a loop; print `inside-a-loop`.
    in_a_loop: &'static [&'static str],
    /// What TAB makes of an `if` of ours.
    completed_if: &'static str,
    /// What ends the `if nonsuch ping here` that the shell keeps; prints `kept`.
    end_of_unknown: &'static str,
}

const BASH: Dialect = Dialect {
    name: "bash",
    file: ".bashrc",
    start: "PS1='ready> '\nbind 'set bell-style none'\neval \"$(ifctl shell-init bash)\"\n",
    arguments: &["-i"],
    status: "echo status=$?",
    one_line: "if test -d /; then echo one-''line; fi",
    several_lines: &["if test -d /", "then echo several-''lines", "fi"],
    in_a_loop: &[
        "for x in 1; do",
        "if noop ping here",
        "then :; else echo inside-''a-loop; fi; done",
    ],
    completed_if: "if",
    end_of_unknown: "then :; else echo ke''pt; fi",
};

const ZSH: Dialect = Dialect {
    name: "zsh",
    file: ".zshrc",
    start: "PS1='ready> '\nunsetopt beep\nautoload -Uz compinit && compinit -u\n\
            eval \"$(ifctl shell-init zsh)\"\n",
    arguments: &["-i"],
    ..BASH
};

const FISH: Dialect = Dialect {
    name: "fish",
    file: ".config/fish/config.fish",
    start: "function fish_prompt; echo 'ready> '; end\nfunction fish_greeting; end\n\
            ifctl shell-init fish | source\n",
    arguments: &["-i"],
    status: "echo status=$status",
    one_line: "if test -d /; echo one-''line; end",
    several_lines: &["if test -d /", "echo several-''lines", "end"],
    in_a_loop: &["for x in 1", "if noop ping here", "else; echo inside-''a-loop; end; end"],
    completed_if: "ifctl",
    end_of_unknown: "else; echo ke''pt; end",
};

/// A shell in a lab with `noop` and its instance `here`, ready for the first line.
fn start(dialect: &Dialect) -> (Lab, Terminal) {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let file = lab.path().join(dialect.file);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, dialect.start).unwrap();
    let mut command = lab.command(dialect.arguments);
    let environment: Vec<_> =
        command.get_envs().map(|(n, v)| (n.to_owned(), v.unwrap().to_owned())).collect();
    command = std::process::Command::new(dialect.name);
    command.args(dialect.arguments).envs(environment).current_dir(lab.path());
    command.env("PATH", path_with(&lab.path().join("bin")));
    let terminal = Terminal::start(&command);
    terminal.shows("ready>");
    (lab, terminal)
}

fn lines(dialect: &Dialect) {
    let (_lab, mut terminal) = start(dialect);
    terminal.send("if noop ping here colour=blue\r");
    terminal.shows("colour:  blue");
    // Quoted, neither `;` nor `then` belongs to the shell.
    terminal.send("if noop ping here 'words=a; b then c'\r");
    terminal.shows("words:  a; b then c");
    // The history has a line that runs wherever it is typed again.
    terminal.send("\u{1b}[A\u{1b}[A\r");
    terminal.shows_times("colour:  blue", 2);
    // Behind a whole path, what is wrong is told by the program, not by the shell.
    terminal.send("if noop ping\r");
    terminal.shows("error[IF_ERR_USAGE]");
    // The hook leaves the status of the last command alone.
    terminal.send("false\r");
    terminal.send(&format!("{}\r", dialect.status));
    terminal.shows("status=1");
}

fn own(dialect: &Dialect) {
    let (_lab, mut terminal) = start(dialect);
    terminal.send(&format!("{}\r", dialect.one_line));
    terminal.shows("one-line");
    for line in dialect.several_lines {
        terminal.send(&format!("{line}\r"));
    }
    terminal.shows("several-lines");
    for line in dialect.in_a_loop {
        terminal.send(&format!("{line}\r"));
    }
    terminal.shows("inside-a-loop");
    terminal.send("if nonsuch ping here\r");
    terminal.send(&format!("{}\r", dialect.end_of_unknown));
    terminal.shows("kept");
    let screen = terminal.screen();
    assert!(!screen.contains("ifctl"), "a line of the shell's own was rewritten\n{screen}");
    // Behind all that, ours still run.
    terminal.send("if noop ping here still=runs\r");
    terminal.shows("still:  runs");
}

fn tab(dialect: &Dialect) {
    let (_lab, mut terminal) = start(dialect);
    // A command, an instance, and a name only the plugin knows, with a blank in it.
    terminal.send("ifctl noop gre\t");
    terminal.shows("noop greet");
    terminal.send("he\t");
    terminal.shows("greet here");
    terminal.send("Anna\t\r");
    terminal.shows_times("Anna Maria", 1);
    terminal.shows("name:    Anna Maria");
    // Quotes and a dollar sign arrive as they are.
    terminal.send("ifctl noop greet here it\t\r");
    terminal.shows("name:    it's $HOME");
    // Within an open quote.
    terminal.send("ifctl noop greet here \"Anna M\t\r");
    terminal.shows_times("name:    Anna Maria", 2);
    // Words of an enum, behind a blank and behind an equals sign.
    terminal.send("ifctl noop greet here Ann --manner ki\t\r");
    terminal.shows("manner:  kindly");
    terminal.send("ifctl noop greet here Ann --manner=bri\t\r");
    terminal.shows("manner:  briefly");
    // Behind `if`, the same.
    let begins = dialect.completed_if;
    terminal.send("if noop gre\t");
    terminal.shows(&format!("ready> {begins} noop greet "));
    terminal.send("her\t");
    terminal.shows(&format!("ready> {begins} noop greet here "));
    terminal.send("Anna\t\r");
    terminal.shows_times("name:    Anna Maria", 3);
    // What is none of ours is completed as the shell does, and left as it is.
    terminal.send("if test -d /et\t");
    terminal.shows("ready> if test -d /etc/");
    terminal.send("\u{3}");
    // All candidates; what no terminal may see is not among them.
    terminal.send("ifctl noop greet here \t\t");
    terminal.until("the names", |screen| {
        screen.rsplit("ifctl noop greet here ").next().is_some_and(|end| end.contains("Anna"))
            || screen.matches("Ann").count() > 12
    });
    assert!(!terminal.screen().contains("Bob"), "{}", terminal.screen());
}

#[test]
fn bash_runs_a_line_that_begins_with_if() {
    if require!(Bash) {
        lines(&BASH);
    }
}

#[test]
fn bash_keeps_its_own_if() {
    if require!(Bash) {
        own(&BASH);
    }
}

#[test]
fn bash_completes() {
    if require!(Bash) {
        tab(&BASH);
    }
}

#[test]
fn zsh_runs_a_line_that_begins_with_if() {
    if require!(Zsh) {
        lines(&ZSH);
    }
}

#[test]
fn zsh_keeps_its_own_if() {
    if require!(Zsh) {
        own(&ZSH);
    }
}

#[test]
fn zsh_completes() {
    if require!(Zsh) {
        tab(&ZSH);
    }
}

#[test]
fn fish_runs_a_line_that_begins_with_if() {
    if require!(Fish) {
        lines(&FISH);
    }
}

#[test]
fn fish_keeps_its_own_if() {
    if require!(Fish) {
        own(&FISH);
    }
}

#[test]
fn fish_completes() {
    if require!(Fish) {
        tab(&FISH);
    }
}

/// vi's keys are other tables of keys; the hook is in them too.
#[test]
fn bash_runs_it_with_the_keys_of_vi() {
    if !require!(Bash) {
        return;
    }
    let (_lab, mut terminal) = start(&BASH);
    terminal.send("set -o vi\r");
    terminal.send("if noop ping here mode=insert\r");
    terminal.shows("mode:  insert");
    terminal.send("if noop ping here mode=command\u{1b}");
    terminal.send("\r");
    terminal.shows("mode:  command");
}
