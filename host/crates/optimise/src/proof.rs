//! The ledger against the log: every amount has an entry that says it, every entry that says an
//! amount has its row, and the sums are the sums. Pure; whoever calls has verified the log.

use crate::{Payer, Period, Row};
use if_core::{Micros, UnixMillis};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What the log says of an operation that costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// When its intent was written.
    pub at: UnixMillis,
    pub payer: Payer,
    pub currency: String,
    /// What was reserved before it ran.
    pub reserved: Micros,
    /// What its outcome says; `None` while it has none.
    pub cost: Option<Micros>,
}

/// Something in the ledger that the log does not bear out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "fault")]
pub enum Fault {
    /// The log says that it costs, and the ledger has nothing of it.
    NoRow { operation: String },
    /// The ledger says that it costs, and the log does not.
    NoEntry { operation: String },
    /// Both know it, and differ.
    Differs { operation: String, field: &'static str, ledger: String, log: String },
    /// A sum is not that of its rows.
    Sum(Sum),
}

/// A sum, as it stands and as the log has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sum {
    pub scope: String,
    pub bucket: String,
    pub currency: String,
    pub ledger: Micros,
    pub log: Micros,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NoRow { operation } => write!(f, "operation {operation} is not in the ledger"),
            Fault::NoEntry { operation } => {
                write!(f, "operation {operation} is in the ledger, and the log knows no cost of it")
            }
            Fault::Differs { operation, field, ledger, log } => {
                write!(
                    f,
                    "operation {operation}: its {field} is {ledger} in the ledger, {log} in the log"
                )
            }
            Fault::Sum(Sum { scope, bucket, currency, ledger, log }) => write!(
                f,
                "the sum of {scope} in {bucket} is {ledger} {currency}, and the log has {log}"
            ),
        }
    }
}

/// The comparison, fed row by row.
#[derive(Debug, Default)]
pub struct Proof {
    noted: BTreeMap<String, Noted>,
    /// Every time at which the log has an operation that costs.
    times: BTreeSet<UnixMillis>,
    sums: BTreeMap<(String, String, String), u64>,
    faults: Vec<Fault>,
    rows: u64,
}

impl Proof {
    /// Takes what the log says.
    pub fn note(&mut self, operation: String, noted: Noted) {
        self.times.insert(noted.at);
        self.noted.insert(operation, noted);
    }

    /// Takes a row of the ledger; all of the log was taken before.
    pub fn row(&mut self, row: &Row) {
        self.rows += 1;
        let Some(noted) = self.noted.remove(&row.operation) else {
            self.faults.push(Fault::NoEntry { operation: row.operation.clone() });
            return;
        };
        let counted = self.compare(row, &noted);
        for scope in noted.payer.scopes() {
            for period in Period::ALL {
                let key = (scope.to_string(), period.bucket(row.at), row.currency.clone());
                let sum = self.sums.entry(key).or_default();
                *sum = sum.saturating_add(counted.0);
            }
        }
    }

    /// Names what differs; what the log counts it for.
    fn compare(&mut self, row: &Row, noted: &Noted) -> Micros {
        let mut differs = |field, ledger: String, log: String| {
            if ledger != log {
                let operation = row.operation.clone();
                self.faults.push(Fault::Differs { operation, field, ledger, log });
            }
        };
        differs("payer", shown(&row.payer), shown(&noted.payer));
        if noted.cost.is_some() || noted.reserved > Micros(0) {
            differs("currency", row.currency.clone(), noted.currency.clone());
        }
        // A clock that was set back counts with what was there: a time that the log has too.
        let moved = row.at > noted.at && self.times.contains(&row.at);
        if !moved {
            differs("time", row.at.0.to_string(), noted.at.0.to_string());
        }
        match noted.cost {
            Some(cost) => {
                differs("cost", row.counted().to_string(), cost.to_string());
                cost
            }
            // It runs, and may have reserved more since.
            None => {
                let more = row.reserved.max(noted.reserved);
                differs("reservation", row.counted().to_string(), more.to_string());
                more
            }
        }
    }

    /// Everything that was found, once all rows were taken, with the sums as they stand.
    pub fn conclude(mut self, sums: &BTreeMap<(String, String, String), u64>) -> (u64, Vec<Fault>) {
        let missing = self.noted.into_iter().filter(|(_, noted)| {
            noted.cost.unwrap_or(noted.reserved).0 > 0 || noted.reserved.0 > 0
        });
        self.faults.extend(missing.map(|(operation, _)| Fault::NoRow { operation }));
        let keys: BTreeSet<_> = sums.keys().chain(self.sums.keys()).collect();
        for key in keys {
            let [ledger, log] = [sums, &self.sums].map(|it| it.get(key).copied().unwrap_or(0));
            if ledger != log {
                let (scope, bucket, currency) = key.clone();
                let (ledger, log) = (Micros(ledger), Micros(log));
                self.faults.push(Fault::Sum(Sum { scope, bucket, currency, ledger, log }));
            }
        }
        (self.rows, self.faults)
    }
}

fn shown(payer: &Payer) -> String {
    let scopes = payer.scopes();
    let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
    format!("{} {}", scopes.join(" "), payer.command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::Word;

    fn payer() -> Payer {
        Payer {
            provider: Word::new("openai").unwrap(),
            instance: None,
            command: "chat".into(),
            category: None,
            swarm: None,
            agent: None,
        }
    }

    fn noted(cost: Option<u64>) -> Noted {
        let (at, currency) = (UnixMillis(5), "USD".to_owned());
        Noted { at, payer: payer(), currency, reserved: Micros(9), cost: cost.map(Micros) }
    }

    fn row(operation: &str, cost: Option<u64>) -> Row {
        let (at, currency, usage) = (UnixMillis(5), "USD".to_owned(), None);
        let (operation, cost) = (operation.to_owned(), cost.map(Micros));
        Row { operation, at, payer: payer(), currency, reserved: Micros(9), cost, usage }
    }

    fn sums(micros: u64) -> BTreeMap<(String, String, String), u64> {
        let mut sums = BTreeMap::new();
        for scope in payer().scopes() {
            for period in Period::ALL {
                let key = (scope.to_string(), period.bucket(UnixMillis(5)), "USD".to_owned());
                sums.insert(key, micros);
            }
        }
        sums
    }

    fn faults(
        log: &[(&str, Noted)],
        rows: &[Row],
        sums: &BTreeMap<(String, String, String), u64>,
    ) -> Vec<Fault> {
        let mut proof = Proof::default();
        log.iter().for_each(|(id, noted)| proof.note((*id).to_owned(), noted.clone()));
        rows.iter().for_each(|row| proof.row(row));
        proof.conclude(sums).1
    }

    #[test]
    fn what_the_log_bears_out_is_without_fault() {
        let log = [("a", noted(Some(4))), ("b", noted(None))];
        assert_eq!(faults(&log, &[row("a", Some(4)), row("b", None)], &sums(13)), []);
        let late = Noted { reserved: Micros(0), currency: String::new(), ..noted(None) };
        assert_eq!(faults(&[("b", late)], &[row("b", None)], &sums(9)), []);
        assert_eq!(
            faults(&[("a", Noted { reserved: Micros(0), ..noted(Some(0)) })], &[], &sums(0)),
            []
        );
    }

    #[test]
    fn every_way_of_cooking_the_books_is_named() {
        let log = [("a", noted(Some(4)))];
        let is = |found: Vec<Fault>, word: &str| {
            assert!(found.iter().any(|it| it.to_string().contains(word)), "{word}: {found:?}");
        };
        is(faults(&log, &[], &sums(4)), "not in the ledger");
        is(faults(&[], &[row("a", Some(4))], &sums(4)), "knows no cost");
        is(faults(&log, &[row("a", Some(3))], &sums(3)), "its cost is");
        is(faults(&log, &[row("a", Some(4))], &sums(3)), "the sum of global");
        is(faults(&log, &[row("a", Some(4))], &BTreeMap::new()), "the sum of provider:openai");
        let other = Row { currency: "EUR".into(), ..row("a", Some(4)) };
        is(faults(&log, &[other], &sums(4)), "its currency");
        let later = Row { at: UnixMillis(86_400_005), ..row("a", Some(4)) };
        is(faults(&log, &[later], &sums(4)), "its time");
        let agent = Some(Word::new("x").unwrap());
        let mine = Row { payer: Payer { agent, ..payer() }, ..row("a", Some(4)) };
        is(faults(&log, &[mine], &sums(4)), "its payer");
        let less = Row { reserved: Micros(8), ..row("a", None) };
        is(faults(&[("a", noted(None))], &[less], &sums(8)), "its reservation");
    }

    #[test]
    fn a_clock_that_was_set_back_counts_with_a_time_that_the_log_has() {
        let early = Noted { at: UnixMillis(2), ..noted(Some(4)) };
        let log = [("a", noted(Some(4))), ("b", early)];
        assert_eq!(faults(&log, &[row("a", Some(4)), row("b", Some(4))], &sums(8)), []);
    }
}
