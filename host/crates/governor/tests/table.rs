//! What a breaker spares: calls that are sent to a provider of which a part fails, one asked for
//! every 100 ms over 100 s, by the usual breaker. Decision 32 has this table.

#![cfg(test)] // so that helpers count as test code

use if_core::UnixMillis;
use if_governor::{Breaker, Circuit, Ended, Pass};

/// Calls asked for.
const ASKED: u64 = 1000;
/// Milliseconds between two.
const GAP: u64 = 100;

/// Calls sent, and those of them that failed.
fn sent(percent: u64) -> (u64, u64) {
    let (breaker, mut circuit) = (Breaker::default(), Circuit::default());
    let (mut sent, mut failed, mut dice) = (0, 0, 42_u64);
    for number in 0..ASKED {
        let now = UnixMillis(1_000_000 + number * GAP);
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (pass, next) = circuit.pass(now, 50);
        if matches!(pass, Pass::Open(_)) {
            continue;
        }
        let fails = (dice >> 33) % 100 < percent;
        let ended = if fails { Ended::Badly } else { Ended::Well };
        circuit = next.record(&breaker, pass == Pass::Probe, ended, now, dice >> 20);
        (sent, failed) = (sent + 1, failed + u64::from(fails));
    }
    (sent, failed)
}

#[test]
fn the_more_fails_the_less_is_sent() {
    let table = [0, 10, 50, 100].map(|percent| (percent, sent(percent)));
    assert_eq!(table, [(0, (1000, 0)), (10, (1000, 102)), (50, (68, 41)), (100, (11, 11))]);
}
