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

/// A stream's clock and rates; one per call.
pub(crate) struct Pace {
    silence_max: Duration,
    pulses: AtomicU64,
    silence: Mutex<Silence>,
    resumed: Notify,
}

/// How long the guest has given nothing, times of waiting aside.
#[derive(Debug)]
struct Silence {
    counted: Duration,
    /// `None` while it waits for a peer.
    running: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(silence_max: Duration) -> Self {
        let silence = Silence { counted: Duration::ZERO, running: Some(Instant::now()) };
        Self {
            silence_max,
            pulses: AtomicU64::new(0),
            silence: Mutex::new(silence),
            resumed: Notify::new(),
        }
    }

    /// Something came, or was given: the clock starts anew.
    pub(crate) fn pulse(&self) {
        self.pulses.fetch_add(1, Ordering::Relaxed);
        let mut silence = self.lock();
        silence.counted = Duration::ZERO;
        silence.running = silence.running.map(|_| Instant::now());
    }

    /// How many pulses there were.
    pub(crate) fn pulses(&self) -> u64 {
        self.pulses.load(Ordering::Relaxed)
    }

    /// From here on the guest waits for a peer, or is held back.
    pub(crate) fn waits(&self) {
        let mut silence = self.lock();
        if let Some(since) = silence.running.take() {
            silence.counted += since.elapsed();
        }
    }

    /// The guest is seen at work: a wait, if there was one, is over.
    pub(crate) fn works(&self) {
        let mut silence = self.lock();
        if silence.running.is_none() {
            silence.running = Some(Instant::now());
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
            let running = {
                let silence = self.lock();
                silence.running.map(|since| silence.counted + since.elapsed())
            };
            match running.map(|silent| self.silence_max.saturating_sub(silent)) {
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

/// One resource's rate: a limit's worth at once, and over time a limit's worth per period.
#[derive(Debug)]
pub(crate) struct Rate {
    max: u64,
    period: Duration,
    /// Until when what was used is paid for.
    paid_until: Instant,
}

impl Rate {
    pub(crate) fn new(max: u64, period: Duration) -> Self {
        Self { max: max.max(1), period, paid_until: Instant::now() }
    }

    /// Takes so many units; how long to wait before more may be taken.
    pub(crate) fn spend(&mut self, units: u64) -> Duration {
        let now = Instant::now();
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

    fn paused() -> tokio::runtime::Runtime {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { tokio::time::pause() });
        runtime
    }

    #[test]
    fn silence_is_counted_from_pulse_to_pulse_and_stands_while_waiting() {
        paused().block_on(async {
            let pace = Pace::new(10 * SECOND);
            let silent = async || tokio::time::timeout(6 * SECOND, pace.too_silent()).await.is_ok();
            assert!(!silent().await);
            pace.pulse();
            assert!(!silent().await);
            pace.waits();
            tokio::time::sleep(100 * SECOND).await;
            pace.works();
            assert!(silent().await, "6 s before the wait and 4 s after it");
            pace.waits();
            assert!(!silent().await);
        });
    }

    #[test]
    fn a_rate_lets_one_limit_pass_at_once_and_then_one_per_period() {
        paused().block_on(async {
            let mut rate = Rate::new(100, 10 * SECOND);
            assert_eq!(rate.spend(60) + rate.spend(40), Duration::ZERO);
            assert_eq!(rate.spend(10), SECOND);
            tokio::time::sleep(SECOND).await;
            assert_eq!(rate.spend(10), SECOND);
            tokio::time::sleep(1000 * SECOND).await;
            assert_eq!(rate.spend(100), Duration::ZERO, "idle time saves up one limit, no more");
            assert_eq!(rate.spend(1), SECOND / 10);
        });
    }
}
