//! Readers of foreign bytes, reachable for `tests/fuzz`. The feature `fuzzing` switches this module
//! on; no program that ships has it (`xtask tidy`).

use crate::json;
use crate::worker;

/// Whether a guest's text is JSON that everybody can read, and if not, why not.
pub fn guest_json(text: &str) -> Result<(), String> {
    json::check(text)
}

/// The messages of a worker, so many bytes at a time, as they would be written anew; and why the
/// reading ended, unless the other side closed.
pub fn said(
    stream: &[u8],
    piece: usize,
    message_bytes_max: usize,
) -> (Vec<Vec<u8>>, Option<String>) {
    worker::reread_said(stream, piece, message_bytes_max)
}

/// The messages that a worker is told.
pub fn told(
    stream: &[u8],
    piece: usize,
    message_bytes_max: usize,
) -> (Vec<Vec<u8>>, Option<String>) {
    worker::reread_told(stream, piece, message_bytes_max)
}
