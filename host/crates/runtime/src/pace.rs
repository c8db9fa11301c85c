//! How a stream is bounded: what its manifest allows one call, it may use between two pulses, and
//! over time as much per deadline.
//!
//! A pulse is an emitted event, or an answer from outside: a message, a whole response, an attempt
//! to connect. The clock of silence runs from pulse to pulse and stands while the guest waits for a
//! peer, so that a stream that listens for a day lives, and one that computes, sleeps or hangs
//! without giving anything ends. Faster than its rate a stream is held back, not ended: waiting
//! reaches the peer as back-pressure, and nothing is lost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A stream's clock of silence; one per call.
pub(crate) struct Pace {
    silence_max: Duration,
    pulses: AtomicU64,
    silence: Mutex<Silence>,
    resumed: Notify,
}

/// How long the guest has given nothing, times of waiting aside. Pure: told the time.
#[derive(Debug)]
struct Silence {
    counted: Duration,
    /// `None` while it waits for a peer.
    running: Option<Instant>,
}

impl Silence {
    fn since(now: Instant) -> Self {
        Self { counted: Duration::ZERO, running: Some(now) }
    }

    fn pulse(&mut self, now: Instant) {
        self.counted = Duration::ZERO;
        self.running = self.running.map(|_| now);
    }

    fn waits(&mut self, now: Instant) {
        if let Some(since) = self.running.take() {
            self.counted += now.saturating_duration_since(since);
        }
    }

    /// True when it had waited.
    fn works(&mut self, now: Instant) -> bool {
        let waited = self.running.is_none();
        self.running.get_or_insert(now);
        waited
    }

    /// How long by now; `None` while it waits.
    fn lasts(&self, now: Instant) -> Option<Duration> {
        self.running.map(|since| self.counted + now.saturating_duration_since(since))
    }
}

impl Pace {
    pub(crate) fn new(silence_max: Duration) -> Self {
        Self {
            silence_max,
            pulses: AtomicU64::new(0),
            silence: Mutex::new(Silence::since(Instant::now())),
            resumed: Notify::new(),
        }
    }

    /// Something came, or was given: the clock starts anew.
    pub(crate) fn pulse(&self) {
        self.pulses.fetch_add(1, Ordering::Relaxed);
        self.lock().pulse(Instant::now());
    }

    /// How many pulses there were.
    pub(crate) fn pulses(&self) -> u64 {
        self.pulses.load(Ordering::Relaxed)
    }

    /// From here on the guest waits for a peer, or is held back.
    pub(crate) fn waits(&self) {
        self.lock().waits(Instant::now());
    }

    /// The guest is seen at work: a wait, if there was one, is over.
    pub(crate) fn works(&self) {
        if self.lock().works(Instant::now()) {
            self.resumed.notify_one();
        }
    }

    /// Holds the guest back for so long: time that is not its own.
    pub(crate) async fn hold(&self, time: Duration) {
        self.waits();
        tokio::time::sleep(time).await;
        self.works();
    }

    /// Ends when the guest has given nothing for too long.
    pub(crate) async fn too_silent(&self) {
        loop {
            let silent = self.lock().lasts(Instant::now());
            match silent.map(|silent| self.silence_max.saturating_sub(silent)) {
                None => self.resumed.notified().await,
                Some(Duration::ZERO) => return,
                // What happens meanwhile only makes it later: looked at again then.
                Some(left) => tokio::time::sleep(left).await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Silence> {
        self.silence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One resource's rate: a limit's worth at once, and over time a limit's worth per period. Pure.
#[derive(Debug)]
pub(crate) struct Rate {
    max: u64,
    period: Duration,
    /// Until when what was used is paid for.
    paid_until: Instant,
}

impl Rate {
    pub(crate) fn new(max: u64, period: Duration, now: Instant) -> Self {
        Self { max: max.max(1), period, paid_until: now }
    }

    /// Takes so many units; how long to wait before more may be taken.
    pub(crate) fn spend(&mut self, units: u64, now: Instant) -> Duration {
        let cost = self.period.as_nanos().saturating_mul(u128::from(units)) / u128::from(self.max);
        let cost = Duration::from_nanos(u64::try_from(cost).unwrap_or(u64::MAX));
        let paid = self.paid_until.max(now).checked_add(cost);
        self.paid_until = paid.unwrap_or(self.paid_until);
        self.paid_until.saturating_duration_since(now).saturating_sub(self.period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn silence_is_counted_from_pulse_to_pulse_and_stands_while_waiting() {
        let start = Instant::now();
        let at = |seconds| start + SECOND * seconds;
        let mut silence = Silence::since(start);
        assert_eq!(silence.lasts(at(6)), Some(6 * SECOND));
        silence.pulse(at(6));
        assert_eq!(silence.lasts(at(7)), Some(SECOND));
        silence.waits(at(8));
        silence.waits(at(9));
        assert_eq!(silence.lasts(at(1_000)), None);
        assert!(silence.works(at(1_000)) && !silence.works(at(1_001)));
        assert_eq!(silence.lasts(at(1_003)), Some(5 * SECOND), "2 before the wait, 3 after it");
        silence.waits(at(1_003));
        silence.pulse(at(1_004));
        assert_eq!(silence.lasts(at(1_004)), None, "what it hears while waiting ends no wait");
        silence.works(at(1_005));
        assert_eq!(silence.lasts(at(1_006)), Some(SECOND));
    }

    #[test]
    fn a_rate_lets_one_limit_pass_at_once_and_then_one_per_period() {
        let start = Instant::now();
        let at = |seconds| start + SECOND * seconds;
        let mut rate = Rate::new(100, 10 * SECOND, start);
        assert_eq!(rate.spend(60, start) + rate.spend(40, start), Duration::ZERO);
        assert_eq!(rate.spend(10, start), SECOND);
        assert_eq!(rate.spend(10, at(1)), SECOND);
        assert_eq!(rate.spend(100, at(1_000)), Duration::ZERO, "idle time saves up no more");
        assert_eq!(rate.spend(1, at(1_000)), SECOND / 10);
        assert!(rate.spend(u64::MAX, at(1_000)) > Duration::from_secs(1 << 30));
    }
}
