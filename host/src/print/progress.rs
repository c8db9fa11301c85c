//! The one line of progress: on a terminal's stderr alone, overwritten in place, and wiped before
//! anything else is printed.

use super::sanitize::clean;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a progress line stands on the terminal right now.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Carriage return, then erase to the end of the line (ECMA-48 §8.3.41).
const WIPE: &str = "\r\u{1b}[K";

/// Shows or replaces the line, cut to `width` columns so that it never wraps.
pub fn show(done: u64, total: Option<u64>, message: &str, width: usize) {
    let text = line(done, total, message, width);
    SHOWN.store(true, Ordering::Relaxed);
    // Nobody is told that progress cannot be shown.
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{WIPE}{text}").and_then(|()| stderr.flush());
}

/// Takes the line away, if there is one.
pub fn wipe() {
    if SHOWN.swap(false, Ordering::Relaxed) {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{WIPE}").and_then(|()| stderr.flush());
    }
}

fn line(done: u64, total: Option<u64>, message: &str, width: usize) -> String {
    let share = total.map_or_else(|| done.to_string(), |total| format!("{done}/{total}"));
    super::view::cut(&format!("{share} {}", clean(message)), width.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_never_wraps_and_carries_no_control_characters() {
        assert_eq!(line(3, Some(10), "copy\u{1b}[2J", 80), "3/10 copy[2J");
        assert_eq!(line(3, None, "a long message", 10), "3 a long\u{2026}");
    }
}
