//! What a command costs: by the operator's price book, else by its signed manifest.

use crate::request::{Action, Request};
use if_config::{BookPrice, PriceBook};
use if_core::{Code, Currency, Micros, Mode, Money, Problem};
use if_manifest::model::{Predicate, Price};
use if_optimise::{PriceError, Use, bill, currency_of, estimate};
use serde_json::{Map, Value};

/// The price of one call, and what is reserved for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tariff {
    price: Option<Price>,
    /// The operator's own price: what the plugin reports does not change it.
    from_book: bool,
    /// In which it counts; a plugin without one costs nothing.
    pub currency: Option<Currency>,
    pub reserved: Micros,
    arguments: Map<String, Value>,
}

/// Where a price comes from, and the currencies in which there is none.
struct Found {
    price: Option<Price>,
    from_book: bool,
    currency: Option<Currency>,
}

impl Tariff {
    /// The price of this request. In a dry run only what is used is owed: it calls for nothing, and
    /// moves nothing.
    pub fn of(
        request: &Request,
        predicate: &Predicate,
        book: &PriceBook,
        arguments: &Map<String, Value>,
        deadline_ms: u64,
    ) -> Result<Self, Problem> {
        let Found { price, from_book, currency } = find(request, predicate, book, arguments)?;
        let mode = if request.flags.dry_run { Mode::DryRun } else { Mode::Live };
        let price = price.map(|price| match mode {
            Mode::Live => price,
            Mode::DryRun => Price { call: Micros(0), transaction: None, ..price },
        });
        let reserved = price.as_ref().map(|price| estimate(price, arguments, deadline_ms));
        let reserved = reserved.transpose().map_err(unpriced)?.unwrap_or_default();
        Ok(Self { price, from_book, currency, reserved, arguments: arguments.clone() })
    }

    /// So much in millionths of a dollar, by no price.
    #[cfg(test)]
    pub fn for_test(reserved: u64) -> Self {
        let currency = Currency::new("USD").ok();
        Self { currency, reserved: Micros(reserved), ..Self::default() }
    }

    /// What is set aside before it runs, if anything is.
    pub fn charge(&self) -> Option<Money> {
        let currency = self.currency.clone().filter(|_| self.reserved > Micros(0))?;
        Some(Money { micros: self.reserved, currency })
    }

    /// What it costs: by the operator's price, else what its plugin reports, else by the signed
    /// price; `None` where there is neither.
    pub fn cost(&self, used: Use, moved: bool, reported: Option<Micros>) -> Option<Micros> {
        let by_price = || {
            let price = self.price.as_ref()?;
            bill(price, &self.arguments, used, moved).ok()
        };
        match self.from_book {
            true => by_price().or(reported),
            false => reported.or_else(by_price),
        }
    }
}

fn find(
    request: &Request,
    predicate: &Predicate,
    book: &PriceBook,
    arguments: &Map<String, Value>,
) -> Result<Found, Problem> {
    let declared = predicate.currency.clone().and_then(|code| Currency::new(code).ok());
    let Action::Command { path, .. } = &request.action else {
        return Ok(Found { price: None, from_book: false, currency: declared });
    };
    let booked = book.of(&request.provider, request.instance.as_ref(), path);
    let signed = predicate.prices.get(path).zip(declared.clone());
    let known: Vec<(&Price, Currency)> = match booked.as_slice() {
        [] => signed.into_iter().collect(),
        booked => booked.iter().map(|it| (&it.price, it.currency.clone())).collect(),
    };
    let from_book = !booked.is_empty();
    let Some((price, currency)) = known.first() else {
        return Ok(Found { price: None, from_book: false, currency: declared });
    };
    let amount_in = currency_of(price, arguments).map_err(unpriced)?;
    let found = known.iter().find(|(_, it)| amount_in.as_ref().is_none_or(|wanted| wanted == it));
    match (found, amount_in) {
        (Some((price, currency)), _) => {
            let (price, currency) = (Some((*price).clone()), Some(currency.clone()));
            Ok(Found { price, from_book, currency })
        }
        (None, Some(wanted)) => Err(no_price_in(&wanted, currency, request, path)),
        (None, None) => Ok(Found { price: None, from_book: false, currency: declared }),
    }
}

fn no_price_in(wanted: &Currency, known: &Currency, request: &Request, path: &str) -> Problem {
    let provider = &request.provider;
    let text =
        format!("the amount is in {wanted}, and the price of `{provider} {path}` in {known}");
    Problem::new(Code::Currency, text).hint(format!(
        "write a price in {wanted} into prices.yaml: ifctl optimise prices {provider}"
    ))
}

fn unpriced(error: PriceError) -> Problem {
    Problem::new(Code::Usage, error.to_string())
}

/// A price as it is shown: where it stands, and what it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceShown {
    /// `prices.yaml` or `manifest`.
    pub from: &'static str,
    pub what: String,
    pub currency: Currency,
    pub price: Price,
}

impl PriceShown {
    pub(crate) fn booked(it: &BookPrice) -> Self {
        let (currency, price) = (it.currency.clone(), it.price.clone());
        Self { from: "prices.yaml", what: it.what(), currency, price }
    }

    pub(crate) fn signed(predicate: &Predicate) -> Vec<Self> {
        let Some(currency) = predicate.currency.clone().and_then(|it| Currency::new(it).ok())
        else {
            return Vec::new();
        };
        let shown = |(path, price): (&String, &Price)| {
            let what = format!("{} {path}", predicate.provider);
            Self { from: "manifest", what, currency: currency.clone(), price: price.clone() }
        };
        predicate.prices.iter().map(shown).collect()
    }
}
