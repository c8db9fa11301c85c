//! A guest's stdout and stderr, and the budget they share with its log lines.
//!
//! A plugin may write as it likes: what exceeds the budget is dropped behind a marker, and the
//! call goes on. How often it may try is bounded by host calls and fuel. A stream's lines have a
//! new budget with every pulse, because they are passed on and not kept; what it prints is kept,
//! and so has one budget for good.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Stands once at the place where the log was cut.
const MARKER: &str = "\n[log cut: limit reached]\n";

/// Largest single write; bounds what the host copies at a time.
const WRITE_BYTES_MAX: usize = 64 << 10;

/// One budget, one text; clones are the same log.
#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<Mutex<Contents>>);

#[derive(Debug)]
struct Contents {
    text: Vec<u8>,
    left: usize,
    cut: bool,
    bytes_max: usize,
    /// Lines passed on since the last renewal.
    said: usize,
}

impl Log {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let (text, left, cut, said) = (Vec::new(), bytes_max, false, 0);
        Self(Arc::new(Mutex::new(Contents { text, left, cut, bytes_max, said })))
    }

    /// Keeps what the budget allows.
    fn write(&self, bytes: &[u8]) {
        let mut contents = self.lock();
        let kept = bytes.get(..contents.left).unwrap_or(bytes);
        contents.text.extend_from_slice(kept);
        contents.left -= kept.len();
        if kept.len() < bytes.len() {
            contents.mark();
        }
    }

    /// Takes a log line of this length from the budget; false when it does not fit.
    pub(crate) fn charge(&self, bytes: usize) -> bool {
        let mut contents = self.lock();
        match contents.left.checked_sub(bytes) {
            Some(left) => {
                contents.left = left;
                contents.said += bytes;
                true
            }
            None => {
                contents.left = 0;
                contents.mark();
                false
            }
        }
    }

    /// Gives back what lines took, and says how much that was.
    pub(crate) fn renew(&self) -> u64 {
        let mut contents = self.lock();
        contents.left = contents.bytes_max.saturating_sub(contents.text.len());
        std::mem::take(&mut contents.said) as u64
    }

    /// What was written to stdout and stderr.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock().text).into_owned()
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn mark(&mut self) {
        if !self.cut {
            self.cut = true;
            self.text.extend_from_slice(MARKER.as_bytes());
        }
    }
}

#[async_trait]
impl Pollable for Log {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Log {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        Log::write(self, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_once_and_bounded() {
        let log = Log::new(10);
        for _ in 0..100 {
            log.write(b"abcdef");
        }
        assert_eq!(log.text(), format!("abcdefabcd{MARKER}"));
    }

    #[test]
    fn lines_and_stdout_share_one_budget() {
        let log = Log::new(10);
        assert!(log.charge(8));
        log.write(b"abcdef");
        assert_eq!(log.text(), format!("ab{MARKER}"));
        assert!(!log.charge(1));
    }

    #[test]
    fn renewing_gives_back_what_lines_took_and_not_what_is_kept() {
        let log = Log::new(10);
        log.write(b"kept");
        for _ in 0..100 {
            assert!(log.charge(6));
            assert_eq!(log.renew(), 6);
        }
        assert!(!log.charge(7));
        assert!(log.text().starts_with("kept"));
    }
}
