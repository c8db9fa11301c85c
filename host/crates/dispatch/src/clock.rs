//! The one place where the real clock enters the house.

use if_core::{Clock, UnixMillis};
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's clock. A clock before 1970 reads 1970.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the place")]
    fn now(&self) -> UnixMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}
