//! What a command costs, as its publisher signs it or its operator writes it into the price book.
//!
//! Integers in millionths of a currency unit. Each part is rounded up to the next millionth, by
//! itself: nobody is told less than they owe.

use if_core::Micros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The parts of a price; those that are 0 are none. What a part is multiplied with is counted by
/// the host where it can see it, else reported by the plugin.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Price {
    /// For a call, however it ends.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(with = "u64")]
    pub call: Micros,
    /// For a minute that the call lasts, by the host's clock; a part of a minute costs its part.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(with = "u64")]
    pub minute: Micros,
    /// For 10^9 bytes over the network, both ways together, as the host counts them.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(with = "u64")]
    pub gigabyte: Micros,
    /// The most bytes that are expected of a call: they are reserved.
    #[serde(skip_serializing_if = "is_none")]
    pub bytes_max: u64,
    /// For a million tokens that a model reads, as the plugin reports them.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(with = "u64")]
    pub million_tokens_in: Micros,
    /// The most that are expected of a call: they are reserved, and owed where nothing is reported.
    #[serde(skip_serializing_if = "is_none")]
    pub tokens_in_max: u64,
    /// For a million tokens that a model writes.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(with = "u64")]
    pub million_tokens_out: Micros,
    #[serde(skip_serializing_if = "is_none")]
    pub tokens_out_max: u64,
    /// For moving money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Transaction>,
}

/// A share of an amount that an argument names, and a fixed part. Owed unless the call is known to
/// have failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// The parameter that holds the amount.
    pub amount: String,
    /// How many of what the parameter counts make one unit: 100 where it counts cents.
    #[serde(default = "one")]
    pub parts_per_unit: u32,
    /// The parameter that names the amount's currency; without it, it is the price's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Millionths of the amount: 29,000 are 2.9 %.
    pub share_ppm: u32,
    /// For each transaction, beside its share.
    #[serde(default)]
    #[schemars(with = "u64")]
    pub fixed: Micros,
}

fn one() -> u32 {
    1
}

fn is_zero(micros: &Micros) -> bool {
    micros.0 == 0
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Price {
    /// What is priced by use needs the most that is expected: it is reserved before the call.
    ///
    /// # Errors
    /// The part that lacks it, and the key to write.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let bounded = [
            ("gigabyte", self.gigabyte, "bytes_max", self.bytes_max),
            ("million_tokens_in", self.million_tokens_in, "tokens_in_max", self.tokens_in_max),
            ("million_tokens_out", self.million_tokens_out, "tokens_out_max", self.tokens_out_max),
        ];
        for (part, price, key, most) in bounded {
            if price.0 > 0 && most == 0 {
                return Err((part, format!("needs {key}: what a call may use is reserved first")));
            }
        }
        match &self.transaction {
            Some(it) if it.parts_per_unit == 0 => {
                Err(("transaction", "parts_per_unit must be 1 or more".to_owned()))
            }
            _ => Ok(()),
        }
    }
}
