//! A moment at which something is done to a program: the one thing that a test cannot wait for by
//! what it sees.

use std::time::Duration;

/// Does it after so long.
pub fn after<T>(moment: Duration, harm: impl FnOnce() -> T) -> T {
    std::thread::sleep(moment);
    harm()
}
