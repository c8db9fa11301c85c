//! A running command's own words, as they come: events on stdout, progress and logs on stderr.

use super::sanitize::{clean, escape_json};
use super::{Printer, progress};
use if_core::{Code, EventSink, LogLevel, Refusal, RefusalKind};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use serde_json::json;
use std::io;

/// The live end of an operation for this reader.
#[derive(Debug)]
pub struct Face {
    printer: Printer,
}

impl Face {
    /// A face that speaks through `printer`.
    pub fn new(printer: Printer) -> Self {
        Self { printer }
    }
}

impl EventSink for Face {
    fn emit(&self, event: &str) -> Result<(), Refusal> {
        await_reader()?;
        self.printer.line(&escape_json(event)).map_err(|problem| {
            let kind = if problem.code == Code::BrokenPipe {
                RefusalKind::Unreachable
            } else {
                RefusalKind::Limit
            };
            Refusal::fatal(kind, problem.code, problem.message)
        })
    }

    fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        if let (false, Some(width)) = (self.printer.json(), self.printer.err.width) {
            progress::show(done, total, message, width);
        }
    }

    fn log(&self, level: LogLevel, message: &str) {
        let text = clean(message);
        if level >= LogLevel::Warn {
            // A program that reads a stream must hear of its gaps too.
            self.printer.tell(&format!("plugin: {text}"), json!({ "plugin": text }));
        } else {
            self.printer.detail(2, &format!("plugin: {text}"));
        }
    }

    fn attach(&self, _name: &str, _evidence: &str) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Waits until stdout takes a line. A reader that has stopped reading must not hold back Ctrl-C: a
/// write to a full pipe goes on after a signal, this does not.
fn await_reader() -> Result<(), Refusal> {
    let stdout = io::stdout();
    match poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None) {
        Err(Errno::INTR) => {
            let text = "stopped while nobody read the events";
            Err(Refusal::fatal(RefusalKind::Limit, Code::Interrupted, text))
        }
        // Whatever else is wrong with stdout, writing says it.
        _ => Ok(()),
    }
}
