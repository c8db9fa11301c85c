//! A breaker: closed while calls succeed, open when too many fail, half open when it is time to
//! try again with a single call.
//!
//! Failures are counted in two halves of a sliding window, so that what is stored stays small and
//! what is old is forgotten.

use if_core::UnixMillis;
use serde::Serialize;

/// Seconds that it stays open, each time it opens again without having closed between.
pub const BACKOFF_SECONDS: [u64; 5] = [1, 2, 5, 10, 30];

/// Share of the time open by which chance may shorten or lengthen it, in percent: many that wait
/// for one provider must not come back at once.
const JITTER_PERCENT: u64 = 20;

/// When it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Breaker {
    /// Failures within the window that open it.
    pub failures: u64,
    /// And which part of all calls they must be, in percent.
    pub percent: u64,
    /// In milliseconds.
    pub window_ms: u64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 5, percent: 50, window_ms: 60_000 }
    }
}

/// What it lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Closed,
    Open,
    /// One call is trying.
    HalfOpen,
}

/// Calls and failures of half a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Count {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
}

/// A breaker as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circuit {
    /// Which half window `now` counts.
    pub(crate) half: u64,
    pub(crate) now: Count,
    pub(crate) before: Count,
    /// How often it opened since it was closed; 0 while it is.
    pub(crate) opened: u64,
    /// Open until then.
    pub(crate) until: UnixMillis,
    /// Until then a call tries.
    pub(crate) trying_until: UnixMillis,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// It may.
    Closed,
    /// It may, as the one that tries.
    Probe,
    /// It may not; so many milliseconds are left.
    Open(u64),
}

/// How a call ended, for the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Well,
    Badly,
    /// It says nothing about who was called: refused here, interrupted, told to stop.
    Neither,
}

impl Circuit {
    pub fn state(&self, now: UnixMillis) -> State {
        match (self.opened, now < self.trying_until) {
            (0, _) => State::Closed,
            (_, true) => State::HalfOpen,
            (_, false) => State::Open,
        }
    }

    /// Calls and failures that count now.
    pub fn counted(&self, breaker: &Breaker, now: UnixMillis) -> (u64, u64) {
        let at = self.turned(breaker, now);
        (at.now.calls + at.before.calls, at.now.failures + at.before.failures)
    }

    /// Whether a call of at most `lasting_ms` may be made. The one that tries is the only one until
    /// it has ended, or its time is over.
    #[must_use]
    pub fn pass(self, now: UnixMillis, lasting_ms: u64) -> (Pass, Self) {
        if self.opened == 0 {
            return (Pass::Closed, self);
        }
        let closed_until = self.until.max(self.trying_until);
        // Nobody waits longer than the longest time open: the clock was set back.
        let longest = BACKOFF_SECONDS.iter().max().copied().unwrap_or(0) * 2_000 + lasting_ms;
        let left = closed_until.0.saturating_sub(now.0);
        if left > 0 && left <= longest {
            return (Pass::Open(left), self);
        }
        let trying_until = UnixMillis(now.0.saturating_add(lasting_ms.max(1)));
        (Pass::Probe, Self { trying_until, ..self })
    }

    /// Counts how a call ended. `chance`: any number, for the jitter.
    #[must_use]
    pub fn record(
        self,
        breaker: &Breaker,
        probe: bool,
        ended: Ended,
        now: UnixMillis,
        chance: u64,
    ) -> Self {
        match (probe, ended) {
            // It is known no better than before: the next one may try.
            (true, Ended::Neither) => Self { trying_until: UnixMillis(0), ..self },
            (true, Ended::Well) => Self::default(),
            (true, Ended::Badly) => self.open(now, chance),
            (false, Ended::Neither) => self,
            (false, _) => {
                let mut at = self.turned(breaker, now);
                at.now.calls = at.now.calls.saturating_add(1);
                at.now.failures = at.now.failures.saturating_add(u64::from(ended == Ended::Badly));
                // Those that were on their way when it opened open it no further.
                let breaks = at.opened == 0 && ended == Ended::Badly && at.is_over(breaker);
                if breaks { at.open(now, chance) } else { at }
            }
        }
    }

    fn is_over(&self, breaker: &Breaker) -> bool {
        let calls = self.now.calls + self.before.calls;
        let failures = self.now.failures + self.before.failures;
        failures >= breaker.failures && failures * 100 >= calls * breaker.percent
    }

    fn open(self, now: UnixMillis, chance: u64) -> Self {
        let step = usize::try_from(self.opened).unwrap_or(usize::MAX);
        let last = BACKOFF_SECONDS.len() - 1;
        let millis = BACKOFF_SECONDS.get(step.min(last)).copied().unwrap_or(0) * 1000;
        let span = millis * 2 * JITTER_PERCENT / 100;
        let jitter = chance % (span + 1);
        let lasting = millis - span / 2 + jitter;
        let until = UnixMillis(now.0.saturating_add(lasting));
        let opened = self.opened.saturating_add(1);
        Self { opened, until, trying_until: UnixMillis(0), ..self }
    }

    /// The same at this time: what is older than the window is forgotten.
    fn turned(self, breaker: &Breaker, now: UnixMillis) -> Self {
        let half = now.0 / (breaker.window_ms / 2).max(1);
        match half.checked_sub(self.half) {
            Some(0) => self,
            Some(1) => Self { half, before: self.now, now: Count::default(), ..self },
            // Also where the clock was set back.
            _ => Self { half, before: Count::default(), now: Count::default(), ..self },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BREAKER: Breaker = Breaker { failures: 3, percent: 50, window_ms: 10_000 };

    fn at(millis: u64) -> UnixMillis {
        UnixMillis(1_000_000 + millis)
    }

    fn failed(circuit: Circuit, millis: u64) -> Circuit {
        circuit.record(&BREAKER, false, Ended::Badly, at(millis), 200)
    }

    fn open() -> Circuit {
        failed(failed(failed(Circuit::default(), 0), 1), 2)
    }

    #[test]
    fn it_opens_at_the_last_failure_and_tries_again_with_one_call() {
        let two = failed(failed(Circuit::default(), 0), 1);
        assert_eq!((two.state(at(1)), two.counted(&BREAKER, at(1))), (State::Closed, (2, 2)));
        let open = failed(two, 2);
        assert_eq!(open.state(at(2)), State::Open);
        assert_eq!(open.pass(at(2), 500).0, Pass::Open(1000), "chance 200 of 400 changes nothing");
        let (pass, trying) = open.pass(at(1002), 500);
        assert_eq!((pass, trying.state(at(1002))), (Pass::Probe, State::HalfOpen));
        assert_eq!(trying.pass(at(1003), 500).0, Pass::Open(499), "only one tries");
        let well = trying.record(&BREAKER, true, Ended::Well, at(1100), 0);
        assert_eq!(well, Circuit::default());
        // Whoever tried and was lost leaves room for the next when its time is over.
        assert_eq!(trying.pass(at(1502), 500).0, Pass::Probe);
        let neither = trying.record(&BREAKER, true, Ended::Neither, at(1100), 0);
        assert_eq!(neither.pass(at(1100), 500).0, Pass::Probe);
    }

    #[test]
    fn each_time_it_opens_again_it_stays_open_longer() {
        let (mut circuit, mut now, mut lasting) = (open(), 2, Vec::new());
        for _ in 0..7 {
            let (Pass::Open(left), _) = circuit.pass(at(now), 1) else { panic!("closed") };
            lasting.push(left);
            now += left;
            let (_, trying) = circuit.pass(at(now), 1);
            let step = lasting.len().min(4);
            // The middle of the jitter.
            let chance = BACKOFF_SECONDS[step] * 200;
            circuit = trying.record(&BREAKER, true, Ended::Badly, at(now), chance);
        }
        assert_eq!(lasting, [1_000, 2_000, 5_000, 10_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn a_part_that_fails_is_no_reason_while_more_goes_well() {
        let mut circuit = Circuit::default();
        for number in 0..100 {
            let ended = if number % 10 == 0 { Ended::Badly } else { Ended::Well };
            circuit = circuit.record(&BREAKER, false, ended, at(number), 0);
        }
        assert_eq!(
            (circuit.state(at(100)), circuit.counted(&BREAKER, at(100))),
            (State::Closed, (100, 10))
        );
        assert_eq!(circuit.counted(&BREAKER, at(20_000)), (0, 0), "what is old is forgotten");
    }

    #[test]
    fn those_that_were_on_their_way_open_it_no_further() {
        let before = open();
        let after = failed(failed(before, 10), 11);
        assert_eq!((after.opened, after.until), (before.opened, before.until));
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_it_not_open() {
        assert_eq!(open().pass(UnixMillis(5), 500).0, Pass::Probe);
    }

    proptest! {
        /// Whatever happens: open, it lets nobody through before its time, and never more than one
        /// at once after; closed, everybody.
        #[test]
        fn it_never_lets_two_try_at_once(
            steps in prop::collection::vec(
                (0u64..3_000, 0u8..3, any::<bool>(), any::<u64>()), 1..120,
            ),
        ) {
            let (mut circuit, mut now, mut trying) = (Circuit::default(), 0, None::<u64>);
            for (gap, end, probe_ends, chance) in steps {
                now += gap;
                let ended = [Ended::Well, Ended::Badly, Ended::Neither][usize::from(end)];
                if let Some(until) = trying && (probe_ends || now >= until) {
                    // One whose time is over is lost: nobody records it.
                    if now < until {
                        circuit = circuit.record(&BREAKER, true, ended, at(now), chance);
                    }
                    trying = None;
                    continue;
                }
                let (pass, next) = circuit.pass(at(now), 800);
                match pass {
                    Pass::Closed => {
                        prop_assert_eq!(circuit.state(at(now)), State::Closed);
                        circuit = next.record(&BREAKER, false, ended, at(now), chance);
                    }
                    Pass::Probe => {
                        prop_assert!(trying.is_none() && at(now) >= circuit.until);
                        (circuit, trying) = (next, Some(now + 800));
                    }
                    Pass::Open(left) => prop_assert!(left > 0 && left <= 36_000),
                }
            }
        }
    }
}
