//! Numbers with decimals, read exactly: millionths, never a float's neighbour.

use if_core::Micros;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use std::fmt;

/// An amount as people write it: `0.15`, `12`, `"0.000001"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount(pub(crate) Micros);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount with at most six decimals, such as 0.15")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Amount, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Amount, E> {
        self.visit_str(&number.to_string())
    }

    /// The shortest spelling that means the same number is what was written, for anything that has
    /// a meaning as money.
    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Amount, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
        let unexpected = serde::de::Unexpected::Other("something else");
        Micros::parse(text).map(Amount).ok_or_else(|| E::invalid_value(unexpected, &self))
    }
}
