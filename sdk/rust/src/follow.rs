//! Events for as long as somebody listens: connect, pass on, and connect again when it breaks.
//!
//! The first connection fails as any command does. A later one is tried until it stands, with
//! growing pauses; the operator reads one line when it broke and one when it stands again. Each
//! connection begins with what happens from then on, so nothing is given twice.

use crate::{Call, ErrorKind, Failure, Level, Outcome};
use serde_json::Value;
use std::time::Duration;

/// The pause before the first new attempt; each later one doubles it.
const PAUSE_MIN: Duration = Duration::from_millis(250);

/// The longest pause: a device that is back is heard again within it. Well below the usual
/// deadline, in which a stream must show a sign of life; an attempt is one.
const PAUSE_MAX: Duration = Duration::from_secs(4);

/// Calls `open` for a connection and `pass_on` with it again and again; when `pass_on` says that
/// the connection is lost, opens another. `peer` is what to call the other side.
///
/// # Errors
/// What `open` says the first time; what `pass_on` says, or `open` later, unless it means that the
/// peer is gone. Never returns otherwise: the host ends a stream.
pub fn follow<T>(
    call: &Call,
    peer: &str,
    open: impl FnMut() -> Result<T, Failure>,
    pass_on: impl FnMut(&mut T) -> Result<(), Failure>,
) -> Outcome {
    keep(call, (peer, "is back; what happened meanwhile is not shown"), open, pass_on)
}

/// The same for a peer that begins each connection with everything as it is then: `pass_on` gives
/// what differs from what it knew, and so nothing is missed but what came and went.
///
/// # Errors
/// As [`follow`].
pub fn catch_up<T>(
    call: &Call,
    peer: &str,
    open: impl FnMut() -> Result<T, Failure>,
    pass_on: impl FnMut(&mut T) -> Result<(), Failure>,
) -> Outcome {
    keep(call, (peer, "is back; what differs from before follows"), open, pass_on)
}

fn keep<T>(
    call: &Call,
    (peer, back): (&str, &str),
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
        call.log(Level::Warn, &format!("{peer} is gone ({}); trying again", words(&failure)));
        connection = again(&mut open)?;
        call.log(Level::Warn, &format!("{peer} {back}"));
    }
}

/// Emits what `next` gives; `None` is passed over. The usual way to [`follow`].
///
/// # Errors
/// As [`follow`].
pub fn emit_all<T>(
    call: &Call,
    peer: &str,
    open: impl FnMut() -> Result<T, Failure>,
    mut next: impl FnMut(&mut T) -> Result<Option<Value>, Failure>,
) -> Outcome {
    follow(call, peer, open, |connection| match next(connection)? {
        Some(event) => call.emit(&event),
        None => Ok(()),
    })
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

/// The connection is gone, and another may stand.
fn is_lost(failure: &Failure) -> bool {
    matches!(failure, Failure::Unreachable(_) | Failure::Timeout(_))
}

/// A peer that starts up may refuse or speak nonsense for a while; only wrong credentials, and what
/// the host itself forbids, will not pass. Attempts that are too frequent for the host pass too.
fn is_passing(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(_) | Failure::Protocol(_) => true,
        Failure::Host(error) => error.kind == ErrorKind::Limit,
        other => is_lost(other),
    }
}

fn words(failure: &Failure) -> &str {
    match failure {
        Failure::Unreachable(lost) | Failure::Timeout(lost) => &lost.message,
        _ => "it ended",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn what_passes_is_waited_for_and_what_does_not_ends_the_stream() {
        let host = |kind| Failure::Host(Error { kind, message: String::new() });
        for passing in [
            Failure::unreachable("", true),
            Failure::timeout("", false),
            Failure::refused(207, "not ready"),
            Failure::protocol("status 502"),
            host(ErrorKind::Limit),
        ] {
            assert!(is_passing(&passing), "{passing:?}");
        }
        for lasting in [Failure::Auth(String::new()), Failure::usage(""), host(ErrorKind::Denied)] {
            assert!(!is_passing(&lasting) && !is_lost(&lasting), "{lasting:?}");
        }
        assert!(!is_lost(&Failure::refused(600, "")));
    }

    #[test]
    fn the_first_connection_fails_at_once() {
        let mut attempts = 0;
        let never = again(&mut || {
            attempts += 1;
            Err::<(), _>(Failure::Auth("wrong".into()))
        });
        assert_eq!((never, attempts), (Err(Failure::Auth("wrong".into())), 1));
    }
}
