//! What one operation may cost and does: `--max-cost` is its own budget; those over many operations
//! are the ledger's, where it reserves and settles.
//!
//! A report above what was allowed is recorded and named, and blocks the next reservation.

use crate::tariff::Tariff;
use if_core::{Code, Explain as _, Meter, Micros, Money, Problem, Refusal, RefusalKind};
use if_optimise::{AMOUNT_MAX, Alert, Spending, Standing, Use, Verdict, reserve, settle};
use if_store::{Store, StoreError, Transaction};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The meter of one operation.
#[derive(Debug)]
pub struct Purse {
    limit: Option<Micros>,
    tariff: Tariff,
    spent: Mutex<Spent>,
    /// Where it is counted, once its intent stands.
    account: OnceLock<Account>,
}

/// Its place in the ledger.
#[derive(Debug)]
struct Account {
    store: Arc<Store>,
    spending: Spending,
}

#[derive(Debug, Default, Clone, Copy)]
struct Spent {
    reserved: Micros,
    reported: Option<Micros>,
    used: Use,
}

impl Spent {
    /// What it comes to so far: the provider's bill, where that is more than was reserved for it.
    fn so_far(self) -> Micros {
        self.reserved.max(self.reported.unwrap_or_default())
    }
}

/// What an operation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bill {
    pub cost: Micros,
    pub used: Use,
    pub overrun: Option<Overrun>,
}

/// A bill above what was allowed. It was spent: nobody can refuse it any more, only say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overrun {
    pub cost: Micros,
    pub allowed: Micros,
    /// Whose word was exceeded: the operator's, else that of the price or of the plugin.
    limited: bool,
}

impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cost, allowed) = (self.cost.0, self.allowed.0);
        write!(f, "it cost {cost} micros, ")?;
        match self.limited {
            true => write!(f, "more than --max-cost allows ({allowed})"),
            false => write!(f, "and {allowed} were reserved"),
        }
    }
}

impl Overrun {
    /// By how much.
    pub fn above(self) -> Micros {
        Micros(self.cost.0.saturating_sub(self.allowed.0))
    }
}

impl Purse {
    /// A purse with `--max-cost`, and the command's price already reserved in it.
    pub(crate) fn new(limit: Option<Micros>, tariff: Tariff) -> Result<Self, Refusal> {
        let price = tariff.reserved;
        let purse = Self { limit, tariff, spent: Mutex::default(), account: OnceLock::new() };
        purse.add(price, "the command's price")?;
        Ok(purse)
    }

    /// What is set aside before it runs, for the intent.
    pub(crate) fn charge(&self) -> Option<Money> {
        self.tariff.charge()
    }

    /// Reserves its price on every budget that it belongs to, in the transaction of its intent; how
    /// they stood before.
    ///
    /// # Errors
    /// A budget has too little left, or the database fails.
    pub(crate) fn open(
        &self,
        transaction: &Transaction<'_>,
        store: &Arc<Store>,
        spending: impl FnOnce(if_core::Currency) -> Spending,
    ) -> Result<Vec<Standing>, Problem> {
        let Some(currency) = self.tariff.currency.clone() else { return Ok(Vec::new()) };
        let spending = spending(currency);
        let reserved = self.tariff.reserved;
        let verdict = reserve(transaction, &spending, reserved).map_err(|error| error.problem())?;
        let standings = match verdict {
            Verdict::Short(short) => return Err(short.problem()),
            Verdict::Granted(granted) => granted.standings,
        };
        let _ = self.account.set(Account { store: store.clone(), spending });
        Ok(standings)
    }

    /// What it came to, by what the host counted.
    pub(crate) fn bill(&self, counted: Use, moved: bool) -> Bill {
        let spent = self.spent();
        let used = spent.used.and(counted);
        let cost = self.tariff.cost(used, moved, spent.reported).unwrap_or(spent.reserved);
        let reserved = Some(spent.reserved).filter(|reserved| *reserved > Micros(0));
        let allowed = self.limit.or(reserved).filter(|allowed| cost > *allowed);
        let limited = self.limit.is_some();
        let overrun = allowed.map(|allowed| Overrun { cost, allowed, limited });
        Bill { cost, used, overrun }
    }

    /// Puts the bill in the place of the reservation, in the transaction of its outcome.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) fn settle(
        &self,
        transaction: &Transaction<'_>,
        bill: &Bill,
    ) -> Result<Vec<Alert>, StoreError> {
        let Some(account) = self.account.get() else { return Ok(Vec::new()) };
        let usage = serde_json::to_string(&bill.used).ok();
        settle(transaction, &account.spending, bill.cost, usage.as_deref())
    }

    /// Adds to what is reserved within `--max-cost`.
    fn add(&self, micros: Micros, reason: &str) -> Result<(), Refusal> {
        let mut spent = self.spent();
        let total = spent.so_far().saturating_add(micros);
        match self.limit {
            Some(limit) if total > limit => Err(Refusal::new(
                RefusalKind::Budget,
                Code::Budget,
                format!(
                    "{reason} would bring the cost to {} micros, and {} are allowed",
                    total.0, limit.0
                ),
            )
            .hint(format!("--max-cost {}", total.0))),
            _ => {
                spent.reserved = spent.reserved.saturating_add(micros);
                Ok(())
            }
        }
    }

    fn take_back(&self, micros: Micros) {
        let mut spent = self.spent();
        spent.reserved = Micros(spent.reserved.0.saturating_sub(micros.0));
    }

    /// Nobody can count amounts of which nobody says what they are.
    fn countable(&self) -> Result<(), Refusal> {
        match self.tariff.currency {
            Some(_) => Ok(()),
            None => Err(Refusal::new(
                RefusalKind::Invalid,
                Code::PluginMisbehaved,
                "the plugin speaks of a cost, and its manifest names no currency",
            )),
        }
    }

    fn spent(&self) -> std::sync::MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn reserve(&self, micros: Micros) -> Result<(), Refusal> {
        let reserved = self.store.transaction(|sql| reserve(sql, &self.spending, micros));
        match reserved {
            Ok(Verdict::Granted(_)) => Ok(()),
            Ok(Verdict::Short(short)) => {
                let problem = short.problem();
                let refusal = Refusal::new(RefusalKind::Budget, problem.code, problem.message);
                Err(problem.hints.into_iter().fold(refusal, Refusal::hint))
            }
            Err(error) => Err(Refusal::fatal(RefusalKind::Limit, error.code(), error.to_string())),
        }
    }
}

impl Meter for Purse {
    fn reserve(&self, micros: Micros, reason: &str) -> Result<(), Refusal> {
        self.countable()?;
        self.add(micros, reason)?;
        let Some(account) = self.account.get() else { return Ok(()) };
        account.reserve(micros.min(AMOUNT_MAX)).inspect_err(|_| self.take_back(micros))
    }

    /// The provider's bill stands even above the limit: it is recorded, and named in the outcome.
    fn report(&self, micros: Micros, usage: &str) -> Result<(), Refusal> {
        self.countable()?;
        let mut spent = self.spent();
        if micros > Micros(0) {
            let reported = spent.reported.unwrap_or_default().saturating_add(micros);
            spent.reported = Some(reported.min(AMOUNT_MAX));
        }
        spent.used = spent.used.and(Use::reported(usage));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purse(limit: Option<u64>, reserved: u64) -> Purse {
        Purse::new(limit.map(Micros), Tariff::for_test(reserved)).unwrap()
    }

    fn bill(purse: &Purse) -> Bill {
        purse.bill(Use::default(), true)
    }

    #[test]
    fn a_reservation_above_the_limit_is_refused_and_not_counted() {
        let purse = purse(Some(100), 40);
        purse.reserve(Micros(60), "tokens").unwrap();
        let refusal = purse.reserve(Micros(1), "more").unwrap_err();
        assert_eq!((refusal.kind, refusal.code), (RefusalKind::Budget, Code::Budget));
        assert_eq!(bill(&purse).cost, Micros(100));
        assert!(Purse::new(Some(Micros(1)), Tariff::for_test(2)).is_err());
    }

    #[test]
    fn an_overrun_is_named_and_blocks_the_next_reservation() {
        let it = purse(Some(100), 40);
        it.report(Micros(100), "{}").unwrap();
        assert_eq!(bill(&it).overrun, None);
        it.report(Micros(7), "{}").unwrap();
        let overrun = bill(&it).overrun.unwrap();
        assert_eq!((overrun.cost, overrun.allowed), (Micros(107), Micros(100)));
        assert_eq!(overrun.above(), Micros(7));
        assert!(overrun.to_string().contains("--max-cost"), "{overrun}");
        assert_eq!(it.reserve(Micros(0), "more").unwrap_err().code, Code::Budget);
        let it = purse(Some(1), 0);
        it.report(Micros(u64::MAX), "{}").unwrap();
        it.report(Micros(u64::MAX), "{}").unwrap();
        assert_eq!(bill(&it).overrun.unwrap().cost, AMOUNT_MAX);
    }

    #[test]
    fn without_a_limit_the_reservation_is_what_was_allowed() {
        let it = purse(None, 40);
        it.report(Micros(41), "{}").unwrap();
        assert_eq!(bill(&it).overrun.unwrap().allowed, Micros(40));
        let it = purse(None, 0);
        it.report(Micros(41), "{}").unwrap();
        assert_eq!(bill(&it).overrun, None);
    }

    #[test]
    fn a_report_replaces_the_reservation_even_above_the_limit() {
        let it = purse(Some(10), 5);
        it.report(Micros(12), "{}").unwrap();
        assert_eq!(bill(&it).cost, Micros(12));
    }

    #[test]
    fn nobody_speaks_of_money_without_a_currency() {
        let it = Purse::new(None, Tariff::default()).unwrap();
        for spoken in [it.reserve(Micros(1), "x"), it.report(Micros(1), "{}")] {
            assert_eq!(spoken.unwrap_err().code, Code::PluginMisbehaved);
        }
        assert_eq!(bill(&it).cost, Micros(0));
    }
}
