//! A bucket of turns: `burst` of them at once, and one more with each interval.
//!
//! It is kept as one number, the time at which the bucket will be full again (the generic cell rate
//! algorithm). Whoever comes takes the next turn, now or later: turns are given in the order of
//! coming, so nobody who waits is overtaken.

use if_core::UnixMillis;

/// The longest that anybody is let wait for a turn, one minute: behind a longer queue, a person is
/// better told at once.
pub const WAIT_MS_MAX: u64 = 60_000;

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Microseconds between two turns when the bucket is empty.
    interval: u64,
    /// Turns in a full bucket.
    burst: u64,
}

/// Why a rate is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateError;

impl Rate {
    /// From turns in a thousand seconds, between one and a million of them, and a burst of at most
    /// a thousand.
    ///
    /// # Errors
    /// Anything else.
    pub fn new(per_thousand_seconds: u64, burst: u64) -> Result<Self, RateError> {
        let sensible = (1..=1_000_000_000).contains(&per_thousand_seconds);
        match sensible && (1..=1000).contains(&burst) {
            // Rounded up: never more often than was said.
            true => Ok(Self { interval: 1_000_000_000_u64.div_ceil(per_thousand_seconds), burst }),
            false => Err(RateError),
        }
    }

    /// When the next turn is, and when the bucket is full again once it is taken; both in
    /// microseconds. `full`: when it would be full, as it is stored.
    pub(crate) fn next(&self, full: Option<u64>, now: UnixMillis) -> (u64, u64) {
        let now = now.0.saturating_mul(1000);
        let span = self.interval.saturating_mul(self.burst);
        // No queue is longer than anybody waits: beyond that the clock was set back, or the rate
        // was changed.
        let longest = now.saturating_add(span).saturating_add(WAIT_MS_MAX * 1000);
        let full = full.filter(|full| *full <= longest).unwrap_or(now);
        let taken = full.max(now).saturating_add(self.interval);
        (taken.saturating_sub(span).max(now), taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(rps: u64, burst: u64) -> Rate {
        Rate::new(rps * 1000, burst).unwrap()
    }

    #[test]
    fn a_burst_goes_at_once_and_then_one_with_each_interval() {
        let (rate, mut full) = (rate(2, 3), None);
        let turns: Vec<u64> = (0..6)
            .map(|_| {
                let (turn, taken) = rate.next(full, UnixMillis(10_000));
                full = Some(taken);
                turn / 1000
            })
            .collect();
        assert_eq!(turns, [10_000, 10_000, 10_000, 10_500, 11_000, 11_500]);
        // Full again.
        assert_eq!(rate.next(full, UnixMillis(13_000)).0, 13_000_000);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_waiting() {
        let rate = rate(1, 1);
        let (_, full) = rate.next(None, UnixMillis(10_000_000));
        assert_eq!(rate.next(Some(full), UnixMillis(5_000_000)).0, 5_000_000_000);
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for (per_thousand_seconds, burst) in [(0, 1), (1_000_000_001, 1), (1, 0), (1, 1001)] {
            assert_eq!(Rate::new(per_thousand_seconds, burst), Err(RateError));
        }
    }

    proptest! {
        /// Whenever they come: in no stretch of time are there more turns than the bucket holds and
        /// what flows into it meanwhile, and nobody is overtaken.
        #[test]
        fn no_window_holds_more_than_the_bucket_allows(
            rps in 1u64..50, burst in 1u64..20, gaps in prop::collection::vec(0u64..700, 1..80),
        ) {
            let (rate, mut full, mut now) = (rate(rps, burst), None, 1_000_000);
            let mut turns = Vec::new();
            for gap in gaps {
                now += gap;
                let (turn, taken) = rate.next(full, UnixMillis(now));
                // Who would wait too long goes without a turn.
                if turn <= now * 1000 + WAIT_MS_MAX * 1000 {
                    full = Some(taken);
                    turns.push(turn);
                }
            }
            prop_assert!(turns.is_sorted());
            for (first, from) in turns.iter().enumerate() {
                let within = turns[first..].iter().filter(|turn| **turn < from + 1_000_000).count();
                prop_assert!(within as u64 <= burst + rps, "{within} from {from}: {turns:?}");
            }
        }
    }
}
