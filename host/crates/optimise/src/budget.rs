//! May this be spent? Pure: the same budgets and the same sums give the same answer.

use crate::{Period, Scope};
use if_core::{Code, Currency, Micros, Money, Problem};
use serde::Serialize;
use std::fmt;

/// The most that may be spent in a scope during a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Budget {
    pub scope: Scope,
    pub period: Period,
    pub currency: Currency,
    pub most: Micros,
    /// From how many hundredths of it on somebody wants to hear.
    pub alert_percent: u64,
}

/// A budget, and what counts against it in the stretch of time that runs now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    pub budget: Budget,
    /// `2026-11`, as [`Period::bucket`] says.
    pub bucket: String,
    /// Spent and reserved together.
    pub spent: Micros,
}

impl Standing {
    /// What is left of it; nothing where more was spent.
    pub fn left(&self) -> Micros {
        Micros(self.budget.most.0.saturating_sub(self.spent.0))
    }

    /// Whether so much is spent that somebody wants to hear.
    pub fn is_alarming(&self) -> bool {
        let (spent, most) = (u128::from(self.spent.0), u128::from(self.budget.most.0));
        spent * 100 >= most * u128::from(self.budget.alert_percent)
    }

    /// Hundredths spent; a budget of nothing is spent whole.
    pub fn percent(&self) -> u64 {
        let percent = u128::from(self.spent.0) * 100;
        let percent = percent.checked_div(u128::from(self.budget.most.0)).unwrap_or(100);
        u64::try_from(percent).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Budget { scope, period, currency, most, .. } = &self.budget;
        write!(f, "budget {scope} {period}: {} of {most} {currency} left", self.left())
    }
}

/// Why something may not be spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Short {
    /// It would bring a budget above what it allows.
    TooLittle { standing: Box<Standing>, asked: Micros },
    /// A budget stands in its way that counts another currency.
    OtherCurrency { budget: Box<Budget>, asked: Money },
}

/// Whether `asked` may be reserved on all of these, the widest scope first.
///
/// What asks for nothing but may cost something in the end (its plugin reports what it cost) needs
/// that something is left.
///
/// # Errors
/// The first budget that says no.
pub fn decide(standings: &[Standing], asked: &Money) -> Result<(), Short> {
    for standing in standings.iter().filter(|it| it.budget.currency == asked.currency) {
        let asked = asked.micros.max(Micros(1));
        if standing.spent.saturating_add(asked) > standing.budget.most {
            let standing = Box::new(standing.clone());
            return Err(Short::TooLittle { standing, asked });
        }
    }
    for Standing { budget, .. } in standings {
        let counted = standings
            .iter()
            .any(|it| it.budget.scope == budget.scope && it.budget.currency == asked.currency);
        if !counted {
            let (budget, asked) = (Box::new(budget.clone()), asked.clone());
            return Err(Short::OtherCurrency { budget, asked });
        }
    }
    Ok(())
}

impl Short {
    /// What a person is told: which budget, what is left, and the line that changes it.
    pub fn problem(&self) -> Problem {
        match self {
            Short::TooLittle { standing, asked } => {
                let Budget { scope, period, currency, most, .. } = &standing.budget;
                let (left, bucket) = (standing.left(), &standing.bucket);
                let raised = standing.spent.saturating_add(*asked);
                Problem::new(
                    Code::Budget,
                    format!(
                        "the {period} budget of {scope} ({most} {currency}) has {left} left in \
                         {bucket}, and this may cost {asked}"
                    ),
                )
                .hint(format!(
                    "ifctl optimise budget set {scope} {raised} {currency} --period {period}"
                ))
                .hint("ifctl optimise budget status")
            }
            Short::OtherCurrency { budget, asked } => {
                let Budget { scope, period, currency: budgeted, .. } = &**budget;
                let Money { micros, currency } = asked;
                let least = Micros(micros.0.max(1_000_000));
                Problem::new(
                    Code::Currency,
                    format!(
                        "this costs {currency}, and the budget of {scope} counts {budgeted}: \
                         amounts are not converted"
                    ),
                )
                .hint(format!(
                    "ifctl optimise budget set {scope} {least} {currency} --period {period}"
                ))
                .hint(format!("or a price in {budgeted}, in prices.yaml"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn standing(scope: &str, currency: &str, most: u64, spent: u64) -> Standing {
        let currency = Currency::new(currency).unwrap();
        let (scope, period) = (scope.parse().unwrap(), Period::Daily);
        let budget = Budget { scope, period, currency, most: Micros(most), alert_percent: 80 };
        Standing { budget, bucket: "2026-11-30".into(), spent: Micros(spent) }
    }

    fn asked(micros: u64, currency: &str) -> Money {
        Money { micros: Micros(micros), currency: Currency::new(currency).unwrap() }
    }

    #[test]
    fn a_budget_is_spent_to_its_last_millionth_and_no_further() {
        let left = [standing("global", "USD", 10, 7)];
        assert_eq!(decide(&left, &asked(3, "USD")), Ok(()));
        let short = decide(&left, &asked(4, "USD")).unwrap_err().problem();
        assert_eq!(short.code, Code::Budget);
        assert!(short.message.contains("0.000003 left"), "{}", short.message);
        assert!(short.hints[0].contains("set global 0.000011 USD --period daily"), "{short:?}");
        assert!(decide(&left, &asked(u64::MAX, "USD")).is_err());
    }

    #[test]
    fn what_may_cost_something_needs_something_left() {
        assert_eq!(decide(&[standing("global", "USD", 10, 9)], &asked(0, "USD")), Ok(()));
        for spent in [10, 11] {
            assert!(decide(&[standing("global", "USD", 10, spent)], &asked(0, "USD")).is_err());
        }
        assert!(decide(&[standing("global", "USD", 0, 0)], &asked(0, "USD")).is_err());
    }

    #[test]
    fn the_narrowest_budget_counts_as_much_as_the_widest() {
        let rows = [standing("global", "USD", 100, 0), standing("provider:x", "USD", 5, 0)];
        let Err(Short::TooLittle { standing, .. }) = decide(&rows, &asked(6, "USD")) else {
            panic!("it was let through");
        };
        assert_eq!(standing.budget.scope.to_string(), "provider:x");
    }

    #[test]
    fn another_currency_is_refused_unless_the_scope_has_a_budget_in_it() {
        let dollars = standing("global", "USD", 100, 0);
        let short = decide(std::slice::from_ref(&dollars), &asked(1, "EUR")).unwrap_err();
        assert_eq!(short.problem().code, Code::Currency);
        let both = [dollars, standing("global", "EUR", 100, 0)];
        assert_eq!(decide(&both, &asked(1, "EUR")), Ok(()));
        assert_eq!(decide(&[], &asked(1, "EUR")), Ok(()));
    }

    #[test]
    fn somebody_hears_from_the_stated_part_on() {
        let shown = |spent, most| standing("global", "USD", most, spent);
        assert!(!shown(79, 100).is_alarming());
        assert!(shown(80, 100).is_alarming());
        assert_eq!((shown(79, 100).percent(), shown(5, 0).percent()), (79, 100));
        assert_eq!(shown(150, 100).left(), Micros(0));
    }

    proptest! {
        #[test]
        fn whatever_is_granted_one_after_the_other_never_exceeds_the_budget(
            most in 0u64..1_000, amounts in prop::collection::vec(0u64..200, 0..40)
        ) {
            let mut spent = 0;
            for amount in amounts {
                let standings = [standing("global", "USD", most, spent)];
                if decide(&standings, &asked(amount, "USD")).is_ok() {
                    spent += amount;
                }
            }
            prop_assert!(spent <= most);
        }
    }
}
