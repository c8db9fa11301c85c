//! What is counted of one call, and of one stretch of a stream between two pulses.

use crate::pace::{Pace, Rate};
use if_manifest::model::Limits;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What is counted against a limit.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) max: u64,
    /// Since the call began or, in a stream, since the last pulse.
    used: u64,
    /// What earlier pulses had used.
    before: u64,
}

impl Meter {
    pub(crate) fn new(max: u64) -> Self {
        Self { max, used: 0, before: 0 }
    }

    /// Counts; false when that was too much.
    pub(crate) fn take(&mut self, units: u64) -> bool {
        self.used = self.used.saturating_add(units);
        self.used <= self.max
    }

    /// Begins anew; what was used until now.
    pub(crate) fn restart(&mut self) -> u64 {
        let used = std::mem::take(&mut self.used);
        self.before = self.before.saturating_add(used);
        used
    }

    pub(crate) fn total(&self) -> u64 {
        self.before.saturating_add(self.used)
    }
}

/// What only a stream has: its clock, and the rates to which it is held.
pub(crate) struct Stream {
    pub(crate) pace: Arc<Pace>,
    pub(crate) fuel: Fuel,
    host_calls: Rate,
    output_bytes: Rate,
    pulses_settled: u64,
}

/// A stream's fuel, filled up at each event it emits and each message it receives.
pub(crate) struct Fuel {
    max: u64,
    rate: Rate,
    /// In the store at the last look.
    left: u64,
    used: u64,
    pulses_seen: u64,
}

impl Fuel {
    /// What to put into the store, which holds `left` now, and how long to hold the guest back.
    pub(crate) fn look(&mut self, left: u64, pulses: u64) -> (u64, Duration) {
        let used = self.left.saturating_sub(left);
        self.used = self.used.saturating_add(used);
        let pulsed = std::mem::replace(&mut self.pulses_seen, pulses) != pulses;
        self.left = if pulsed { self.max } else { left };
        (self.left, self.rate.spend(used, Instant::now()))
    }

    /// Burnt so far, when the store holds `left`.
    pub(crate) fn total(&self, left: u64) -> u64 {
        self.used.saturating_add(self.left.saturating_sub(left))
    }
}

impl Stream {
    pub(crate) fn new(pace: Arc<Pace>, limits: &Limits, period: Duration) -> Self {
        let now = Instant::now();
        let rate = Rate::new(limits.fuel_max, period, now);
        let (max, left) = (limits.fuel_max, limits.fuel_max);
        Self {
            pace,
            fuel: Fuel { max, rate, left, used: 0, pulses_seen: 0 },
            host_calls: Rate::new(limits.host_calls_max, period, now),
            output_bytes: Rate::new(limits.output_bytes_max, period, now),
            pulses_settled: 0,
        }
    }

    /// Whether there was a pulse since the last time it was asked.
    pub(crate) fn pulsed(&mut self) -> bool {
        let pulses = self.pace.pulses();
        std::mem::replace(&mut self.pulses_settled, pulses) != pulses
    }

    /// Takes what was used since the last pulse; how long the guest is to be held back.
    pub(crate) fn settle(&mut self, host_calls: u64, output_bytes: u64) -> Duration {
        let now = Instant::now();
        self.host_calls.spend(host_calls, now).max(self.output_bytes.spend(output_bytes, now))
    }
}
