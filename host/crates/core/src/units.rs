//! Units as types: money in micro-units of a currency, time in milliseconds since 1970 (UTC).
//!
//! Floats never hold money here; a sum that would overflow saturates and is refused by the budget.

use serde::{Deserialize, Serialize};

/// Millionths of a stated currency unit. 1 USD = 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl Micros {
    /// The sum, or the largest amount there is; a budget refuses either way.
    #[must_use]
    pub fn saturating_add(self, other: Micros) -> Micros {
        Micros(self.0.saturating_add(other.0))
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// This instant plus `millis`, saturating.
    #[must_use]
    pub fn plus_millis(self, millis: u64) -> UnixMillis {
        UnixMillis(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant; 0 when the clock went back.
    pub fn millis_since(self, earlier: UnixMillis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
