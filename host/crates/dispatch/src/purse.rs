//! What one operation may cost: `--max-cost` is its budget; every reservation and report is kept
//! for the outcome. Budgets over many operations come with the ledger.

use if_core::{Code, Meter, Micros, Refusal, RefusalKind};
use std::sync::{Mutex, PoisonError};

/// The meter of one operation.
#[derive(Debug)]
pub struct Purse {
    limit: Option<Micros>,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Spent {
    reserved: Micros,
    reported: Option<Micros>,
}

impl Purse {
    /// A purse with `--max-cost`, and the command's fixed price already reserved.
    pub fn new(limit: Option<Micros>, price: Micros) -> Result<Self, Refusal> {
        let purse = Self { limit, spent: Mutex::default() };
        purse.reserve(price, "the command's price")?;
        Ok(purse)
    }

    /// What goes into the outcome: the reported cost, or the reservation when nothing was reported.
    pub fn total(&self) -> Micros {
        let spent = self.spent();
        spent.reported.unwrap_or(spent.reserved)
    }

    fn spent(&self) -> std::sync::MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meter for Purse {
    fn reserve(&self, micros: Micros, reason: &str) -> Result<(), Refusal> {
        let mut spent = self.spent();
        let total = spent.reserved.saturating_add(micros);
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
                spent.reserved = total;
                Ok(())
            }
        }
    }

    /// The provider's bill stands even above the limit: it is recorded, and named in the outcome.
    fn report(&self, micros: Micros, _usage: &str) -> Result<(), Refusal> {
        let mut spent = self.spent();
        spent.reported = Some(spent.reported.unwrap_or_default().saturating_add(micros));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_above_the_limit_is_refused_and_not_counted() {
        let purse = Purse::new(Some(Micros(100)), Micros(40)).unwrap();
        purse.reserve(Micros(60), "tokens").unwrap();
        let refusal = purse.reserve(Micros(1), "more").unwrap_err();
        assert_eq!((refusal.kind, refusal.code), (RefusalKind::Budget, Code::Budget));
        assert_eq!(purse.total(), Micros(100));
        assert!(Purse::new(Some(Micros(1)), Micros(2)).is_err());
    }

    #[test]
    fn a_report_replaces_the_reservation_even_above_the_limit() {
        let purse = Purse::new(Some(Micros(10)), Micros(5)).unwrap();
        purse.report(Micros(12), "{}").unwrap();
        assert_eq!(purse.total(), Micros(12));
    }
}
