//! A feed that is taken up again when its connection breaks, with growing pauses and one line for
//! the operator each way.

use if_sdk::Level;
use if_sdk::prelude::*;
use std::time::Duration;

/// The first pause; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// The longest: a vMix that is back is heard again within it.
const PAUSE_MAX: Duration = Duration::from_secs(4);

/// Opens, passes on what comes, and opens again when vMix went away. Returns only with a failure
/// that waiting cannot mend; the first `open` is such a one.
pub fn follow<T>(
    call: &Call,
    mut open: impl FnMut() -> Result<T, Failure>,
    mut pass_on: impl FnMut(&mut T) -> Result<(), Failure>,
) -> Outcome {
    let mut feed = open()?;
    loop {
        match pass_on(&mut feed) {
            Ok(()) => continue,
            Err(Failure::Unreachable(lost) | Failure::Timeout(lost)) => {
                call.log(Level::Warn, &format!("vMix is gone: {}; trying again", lost.message));
            }
            Err(failure) => return Err(failure),
        }
        let mut pause = PAUSE_MIN;
        feed = loop {
            std::thread::sleep(pause);
            match open() {
                Ok(feed) => break feed,
                Err(Failure::Host(error)) => return Err(Failure::Host(error)),
                Err(_) => pause = (pause * 2).min(PAUSE_MAX),
            }
        };
        call.log(Level::Warn, "vMix is back; what changed meanwhile is not shown");
    }
}
