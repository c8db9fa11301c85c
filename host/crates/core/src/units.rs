//! Units as types: money in micro-units of a currency, time in milliseconds since 1970 (UTC).
//!
//! Floats never hold money here; a sum that would overflow saturates and is refused by the budget.

use crate::IdError;
use serde::{Deserialize, Serialize};
use std::fmt;

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

    /// Reads whole units with at most six decimals: `12`, `0.05`. Nothing is rounded: what does not
    /// fit is refused.
    pub fn parse(text: &str) -> Option<Micros> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let written = !whole.is_empty() && (text == whole || !rest.is_empty());
        if !written || rest.len() > DECIMALS || !digits(whole) || !digits(rest) {
            return None;
        }
        let rest: u64 = format!("{rest:0<DECIMALS$}").parse().ok()?;
        whole.parse::<u64>().ok()?.checked_mul(PER_UNIT)?.checked_add(rest).map(Micros)
    }
}

/// Decimals of a millionth.
const DECIMALS: usize = 6;
const PER_UNIT: u64 = 1_000_000;

impl fmt::Display for Micros {
    /// Whole units with two decimals, or as many more as there are: nothing is rounded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = format!("{:06}", self.0 % PER_UNIT);
        let (cents, finer) = rest.split_at(2);
        write!(f, "{}.{cents}{}", self.0 / PER_UNIT, finer.trim_end_matches('0'))
    }
}

/// An ISO 4217 code: `USD`. Which ones exist is not known here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

impl Currency {
    /// Three capital letters.
    ///
    /// # Errors
    /// Anything else.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        match text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            true => Ok(Self(text)),
            false => Err(IdError::Currency(text)),
        }
    }

    /// The three letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Currency {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An amount of a currency. Two currencies are never added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    pub micros: Micros,
    pub currency: Currency,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.micros, self.currency)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written_to_the_last_millionth() {
        for (text, micros, shown) in [
            ("12", 12_000_000, "12.00"),
            ("0.05", 50_000, "0.05"),
            ("0.000007", 7, "0.000007"),
            ("1.5", 1_500_000, "1.50"),
            ("1.250000", 1_250_000, "1.25"),
        ] {
            assert_eq!(Micros::parse(text), Some(Micros(micros)), "{text}");
            assert_eq!(Micros(micros).to_string(), shown);
        }
        let wrong = ["", ".", ".5", "5.", "-1", "1e3", "0.0000001", "1,5", "+1", "99999999999999"];
        for text in wrong {
            assert_eq!(Micros::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert_eq!(Currency::new("USD").unwrap().as_str(), "USD");
        for wrong in ["", "US", "usd", "USDT", "U D"] {
            assert!(Currency::new(wrong).is_err(), "{wrong}");
        }
    }
}
