//! What one operation may cost: `--max-cost` is its budget; every reservation and report is kept
//! for the outcome. A report above it is recorded and named, and blocks the next reservation.
//! Budgets over many operations come with the ledger.

use if_core::{Code, Meter, Micros, Refusal, RefusalKind};
use std::fmt;
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

impl Spent {
    /// What it comes to so far: the provider's bill, where that is more than was reserved for it.
    fn so_far(self) -> Micros {
        self.reserved.max(self.reported.unwrap_or_default())
    }
}

/// A bill above what was allowed. It was spent: nobody can refuse it any more, only say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overrun {
    pub cost: Micros,
    pub allowed: Micros,
    /// Whose word was exceeded: the operator's, else the plugin's own reservation.
    limited: bool,
}

impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cost, allowed) = (self.cost.0, self.allowed.0);
        write!(f, "the plugin reports a cost of {cost} micros, ")?;
        match self.limited {
            true => write!(f, "more than --max-cost allows ({allowed})"),
            false => write!(f, "and reserved {allowed}"),
        }
    }
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

    /// How far the reported cost is above `--max-cost`, or above what was reserved where the line
    /// says nothing.
    pub fn overrun(&self) -> Option<Overrun> {
        let spent = self.spent();
        let reserved = Some(spent.reserved).filter(|reserved| *reserved > Micros(0));
        let (cost, allowed) = (spent.reported?, self.limit.or(reserved)?);
        let limited = self.limit.is_some();
        (cost > allowed).then_some(Overrun { cost, allowed, limited })
    }

    fn spent(&self) -> std::sync::MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meter for Purse {
    fn reserve(&self, micros: Micros, reason: &str) -> Result<(), Refusal> {
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
    fn an_overrun_is_named_and_blocks_the_next_reservation() {
        let purse = Purse::new(Some(Micros(100)), Micros(40)).unwrap();
        purse.report(Micros(100), "{}").unwrap();
        assert_eq!(purse.overrun(), None);
        purse.report(Micros(7), "{}").unwrap();
        let overrun = purse.overrun().unwrap();
        assert_eq!((overrun.cost, overrun.allowed), (Micros(107), Micros(100)));
        assert!(overrun.to_string().contains("--max-cost"), "{overrun}");
        assert_eq!(purse.reserve(Micros(0), "more").unwrap_err().code, Code::Budget);
        let purse = Purse::new(Some(Micros(1)), Micros(0)).unwrap();
        purse.report(Micros(u64::MAX), "{}").unwrap();
        purse.report(Micros(u64::MAX), "{}").unwrap();
        assert_eq!(purse.overrun().unwrap().cost, Micros(u64::MAX));
    }

    #[test]
    fn without_a_limit_the_reservation_is_what_was_allowed() {
        let purse = Purse::new(None, Micros(40)).unwrap();
        purse.report(Micros(41), "{}").unwrap();
        assert_eq!(purse.overrun().unwrap().allowed, Micros(40));
        let purse = Purse::new(None, Micros(0)).unwrap();
        purse.report(Micros(41), "{}").unwrap();
        assert_eq!(purse.overrun(), None);
    }

    #[test]
    fn a_report_replaces_the_reservation_even_above_the_limit() {
        let purse = Purse::new(Some(Micros(10)), Micros(5)).unwrap();
        purse.report(Micros(12), "{}").unwrap();
        assert_eq!(purse.total(), Micros(12));
    }
}
