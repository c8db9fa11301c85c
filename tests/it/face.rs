//! What a person sees: questions only where somebody can answer, tables, colour and progress only
//! on a terminal, and nothing foreign that moves a cursor.

use crate::lab::{Lab, switcher};
use crate::terminal::{COLUMNS, Terminal};
use std::process::{Command, Stdio};

/// The binary's command on a terminal.
fn on_terminal(lab: &Lab, words: &[&str]) -> Terminal {
    Terminal::start(&lab.command(words))
}

#[test]
fn add_asks_for_what_is_missing_checks_it_and_looks_whether_it_answers() {
    let (lab, vmix) = switcher();
    let mut terminal = on_terminal(&lab, &["vmix", "add"]);
    terminal.shows("name of the new vmix instance: ");
    terminal.send("Not A Name\r");
    terminal.shows("must match [a-z0-9-]+");
    terminal.send("second\r");
    terminal.shows("host, ");
    terminal.send("\r");
    terminal.shows("host is needed");
    terminal.send("127.0.0.1\r");
    terminal.shows("port, ");
    terminal.shows("[8088]: ");
    terminal.send("ninety\r");
    terminal.shows("port must be a whole number");
    terminal.send(&format!("{}\r", vmix.http_port));
    // Whatever else it has is asked with a default, and secrets may stay unset; Enter takes it.
    let open = |screen: &str| screen.trim_end().ends_with(':');
    while !terminal.screen().contains("it answers") {
        terminal
            .until("a question or an end", |screen| open(screen) || screen.contains("it answers"));
        let asked = terminal.screen();
        if open(&asked) {
            terminal.send("\r");
            terminal.until("what comes next", |screen| screen.trim_end() != asked.trim_end());
        }
    }
    terminal.end();
    let shown = lab.run(["vmix", "show", "second", "--json"]).json();
    assert_eq!(shown["settings"]["port"], vmix.http_port);
}

#[test]
fn add_offers_to_store_secrets_and_shows_none() {
    let lab = Lab::with(&["obs"]);
    let mut terminal = on_terminal(&lab, &["obs", "add", "studio"]);
    terminal.shows("host, ");
    terminal.send("127.0.0.1\r");
    terminal.shows("port, ");
    // The rest as it is offered, until the secret is asked for.
    let (mut asked, mut answer) = (terminal.screen(), "9\r");
    while !asked.contains("(not shown") {
        terminal.send(answer);
        terminal.until("the next question", |screen| {
            let another = screen.trim_end() != asked.trim_end();
            another && (screen.contains("(not shown") || screen.trim_end().ends_with(':'))
        });
        (asked, answer) = (terminal.screen(), "\r");
    }
    terminal.hides();
    terminal.send("hunter2hunter2\r");
    terminal.shows("password stored");
    terminal.shows("it does not answer yet");
    let raw = terminal.end();
    assert!(!raw.contains("hunter2"), "{raw}");
    let listed = lab.run(["secret", "list", "--json"]).json();
    assert_eq!(listed["secrets"][0]["name"], "obs/studio/password");
}

#[test]
fn a_line_that_says_everything_is_not_asked_anything() {
    let (lab, vmix) = switcher();
    let port = vmix.http_port.to_string();
    let words = ["vmix", "add", "third", "--host", "127.0.0.1", "--port", &port];
    let raw = on_terminal(&lab, &words).end();
    assert!(raw.contains("vmix third added") && !raw.contains("]: "), "{raw}");
}

#[test]
fn nobody_is_asked_without_a_terminal_or_under_json() {
    let lab = Lab::with(&["vmix"]);
    // An answer lies ready on stdin; it must not be taken for one.
    let error = lab.feed(["vmix", "add", "x"], "127.0.0.1\n").fails("IF_ERR_USAGE", 2);
    assert!(error.contains("needs host") && !error.contains("host, "), "{error}");
    let error = lab.feed(["vmix", "add"], "x\n").fails("IF_ERR_USAGE", 2);
    assert!(error.contains("hint: ifctl vmix add <name> --host …"), "{error}");
    let raw = on_terminal(&lab, &["vmix", "add", "x", "--json"]).end();
    assert!(raw.contains("IF_ERR_USAGE") && !raw.contains("host, "), "{raw}");
    assert_eq!(lab.run(["vmix", "list", "--json"]).json()["instances"], serde_json::json!([]));
}

#[test]
fn the_end_of_the_answers_ends_the_command_and_adds_nothing() {
    let lab = Lab::with(&["vmix"]);
    let mut terminal = on_terminal(&lab, &["vmix", "add", "x"]);
    terminal.shows("host, ");
    terminal.send("\u{4}");
    let raw = terminal.end();
    assert!(raw.contains("no answer came"), "{raw}");
    assert_eq!(lab.run(["vmix", "list", "--json"]).json()["instances"], serde_json::json!([]));
}

#[test]
fn tables_are_aligned_on_a_terminal_and_plain_elsewhere() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["witness", "log", "--message", &"a long remark ".repeat(30)]).ok();
    let text = lab.run(["witness", "log"]).ok();
    assert!(text.starts_with("AT\tOPERATION\tWHAT\t"), "{text}");
    assert!(text.contains(&"a long remark ".repeat(29)), "nothing is cut: {text}");
    assert!(!text.contains('\u{1b}') && !text.contains('…'), "{text}");

    let terminal = on_terminal(&lab, &["witness", "log"]);
    terminal.shows("a long remark");
    let raw = terminal.end();
    assert!(raw.contains('…'), "{raw}");
    let widest = raw.lines().map(|line| without_escapes(line).chars().count()).max().unwrap();
    assert!(widest <= usize::from(COLUMNS), "{widest}: {raw}");
}

/// The text without colour.
fn without_escapes(text: &str) -> String {
    let mut parts = text.trim_end_matches('\r').split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let lab = Lab::with(&["noop"]);
    let refused = ["noop", "ping", "nobody"];
    assert!(!lab.run(refused).stderr.contains('\u{1b}'));
    let raw = on_terminal(&lab, &refused).end();
    assert!(raw.contains("\u{1b}[1;31merror[IF_ERR_INSTANCE_UNKNOWN]:\u{1b}[0m"), "{raw}");
    let mut plain = lab.command(refused);
    plain.env("NO_COLOR", "1");
    let raw = Terminal::start(&plain).end();
    assert!(raw.contains("error[IF_ERR_INSTANCE_UNKNOWN]:") && !raw.contains("\u{1b}["), "{raw}");
}

/// A name that a device may have: it would colour the screen and turn the line around.
#[test]
fn foreign_text_moves_no_cursor() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let raw = on_terminal(&lab, &["noop", "names", "here"]).end();
    assert!(raw.contains("Bob[31m") && !raw.contains("Bob\u{1b}"), "{raw}");
    assert!(!raw.contains('\u{202e}'), "{raw}");
    // JSON keeps the value, and no byte of it is one that a terminal acts upon.
    let json = lab.run(["noop", "names", "here", "--json"]);
    assert!(json.stdout.contains("Bob\\u001b[31m\\u202e"), "{}", json.stdout);
    assert_eq!(json.json()["names"][3]["name"], "Bob\u{1b}[31m\u{202e}");
}

#[test]
fn a_stream_is_one_json_value_per_line() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let text = lab.run(["noop", "stream", "here", "--count", "3", "--json"]).ok();
    let values: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ticks: Vec<_> = values.iter().map(|value| value["tick"].clone()).collect();
    assert_eq!(&ticks[..3], [1, 2, 3]);
}

#[test]
fn aliases_are_the_prototypes_words_in_a_real_shell() {
    let lab = Lab::with(&["noop"]);
    let text = lab.run(["aliases"]).ok();
    let names: Vec<&str> = text.lines().filter_map(|line| line.split(['=', ' ']).nth(1)).collect();
    assert_eq!(names, ["obs", "vmix", "ha", "if-witness", "if-optimise"]);
    let script = format!("shopt -s expand_aliases\n{text}\nif-witness verify\n");
    let mut bash = Command::new("bash");
    for (name, value) in lab.command([""; 0]).get_envs() {
        bash.env(name, value.unwrap());
    }
    bash.env("PATH", crate::terminal::path_with(&lab.path().join("bin")));
    let output = bash.args(["-c", &script]).stdin(Stdio::null()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("entries and"), "{shown}{}", String::from_utf8_lossy(&output.stderr));
}
