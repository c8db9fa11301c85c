//! Guest time: a clock that moves only when the broker answers, so that a replay sees the same
//! instants and a guest cannot time the host.

use if_core::UnixMillis;
use std::sync::atomic::{AtomicU64, Ordering};

const NANOS_PER_MILLI: u64 = 1_000_000;

/// Nanoseconds since 1970, saturating in the year 2554. Never goes back.
#[derive(Debug)]
pub(crate) struct GuestTime {
    start: u64,
    now: AtomicU64,
}

impl GuestTime {
    pub(crate) fn new(start: UnixMillis) -> Self {
        let start = start.0.saturating_mul(NANOS_PER_MILLI);
        Self { start, now: AtomicU64::new(start) }
    }

    /// Nanoseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// Nanoseconds since the call began: the guest's monotonic clock.
    pub(crate) fn elapsed(&self) -> u64 {
        self.now().saturating_sub(self.start)
    }

    /// The instant of an answer; an earlier one changes nothing.
    pub(crate) fn move_to(&self, at: UnixMillis) {
        self.pass_to(at.0.saturating_mul(NANOS_PER_MILLI));
    }

    /// The end of a sleep, exact to the nanosecond: answers come in milliseconds, and a guest that
    /// waits in a loop until its instant is reached must see it reached.
    pub(crate) fn pass_to(&self, nanos: u64) {
        self.now.fetch_max(nanos, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_forward_only() {
        let time = GuestTime::new(UnixMillis(1_000));
        time.move_to(UnixMillis(1_005));
        time.move_to(UnixMillis(900));
        assert_eq!(time.elapsed(), 5 * NANOS_PER_MILLI);
        time.pass_to(1_005 * NANOS_PER_MILLI + 7);
        assert_eq!(time.elapsed(), 5 * NANOS_PER_MILLI + 7);
    }
}
