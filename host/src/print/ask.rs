//! Questions to a person. Nobody is asked who cannot answer: without a terminal on both ends, or
//! when the reader is a program.

use super::{Printer, clean, progress};
use if_core::{Code, Problem};
use std::io::{self, IsTerminal, Write};

/// Whether there is a person to ask: they see stderr and type on stdin.
pub fn may_ask(printer: &Printer) -> bool {
    !printer.json() && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on stderr and reads one line, without the blanks around it.
///
/// # Errors
/// A usage problem when the input ends (Ctrl-D) or cannot be read.
pub fn ask(question: &str) -> Result<String, Problem> {
    let failed = |e: io::Error| Problem::new(Code::Usage, "no answer came").because(e.to_string());
    progress::wipe();
    let mut stderr = io::stderr().lock();
    write!(stderr, "{}", clean(question)).and_then(|()| stderr.flush()).map_err(failed)?;
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer).map_err(failed)? == 0 {
        let _ = writeln!(stderr);
        return Err(Problem::new(Code::Usage, "no answer came"));
    }
    Ok(answer.trim().to_owned())
}
