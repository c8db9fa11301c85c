//! What a worker is held to from outside: it may have been taken over, and then says what its new
//! master wants.

use crate::call::{Call, CallError, Report};
use if_core::{Answer, Ask, Code, Exit, Refusal};
use if_manifest::model::Limits;
use std::collections::VecDeque;

/// A byte of a message spelled out in JSON takes at most six: `\u0000`.
const SPELLED_BYTES: u64 = 6;

/// Beside the texts in a message: names, numbers, headers.
const AROUND_BYTES: u64 = 1 << 20;

/// Refusals of the broker that are remembered. A guest reports one of the last.
const REFUSALS_MAX: usize = 64;

/// One per call.
pub(super) struct Judge {
    limits: Limits,
    stream: bool,
    stop_is_due: bool,
    interrupted: bool,
    asks: u64,
    words: u64,
    /// What the broker refused, the latest last.
    refusals: VecDeque<Refusal>,
}

impl Judge {
    pub(super) fn new(call: &Call) -> Self {
        Self {
            limits: call.limits,
            stream: call.stream.is_some(),
            stop_is_due: call.stream.is_some_and(|stream| stream.stop_after_ms.is_some()),
            interrupted: false,
            asks: 0,
            words: 0,
            refusals: VecDeque::new(),
        }
    }

    /// Longest message that makes sense under the limits of the call.
    pub(super) fn message_bytes_max(&self) -> usize {
        let limits = &self.limits;
        let texts = [limits.message_bytes_max, limits.output_bytes_max, limits.log_bytes_max];
        let texts = texts.into_iter().fold(0, u64::saturating_add);
        let most = texts.saturating_mul(SPELLED_BYTES).saturating_add(AROUND_BYTES);
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    pub(super) fn interrupted(&mut self) {
        self.interrupted = true;
    }

    /// Counts a wish where no guest reaches the counter; `waiting` are not yet answered. The
    /// sandbox ends a call earlier, with the limit's name: this trips only when it is gone.
    pub(super) fn allows(&mut self, ask: &Ask, waiting: usize) -> Result<(), &'static str> {
        if waiting > usize::try_from(self.limits.handles_max).unwrap_or(usize::MAX) {
            return Err("more wishes at once than it can have handles");
        }
        if self.stream {
            return Ok(());
        }
        self.asks = self.asks.saturating_add(1);
        self.words = self.words.saturating_add(words(ask));
        if self.asks > self.limits.host_calls_max {
            return Err("more wishes than it may make");
        }
        if self.words > self.limits.output_bytes_max.saturating_add(self.limits.log_bytes_max) {
            return Err("more words than it may say");
        }
        Ok(())
    }

    /// Remembers what was refused.
    pub(super) fn answered(&mut self, answer: &Answer) {
        if let Err(refusal) = &answer.result {
            if self.refusals.len() == REFUSALS_MAX {
                self.refusals.pop_front();
            }
            self.refusals.push_back(refusal.clone());
        }
    }

    /// The report, if it can be one of the sandbox; else why it cannot.
    pub(super) fn report(&self, report: Report) -> Result<Report, &'static str> {
        let long = |text: &str, most: u64| text.len() as u64 > most;
        // Past its cap a log says in a few words that it was cut.
        if long(&report.usage.log, self.limits.log_bytes_max.saturating_add(AROUND_BYTES)) {
            return Err("a longer log than it may keep");
        }
        match &report.result {
            Ok(text) if long(text, self.limits.output_bytes_max) => {
                Err("a longer result than it may give")
            }
            Err(CallError::Refused(refusal)) if !self.may_report(refusal) => {
                Err("a refusal that nobody gave")
            }
            Err(CallError::Limit { code, .. }) if code.exit() != Exit::Limit => {
                Err("a limit that is none")
            }
            Err(CallError::Interrupted) if !self.interrupted => Err("Ctrl-C, which was not"),
            Err(CallError::Stopped) if !self.stop_is_due => Err("a stop that nobody asked for"),
            _ => Ok(report),
        }
    }

    /// A refusal of the broker; or of the sandbox itself, which never has a line to write.
    fn may_report(&self, refusal: &Refusal) -> bool {
        let own = [Code::LimitNetwork, Code::PluginMisbehaved, Code::Bug];
        self.refusals.contains(refusal) || (refusal.hints.is_empty() && own.contains(&refusal.code))
    }
}

/// What of a wish is printed or kept.
fn words(ask: &Ask) -> u64 {
    let length = match ask {
        Ask::Emit { event } => event.len(),
        Ask::Progress { message, .. } | Ask::Log { message, .. } => message.len(),
        Ask::Attach { name, evidence } => name.len() + evidence.len(),
        Ask::CostReserve { reason: text, .. } | Ask::CostReport { usage: text, .. } => text.len(),
        _ => 0,
    };
    length as u64
}
