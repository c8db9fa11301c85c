//! From a price and a use to an amount: before the call what it may cost, after it what it did.
//!
//! Pure. Each part is rounded up to the next millionth by itself.

use crate::PriceError;
use if_core::{Currency, Micros};
use if_manifest::model::{Price, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const MILLION: u128 = 1_000_000;
const MINUTE_MS: u128 = 60_000;
const GIGABYTE: u128 = 1_000_000_000;

/// The largest amount of one call, a thousand million units: any bill above it counts as this
/// much, so that ten thousand of them can still be added.
pub const AMOUNT_MAX: Micros = Micros(1_000_000_000_000_000);

/// What a call used. What nobody counted or reported is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_in: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_out: Option<u64>,
}

impl Use {
    /// What a plugin reports beside an amount: `{"tokens_in": 12, "tokens_out": 340}`. Other
    /// members are its own business.
    pub fn reported(usage: &str) -> Self {
        let value: Value = serde_json::from_str(usage).unwrap_or_default();
        let count = |name: &str| value.get(name).and_then(Value::as_u64);
        let (tokens_in, tokens_out) = (count("tokens_in"), count("tokens_out"));
        Self { tokens_in, tokens_out, ..Self::default() }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Use) -> Use {
        let sum = |one: Option<u64>, two: Option<u64>| match (one, two) {
            (Some(one), Some(two)) => Some(one.saturating_add(two)),
            (one, two) => one.or(two),
        };
        Use {
            millis: sum(self.millis, other.millis),
            bytes: sum(self.bytes, other.bytes),
            tokens_in: sum(self.tokens_in, other.tokens_in),
            tokens_out: sum(self.tokens_out, other.tokens_out),
        }
    }
}

/// What the parts of a price are multiplied with.
#[derive(Debug, Clone, Copy)]
struct Counts {
    millis: u64,
    bytes: u64,
    tokens_in: u64,
    tokens_out: u64,
}

/// The most that a call at this price is expected to cost: it is reserved before the call.
///
/// # Errors
/// The argument that names the amount of a transaction is none.
pub fn estimate(
    price: &Price,
    arguments: &Map<String, Value>,
    deadline_ms: u64,
) -> Result<Micros, PriceError> {
    let most = Counts {
        millis: deadline_ms,
        bytes: price.bytes_max,
        tokens_in: price.tokens_in_max,
        tokens_out: price.tokens_out_max,
    };
    let share = match &price.transaction {
        Some(transaction) => share(transaction, arguments)?,
        None => 0,
    };
    Ok(amount(by_use(price, most).saturating_add(share)))
}

/// What a call at this price did cost. What should have been reported and was not counts as the
/// most that was expected.
///
/// # Errors
/// As [`estimate`].
pub fn bill(
    price: &Price,
    arguments: &Map<String, Value>,
    used: Use,
    moved: bool,
) -> Result<Micros, PriceError> {
    let counts = Counts {
        millis: used.millis.unwrap_or_default(),
        bytes: used.bytes.unwrap_or_default(),
        tokens_in: used.tokens_in.unwrap_or(price.tokens_in_max),
        tokens_out: used.tokens_out.unwrap_or(price.tokens_out_max),
    };
    let share = match &price.transaction {
        Some(transaction) if moved => share(transaction, arguments)?,
        _ => 0,
    };
    Ok(amount(by_use(price, counts).saturating_add(share)))
}

/// The currency of the amount that an argument names, if one does.
///
/// # Errors
/// The argument is no currency.
pub fn currency_of(
    price: &Price,
    arguments: &Map<String, Value>,
) -> Result<Option<Currency>, PriceError> {
    let Some(name) = price.transaction.as_ref().and_then(|it| it.currency.as_ref()) else {
        return Ok(None);
    };
    let Some(value) = arguments.get(name) else { return Ok(None) };
    let text = value.as_str().unwrap_or_default().to_ascii_uppercase();
    let currency = Currency::new(text);
    currency.map(Some).map_err(|_| PriceError::NoCurrency { parameter: name.clone() })
}

fn by_use(price: &Price, counts: Counts) -> u128 {
    let parts = [
        (price.call, 1, 1),
        (price.minute, counts.millis, MINUTE_MS),
        (price.gigabyte, counts.bytes, GIGABYTE),
        (price.million_tokens_in, counts.tokens_in, MILLION),
        (price.million_tokens_out, counts.tokens_out, MILLION),
    ];
    let part = |(price, count, per): (Micros, u64, u128)| {
        (u128::from(price.0) * u128::from(count)).div_ceil(per)
    };
    parts.into_iter().map(part).fold(0, u128::saturating_add)
}

fn share(it: &Transaction, arguments: &Map<String, Value>) -> Result<u128, PriceError> {
    let unreadable = || PriceError::NoAmount { parameter: it.amount.clone() };
    let text = match arguments.get(&it.amount) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(unreadable()),
    };
    let parts = Micros::parse(&text).ok_or_else(unreadable)?;
    let per = MILLION * u128::from(it.parts_per_unit.max(1));
    let share = (u128::from(parts.0) * u128::from(it.share_ppm)).div_ceil(per);
    Ok(share.saturating_add(u128::from(it.fixed.0)))
}

fn amount(sum: u128) -> Micros {
    Micros(u64::try_from(sum).unwrap_or(u64::MAX)).min(AMOUNT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn none() -> Map<String, Value> {
        Map::new()
    }

    fn price(text: Value) -> Price {
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn each_part_is_rounded_up_by_itself() {
        let third = price(json!({"minute": 1, "gigabyte": 1, "bytes_max": 1}));
        assert_eq!(estimate(&third, &none(), 1).unwrap(), Micros(2));
        let used = Use { millis: Some(60_001), bytes: Some(1_000_000_000), ..Use::default() };
        assert_eq!(bill(&third, &none(), used, true).unwrap(), Micros(3));
        assert_eq!(bill(&third, &none(), Use::default(), true).unwrap(), Micros(0));
        assert_eq!(bill(&price(json!({"call": 5})), &none(), used, false).unwrap(), Micros(5));
    }

    #[test]
    fn tokens_that_nobody_reports_cost_what_was_reserved() {
        let model = price(json!({
            "million_tokens_in": 150_000, "tokens_in_max": 2_000,
            "million_tokens_out": 600_000, "tokens_out_max": 1_000,
        }));
        let reserved = estimate(&model, &none(), 10).unwrap();
        assert_eq!(reserved, Micros(300 + 600));
        assert_eq!(bill(&model, &none(), Use::default(), true).unwrap(), reserved);
        let used = Use::reported(r#"{"tokens_in": 10, "tokens_out": 1, "model": "x"}"#);
        assert_eq!(bill(&model, &none(), used, true).unwrap(), Micros(2 + 1));
        let twice = used.and(used);
        assert_eq!((twice.tokens_in, twice.tokens_out, twice.bytes), (Some(20), Some(2), None));
        for nonsense in ["", "[]", "{\"tokens_in\": -1}", "{\"tokens_in\": \"1\"}"] {
            assert_eq!(Use::reported(nonsense), Use::default(), "{nonsense}");
        }
    }

    #[test]
    fn a_transaction_costs_its_share_unless_it_is_known_to_have_failed() {
        let card = price(json!({"transaction": {
            "amount": "amount", "parts_per_unit": 100, "share_ppm": 29_000, "fixed": 300_000,
        }}));
        let arguments = |amount: Value| Map::from_iter([("amount".to_owned(), amount)]);
        // 10.01 units: 2.9 % are 0.29029, and 0.30 beside it.
        let cents = arguments(json!(1001));
        assert_eq!(estimate(&card, &cents, 1).unwrap(), Micros(590_290));
        assert_eq!(bill(&card, &cents, Use::default(), true).unwrap(), Micros(590_290));
        assert_eq!(bill(&card, &cents, Use::default(), false).unwrap(), Micros(0));
        assert_eq!(estimate(&card, &arguments(json!("0.5")), 1).unwrap(), Micros(300_145));
        for wrong in [json!(-1), json!(null), json!("1e9"), json!([])] {
            assert!(estimate(&card, &arguments(wrong), 1).is_err());
        }
        assert!(estimate(&card, &none(), 1).is_err());
    }

    #[test]
    fn no_amount_is_larger_than_can_be_added() {
        let dear = price(json!({"call": u64::MAX, "minute": u64::MAX}));
        assert_eq!(estimate(&dear, &none(), u64::MAX).unwrap(), AMOUNT_MAX);
    }

    #[test]
    fn the_amounts_own_currency_is_found() {
        let card = price(json!({"transaction": {
            "amount": "amount", "currency": "currency", "share_ppm": 1,
        }}));
        let said = |text| Map::from_iter([("currency".to_owned(), json!(text))]);
        let found = currency_of(&card, &said("eur")).unwrap().unwrap();
        assert_eq!(found.as_str(), "EUR");
        assert_eq!(currency_of(&card, &none()).unwrap(), None);
        assert!(currency_of(&card, &said("euros")).is_err());
        assert_eq!(currency_of(&price(json!({"call": 1})), &said("eur")).unwrap(), None);
    }
}
