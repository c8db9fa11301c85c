//! A guest that works hard in three ways, and so shows what its bounds cost. It is measured, and no
//! test runs it.

use if_sdk::prelude::*;
use std::fmt::Write;
use std::hint::black_box;

/// The provider `busy`.
pub fn provider() -> Provider {
    let times = || int("times", "how often").between(1, 1_000_000_000);
    Provider::new("works hard: shows what the bounds of a call cost").commands([
        read("format", "formats text").takes(times()).run(|_, times| Ok(json!(format(times)))),
        read("calls", "asks the host")
            .takes(times())
            .run(|call, times| Ok(json!(calls(call, times)))),
        read("spin", "counts").takes(times()).run(|_, times| Ok(json!(spin(times)))),
    ])
}

/// What providers do all day: numbers and names become text.
fn format(times: i64) -> usize {
    let (mut text, mut bytes) = (String::new(), 0);
    for number in 0..times {
        text.clear();
        let _ = write!(text, "{number:>8} {:.3} {:?}", number as f64 / 7.0, "Main \"Scene\"");
        bytes += black_box(&text).len();
    }
    bytes
}

/// One call of the host after the other.
fn calls(call: &Call, times: i64) -> usize {
    (0..times).filter(|_| black_box(call).has_secret("none")).count()
}

/// The worst for a count of instructions: a loop of one addition.
fn spin(times: i64) -> i64 {
    (0..times).fold(0, |sum, number| black_box(sum + number))
}

if_sdk::provider!(provider);
