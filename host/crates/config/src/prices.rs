//! `prices.yaml`, the operator's price book: what commands cost by the contract that the operator
//! has, which goes before what their publishers sign. Without the file there is none.
//!
//! Amounts are written in whole units of the currency, with at most six decimals; a share of a
//! transaction in percent.

use crate::amount::Amount;
use crate::{ConfigError, Environment, Home, yaml};
use if_core::{Currency, Word};
use if_manifest::model::{Price, Transaction};
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};
use std::path::Path;

/// The operator's prices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceBook(Vec<BookPrice>);

/// One price, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookPrice {
    pub provider: Word,
    /// One command; every one where none is named.
    pub command: Option<String>,
    /// One instance; every one where none is named.
    pub instance: Option<Word>,
    pub currency: Currency,
    pub price: Price,
}

/// An agent or a swarm, as the environment names the one that runs a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    pub swarm: Option<Word>,
    pub agent: Option<Word>,
}

impl Environment {
    /// `IF_SWARM` and `IF_AGENT`: whose budgets a command counts for. A label, not a proof.
    ///
    /// # Errors
    /// [`ConfigError::Variable`] where one is no name.
    pub fn caller(&self) -> Result<Caller, ConfigError> {
        let word = |name: &'static str| match self.variable(name).map(Word::new).transpose() {
            Ok(word) => Ok(word),
            Err(error) => Err(ConfigError::Variable { name, why: format!("is no name: {error}") }),
        };
        Ok(Caller { swarm: word(IF_SWARM)?, agent: word(IF_AGENT)? })
    }
}

pub(crate) const IF_SWARM: &str = "IF_SWARM";
pub(crate) const IF_AGENT: &str = "IF_AGENT";

impl PriceBook {
    /// Reads the home's price book.
    ///
    /// # Errors
    /// [`ConfigError::File`] with line and column for anything that is no price.
    pub fn load(home: &Home) -> Result<Self, ConfigError> {
        let path = home.prices_file();
        match yaml::read(&path)? {
            Some(text) => Self::from_text(&path, &text),
            None => Ok(Self::default()),
        }
    }

    /// The prices for a command of an instance: those that name it most closely, one for each
    /// currency.
    pub fn of(&self, provider: &Word, instance: Option<&Word>, command: &str) -> Vec<&BookPrice> {
        let fitting = self.0.iter().filter(|it| {
            it.provider == *provider
                && it.command.as_deref().is_none_or(|it| it == command)
                && it.instance.as_ref().is_none_or(|it| Some(it) == instance)
        });
        let fitting: Vec<&BookPrice> = fitting.collect();
        let closest = fitting.iter().map(|it| it.closeness()).max();
        fitting.into_iter().filter(|it| Some(it.closeness()) == closest).collect()
    }

    /// All of them, in the order of the file.
    pub fn all(&self) -> &[BookPrice] {
        &self.0
    }

    pub(crate) fn from_text(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file: File = yaml::parse(path, text)?;
        let mut prices: Vec<BookPrice> = Vec::new();
        for entry in file.prices.unwrap_or_default() {
            let (place, price) = (entry.referenced, entry.value.checked(path)?);
            let doubled = prices.iter().any(|it| it.is_for() == price.is_for());
            if doubled {
                let what =
                    format!("a price of {} in {} stands twice", price.what(), price.currency);
                return Err(yaml::at(path, place, what, None));
            }
            prices.push(price);
        }
        Ok(Self(prices))
    }
}

impl BookPrice {
    fn closeness(&self) -> (bool, bool) {
        (self.command.is_some(), self.instance.is_some())
    }

    fn is_for(&self) -> (&Word, &Option<String>, &Option<Word>, &Currency) {
        (&self.provider, &self.command, &self.instance, &self.currency)
    }

    /// In words: `openai chat of work`.
    pub fn what(&self) -> String {
        let command = self.command.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
        let instance = self.instance.as_ref().map(|it| format!(" of {it}")).unwrap_or_default();
        format!("{}{command}{instance}", self.provider)
    }
}

/// The file as it may be written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    prices: Option<Vec<Spanned<Entry>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    provider: Spanned<String>,
    command: Option<String>,
    instance: Option<Spanned<String>>,
    currency: Spanned<String>,
    #[serde(default)]
    call: Amount,
    #[serde(default)]
    minute: Amount,
    #[serde(default)]
    gigabyte: Amount,
    #[serde(default)]
    bytes_max: u64,
    #[serde(default)]
    million_tokens_in: Amount,
    #[serde(default)]
    tokens_in_max: u64,
    #[serde(default)]
    million_tokens_out: Amount,
    #[serde(default)]
    tokens_out_max: u64,
    transaction: Option<Spanned<Share>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    amount: String,
    #[serde(default = "one")]
    parts_per_unit: u32,
    currency: Option<String>,
    percent: Amount,
    #[serde(default)]
    fixed: Amount,
}

fn one() -> u32 {
    1
}

impl Entry {
    fn checked(self, path: &Path) -> Result<BookPrice, ConfigError> {
        let place = self.provider.referenced;
        let word = |text: Spanned<String>| {
            Word::new(text.value).map_err(|e| at(path, text.referenced, e.to_string()))
        };
        let currency = Currency::new(self.currency.value);
        let currency = currency.map_err(|e| at(path, self.currency.referenced, e.to_string()))?;
        let price = Price {
            call: self.call.0,
            minute: self.minute.0,
            gigabyte: self.gigabyte.0,
            bytes_max: self.bytes_max,
            million_tokens_in: self.million_tokens_in.0,
            tokens_in_max: self.tokens_in_max,
            million_tokens_out: self.million_tokens_out.0,
            tokens_out_max: self.tokens_out_max,
            transaction: self
                .transaction
                .map(|share| share.value.checked(path, place))
                .transpose()?,
        };
        price.check().map_err(|(part, why)| at(path, place, format!("`{part}` {why}")))?;
        Ok(BookPrice {
            provider: word(self.provider)?,
            command: self.command,
            instance: self.instance.map(word).transpose()?,
            currency,
            price,
        })
    }
}

impl Share {
    fn checked(self, path: &Path, place: Location) -> Result<Transaction, ConfigError> {
        /// Millionths of a percent in a millionth.
        const PER_PPM: u64 = 100;
        let share = self.percent.0.0;
        let fits = share.is_multiple_of(PER_PPM).then(|| u32::try_from(share / PER_PPM).ok());
        let share_ppm = fits
            .flatten()
            .ok_or_else(|| at(path, place, "`percent` has at most four decimals".to_owned()))?;
        let Share { amount, parts_per_unit, currency, fixed, .. } = self;
        Ok(Transaction { amount, parts_per_unit, currency, share_ppm, fixed: fixed.0 })
    }
}

fn at(path: &Path, place: Location, what: String) -> ConfigError {
    yaml::at(path, place, what, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::Micros;

    const BOOK: &str = "
prices:
  - provider: openai
    currency: USD
    million_tokens_in: 0.15
    tokens_in_max: 8000
  - provider: openai
    command: image
    currency: USD
    call: \"0.04\"
  - provider: openai
    instance: work
    currency: EUR
    minute: 1
  - provider: stripe
    command: charge
    currency: EUR
    transaction: { amount: amount, parts_per_unit: 100, percent: 2.9, fixed: 0.3 }
";

    fn read(text: &str) -> Result<PriceBook, ConfigError> {
        PriceBook::from_text(Path::new("prices.yaml"), text)
    }

    fn word(text: &str) -> Word {
        Word::new(text).unwrap()
    }

    #[test]
    fn amounts_are_read_to_the_last_millionth() {
        let book = read(BOOK).unwrap();
        let [tokens, image, minute, card] = book.all() else { panic!("{book:?}") };
        assert_eq!(tokens.price.million_tokens_in, Micros(150_000));
        assert_eq!(image.price.call, Micros(40_000));
        assert_eq!(minute.price.minute, Micros(1_000_000));
        let card = card.price.transaction.as_ref().unwrap();
        assert_eq!((card.share_ppm, card.fixed), (29_000, Micros(300_000)));
        assert_eq!(read("").unwrap(), PriceBook::default());
    }

    #[test]
    fn the_price_that_names_a_call_most_closely_holds() {
        let book = read(BOOK).unwrap();
        let of = |instance: &str, command: &str| {
            let found = book.of(&word("openai"), Some(&word(instance)), command);
            found.iter().map(|it| it.what()).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(of("home", "chat"), "openai");
        assert_eq!(of("home", "image"), "openai image");
        assert_eq!(of("work", "image"), "openai image");
        assert_eq!(of("work", "chat"), "openai of work");
        assert!(book.of(&word("obs"), None, "status").is_empty());
    }

    #[test]
    fn what_is_no_price_is_refused_with_its_place() {
        for (text, word) in [
            ("prices:\n  - provider: x\n    currency: USD\n    call: -1\n", "six decimals"),
            ("prices:\n  - provider: x\n    currency: USD\n    call: 0.0000001\n", "six decimals"),
            ("prices:\n  - provider: x\n    currency: usd\n", "ISO 4217"),
            ("prices:\n  - provider: X\n    currency: USD\n", "name `X`"),
            ("prices:\n  - provider: x\n    currency: USD\n    gigabyte: 1\n", "needs bytes_max"),
            ("prices:\n  - provider: x\n    currency: USD\n    calls: 1\n", "unknown key `calls`"),
            (
                "prices:\n  - {provider: x, currency: USD}\n  - {provider: x, currency: USD}\n",
                "stands twice",
            ),
            (
                "prices:\n  - provider: x\n    currency: USD\n    transaction: {amount: a, \
                 percent: 0.00001}\n",
                "four decimals",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(word) && error.contains("prices.yaml:"), "{error}");
        }
    }
}
