//! The only printer. Results go to stdout, everything else to stderr; nothing else prints.
//!
//! Text that came from a plugin or a provider loses control and bidirectional characters before a
//! terminal sees it ([`sanitize`]), so a device cannot forge a hint or move the cursor.

mod ask;
mod canvas;
mod face;
mod paper;
mod progress;
mod sanitize;
mod time;
mod view;

pub use ask::{ask, may_ask};
pub use canvas::{Canvas, Ink};
pub use face::Face;
pub use paper::{Column, Facts, Paper, Table};
pub use sanitize::{clean, is_clean};
pub use time::{ago, instant, time};

use if_core::{Code, Problem};
use sanitize::clean_lines;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::io::{self, BufWriter, Write};

/// Where and how to speak to this reader.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    json: bool,
    quiet: bool,
    verbose: u8,
    /// What stdout and stderr can show.
    out: Canvas,
    err: Canvas,
}

impl Printer {
    /// A printer for these flags; `colour` is what the environment says of it.
    pub fn new(json: bool, quiet: bool, verbose: u8, colour: bool) -> Self {
        let (out, err) = (Canvas::of(&io::stdout(), colour), Canvas::of(&io::stderr(), colour));
        Self { json, quiet, verbose, out, err }
    }

    /// What stdout can show: tables are made for it.
    pub fn canvas(&self) -> Canvas {
        self.out
    }

    /// Whether the reader is a program.
    pub fn json(&self) -> bool {
        self.json
    }

    /// The command's result: `text` for people, `value` for programs.
    pub fn result(&self, value: &impl Serialize, text: &str) -> Result<(), Problem> {
        if self.json {
            return self.line(&encode(value)?);
        }
        let text = text.trim_end_matches('\n');
        if text.is_empty() { Ok(()) } else { self.line(text) }
    }

    /// One line on stdout, at once.
    pub fn line(&self, text: &str) -> Result<(), Problem> {
        progress::wipe();
        let mut out = io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).map_err(output_failed)
    }

    /// A result that is a file, piece by piece on stdout.
    pub fn file(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        progress::wipe();
        let mut out = BufWriter::new(io::stdout().lock());
        write(&mut out)?;
        out.flush().map_err(output_failed)
    }

    /// Talk: on stderr, silenced by `--quiet`, absent under `--json`.
    pub fn say(&self, text: &str) {
        if !self.quiet && !self.json {
            to_stderr(text);
        }
    }

    /// Talk with facts in it: text for people, one JSON object for programs.
    pub fn tell(&self, text: &str, facts: Value) {
        match (self.quiet, self.json) {
            (true, _) => {}
            (false, true) => to_stderr(&sanitize::escape_json(&facts.to_string())),
            (false, false) => to_stderr(text),
        }
    }

    /// Talk that only `-v` asks for.
    pub fn detail(&self, level: u8, text: &str) {
        if self.verbose >= level && !self.json {
            to_stderr(text);
        }
    }

    /// A hint of the host. Only the host prints lines that begin so.
    pub fn hint(&self, text: &str) {
        self.say(&format!("{} {text}", self.err.ink(Ink::Hint, "hint:")));
    }

    /// A warning, in the host's words or cleaned; for programs an object of its own.
    pub fn warn(&self, text: &str) {
        let line = format!("{} {text}", self.err.ink(Ink::Warning, "warning:"));
        self.tell(&line, json!({ "warning": text }));
    }

    /// A problem, in full.
    pub fn problem(&self, problem: &Problem) {
        if self.json {
            to_stderr(&sanitize::escape_json(&problem_json(problem).to_string()));
        } else {
            to_stderr(&problem_text(problem, self.err));
        }
    }
}

/// Whether stdin is a person's terminal.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// A value as one line of JSON, safe for a terminal.
pub fn encode(value: &impl Serialize) -> Result<String, Problem> {
    let text = serde_json::to_string(value).map_err(|error| {
        Problem::new(Code::Bug, "a result cannot be written as JSON").because(error.to_string())
    })?;
    Ok(sanitize::escape_json(&text))
}

fn to_stderr(text: &str) {
    progress::wipe();
    // Whoever closed stderr does not want to read; there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Why what was asked for could not be put out.
pub fn output_failed(error: io::Error) -> Problem {
    let code = match error.kind() {
        io::ErrorKind::BrokenPipe => Code::BrokenPipe,
        io::ErrorKind::StorageFull => Code::StoreFull,
        _ => Code::Store,
    };
    Problem::new(code, "the output cannot be written").because(error.to_string())
}

/// The JSON shape of a problem; stable.
pub fn problem_json(problem: &Problem) -> Value {
    json!({"error": {
        "code": problem.code.as_str(),
        "exit": problem.code.exit() as u8,
        "message": clean(&problem.message),
        "because": problem.because.iter().map(|cause| clean(cause)).collect::<Vec<_>>(),
        "hints": problem.hints.iter().map(|hint| clean_lines(hint)).collect::<Vec<_>>(),
    }})
}

/// The text shape of a problem: what happened, why, what to write.
fn problem_text(problem: &Problem, canvas: Canvas) -> String {
    let head = canvas.ink(Ink::Error, &format!("error[{}]:", problem.code));
    let mut text = format!("{head} {}", clean(&problem.message));
    for cause in &problem.because {
        text.push_str(&format!("\n  because: {}", clean(cause)));
    }
    for hint in &problem.hints {
        // A hint may repeat what was typed or what a file says.
        text.push_str(&format!("\n{} {}", canvas.ink(Ink::Hint, "hint:"), clean_lines(hint)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::UnixMillis;

    #[test]
    fn an_instant_has_its_zone() {
        for (text, expect) in [
            ("1970-01-01T00:00:01Z", Some(1000)),
            ("1970-01-01T01:00+01:00", Some(0)),
            ("2026-11-25T21:04:00.5Z", Some(1_795_640_640_500)),
            ("21:04", None),
            ("2026-11-25T21:04", None),
            ("1969-12-31T23:59Z", None),
        ] {
            assert_eq!(instant(text), expect.map(UnixMillis), "{text}");
        }
    }

    #[test]
    fn so_long_ago_is_an_instant_before_now() {
        const HOUR: u64 = 3_600_000;
        let now = UnixMillis(1_000 * HOUR);
        for (text, minutes) in [
            ("1 hour ago", 60),
            ("90 minutes ago", 90),
            ("2 days ago", 2 * 24 * 60),
            ("1 week 1 day ago", 8 * 24 * 60),
        ] {
            assert_eq!(ago(text, now), Some(UnixMillis(now.0 - minutes * HOUR / 60)), "{text}");
        }
        for nothing in ["1 hour", "in 1 hour", "yesterday", "3000 years ago", "", "0 hours ago"] {
            assert_eq!(ago(nothing, now), None, "{nothing}");
        }
    }

    #[test]
    fn a_problem_cannot_forge_a_hint() {
        let problem = Problem::new(Code::Provider, "no scene\nhint: run rm -rf\u{1b}[2J")
            .because("x\u{202e}y")
            .hint("if obs scene list studio");
        assert_eq!(
            problem_text(&problem, Canvas::PLAIN),
            "error[IF_ERR_PROVIDER]: no scene hint: run rm -rf[2J\n  because: xy\nhint: if obs \
                 scene list studio"
        );
    }
}
