//! What a running call says: passed on to the reader at once, and the evidence kept for the
//! outcome.

use crate::recorded::Said;
use if_core::{Code, EventSink, LogLevel, Refusal, RefusalKind};
use std::sync::{Arc, Mutex, PoisonError};

/// Most pieces of evidence one operation may attach, and their size together: they are stored.
const EVIDENCE_COUNT_MAX: usize = 64;
const EVIDENCE_BYTES_MAX: usize = 256 << 10;

/// The listening end of one operation.
pub struct Events {
    face: Arc<dyn EventSink>,
    evidence: Mutex<Vec<(String, String)>>,
    said: Mutex<Said>,
}

impl Events {
    /// Events that go on to `face`.
    pub fn new(face: Arc<dyn EventSink>) -> Self {
        Self { face, evidence: Mutex::default(), said: Mutex::default() }
    }

    /// The evidence that was attached, in order.
    pub fn evidence(&self) -> Vec<(String, String)> {
        self.evidence.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The events that were passed on.
    pub fn said(&self) -> Said {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl EventSink for Events {
    fn emit(&self, event: &str) -> Result<(), Refusal> {
        self.face.emit(event)?;
        self.said.lock().unwrap_or_else(PoisonError::into_inner).add(event);
        Ok(())
    }

    fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        self.face.progress(done, total, message);
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.face.log(level, message);
    }

    fn attach(&self, name: &str, evidence: &str) -> Result<(), Refusal> {
        let mut kept = self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: usize = kept.iter().map(|(name, text)| name.len() + text.len()).sum();
        if kept.len() >= EVIDENCE_COUNT_MAX
            || bytes + name.len() + evidence.len() > EVIDENCE_BYTES_MAX
        {
            let text = "the plugin attached more evidence than an operation may hold";
            return Err(Refusal::fatal(RefusalKind::Limit, Code::LimitOutput, text));
        }
        kept.push((name.to_owned(), evidence.to_owned()));
        Ok(())
    }
}
