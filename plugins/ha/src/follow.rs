//! A stream that outlives its connection: connect, pass on, and connect again when it breaks.

use if_sdk::prelude::*;
use if_sdk::{ErrorKind, Level};
use std::time::Duration;

/// The pause before the first new attempt; each later one doubles it.
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// The longest pause: who is back is heard again within it.
const PAUSE_MAX: Duration = Duration::from_secs(4);

/// Opens a connection and calls `pass_on` with it again and again; when that says that the peer is
/// gone, opens another. Ends only with a failure that will not pass.
pub fn follow<T>(
    call: &Call,
    mut open: impl FnMut() -> Result<T, Failure>,
    mut pass_on: impl FnMut(&mut T) -> Result<(), Failure>,
) -> Outcome {
    let mut connection = open()?;
    loop {
        let failure = match pass_on(&mut connection) {
            Ok(()) => continue,
            Err(failure) if is_lost(&failure) => failure,
            Err(failure) => return Err(failure),
        };
        drop(connection);
        call.log(Level::Warn, &format!("Home Assistant is gone ({failure:?}); trying again"));
        connection = again(&mut open)?;
        call.log(Level::Warn, "Home Assistant is back");
    }
}

fn again<T>(open: &mut impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    let mut pause = PAUSE_MIN;
    loop {
        std::thread::sleep(pause);
        match open() {
            Err(failure) if is_passing(&failure) => pause = (pause * 2).min(PAUSE_MAX),
            ended => return ended,
        }
    }
}

fn is_lost(failure: &Failure) -> bool {
    matches!(failure, Failure::Unreachable(_) | Failure::Timeout(_))
}

/// Home Assistant refuses or speaks nonsense while it starts.
fn is_passing(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(_) | Failure::Protocol(_) => true,
        Failure::Host(error) => error.kind == ErrorKind::Limit,
        other => is_lost(other),
    }
}
