//! What the recorded facts let one expect, and what they advise. Pure.

use crate::{Payer, Period, Row, Standing};
use if_core::{Micros, Money, UnixMillis};
use serde::Serialize;
use std::collections::BTreeMap;

/// Where a budget will stand at the end of its stretch of time, if spending goes on as it did in
/// it so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    pub standing: Standing,
    /// At the end; `None` for a total, which has no end, and where too little time has passed.
    pub expected: Option<Micros>,
    /// When nothing is left, if that is before the end.
    pub exhausted_at: Option<UnixMillis>,
}

/// Less of a stretch of time than this says nothing of the rest.
const MILLIS_MIN: u64 = 60_000;

/// Straight on: what was spent since the beginning, by the time that has passed.
pub fn forecast(standing: &Standing, now: UnixMillis) -> Forecast {
    let expected = standing.budget.period.bounds(now).and_then(|(begin, end)| {
        let passed = now.millis_since(begin);
        let whole = end.millis_since(begin);
        (passed >= MILLIS_MIN).then_some((passed, whole, end))
    });
    let spent = u128::from(standing.spent.0);
    let most = u128::from(standing.budget.most.0);
    let at_end = expected.map(|(passed, whole, _)| {
        let micros = spent.saturating_mul(whole.into()) / u128::from(passed);
        Micros(u64::try_from(micros).unwrap_or(u64::MAX))
    });
    let exhausted_at = expected.and_then(|(passed, _, end)| {
        let left = most.saturating_sub(spent);
        let millis = left.saturating_mul(passed.into()).checked_div(spent)?;
        let at = now.plus_millis(u64::try_from(millis).unwrap_or(u64::MAX));
        (at < end).then_some(at)
    });
    Forecast { standing: standing.clone(), expected: at_end, exhausted_at }
}

/// Something that the facts advise, with the facts, and the line to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What it is about: `openai chat`, `provider:openai monthly`.
    pub about: String,
    pub advice: &'static str,
    pub because: String,
    pub line: String,
}

/// A budget with what was spent in its finished stretches of time, the newest first.
#[derive(Debug, Clone)]
pub struct Kept {
    pub standing: Standing,
    pub before: Vec<Micros>,
}

/// Fewer calls than this advise nothing.
const CALLS_MIN: u64 = 5;

/// A reservation this many times above the cost keeps others out for nothing.
const MUCH: u64 = 4;

/// How many finished stretches of time are looked at.
const STRETCHES: usize = 3;

/// What one command came to.
#[derive(Debug, Default)]
struct Totals {
    calls: u64,
    reserved: u128,
    cost: u128,
    overruns: u64,
    lost: u64,
    unpriced: u64,
}

/// What the facts advise: of commands, then of budgets.
pub fn advise(rows: impl IntoIterator<Item = Row>, budgets: &[Kept]) -> Vec<Advice> {
    let mut commands: BTreeMap<(String, String), Totals> = BTreeMap::new();
    for row in rows {
        let key = (of(&row.payer), row.currency.clone());
        let totals = commands.entry(key).or_default();
        let (reserved, counted) = (row.reserved.0, row.counted().0);
        totals.calls += 1;
        totals.reserved += u128::from(reserved);
        totals.cost += u128::from(counted);
        totals.lost += u64::from(row.cost.is_none());
        totals.unpriced += u64::from(reserved == 0 && counted > 0);
        totals.overruns += u64::from(reserved > 0 && counted > reserved);
    }
    let of_commands =
        commands.iter().filter_map(|((command, currency), it)| it.advice(command, currency));
    of_commands.chain(budgets.iter().filter_map(Kept::advice)).collect()
}

fn of(payer: &Payer) -> String {
    format!("{} {}", payer.provider, payer.command)
}

impl Totals {
    fn advice(&self, command: &str, currency: &str) -> Option<Advice> {
        let about = command.to_owned();
        let price = |advice, because| {
            let line = format!("write its price into prices.yaml: ifctl optimise prices {command}");
            Some(Advice { about: about.clone(), advice, because, line })
        };
        let calls = self.calls;
        if self.unpriced > 0 {
            let because = format!("{} of {calls} calls cost something unreserved", self.unpriced);
            return price("give it a price, so that it is reserved before it is spent", because);
        }
        if self.overruns > 0 {
            let because = format!("{} of {calls} calls cost more than reserved", self.overruns);
            return price("raise what its price expects", because);
        }
        if calls >= CALLS_MIN && self.reserved > self.cost * u128::from(MUCH) {
            let mean = |sum: u128| Micros(u64::try_from(sum / u128::from(calls)).unwrap_or(0));
            let (reserved, cost) = (mean(self.reserved), mean(self.cost));
            let because = format!(
                "{calls} calls reserved {reserved} {currency} each and cost {cost} {currency}"
            );
            return price("lower what its price expects: it keeps others out for nothing", because);
        }
        None
    }
}

impl Kept {
    fn advice(&self) -> Option<Advice> {
        let budget = &self.standing.budget;
        let about = format!("{} {}", budget.scope, budget.period);
        let before = self.before.iter().take(STRETCHES);
        let most = before.clone().max().copied().unwrap_or_default();
        let set = |micros: Micros, advice, because| {
            let amount = Money { micros, currency: budget.currency.clone() };
            let (scope, period) = (&budget.scope, budget.period);
            let line = format!("ifctl optimise budget set {scope} {amount} --period {period}");
            Some(Advice { about: about.clone(), advice, because, line })
        };
        if self.standing.left().0 == 0 {
            let because = format!("nothing is left of it in {}", self.standing.bucket);
            let raised = Micros(self.standing.spent.0.saturating_mul(5) / 4);
            return set(raised, "raise it, or let what it stops stay stopped", because);
        }
        let long = budget.period != Period::Total && before.len() == STRETCHES;
        if long && most.0.saturating_mul(MUCH) < budget.most.0 {
            let because = format!("in {STRETCHES} stretches of time no more than {most} was spent");
            return set(Micros(most.0.saturating_mul(2)), "lower it", because);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Budget;
    use if_core::{Currency, Word};

    const NOON: UnixMillis =
        UnixMillis(1_700_000_000_000 - 1_700_000_000_000 % 86_400_000 + 43_200_000);

    fn standing(period: Period, most: u64, spent: u64) -> Standing {
        let (scope, currency) = ("global".parse().unwrap(), Currency::new("USD").unwrap());
        let budget = Budget { scope, period, currency, most: Micros(most), alert_percent: 80 };
        Standing { budget, bucket: period.bucket(NOON), spent: Micros(spent) }
    }

    fn row(reserved: u64, cost: Option<u64>) -> Row {
        let payer = Payer {
            provider: Word::new("openai").unwrap(),
            instance: None,
            command: "chat".into(),
            category: None,
            swarm: None,
            agent: None,
        };
        let (operation, at, usage) = (String::new(), NOON, None);
        let (reserved, cost) = (Micros(reserved), cost.map(Micros));
        Row { operation, at, payer, currency: "USD".into(), reserved, cost, usage }
    }

    #[test]
    fn half_a_day_is_followed_by_another_like_it() {
        let half = forecast(&standing(Period::Daily, 100, 30), NOON);
        assert_eq!((half.expected, half.exhausted_at), (Some(Micros(60)), None));
        let fast = forecast(&standing(Period::Daily, 100, 80), NOON);
        assert_eq!(fast.expected, Some(Micros(160)));
        assert_eq!(fast.exhausted_at, Some(NOON.plus_millis(43_200_000 / 4)));
        let total = forecast(&standing(Period::Total, 100, 80), NOON);
        assert_eq!((total.expected, total.exhausted_at), (None, None));
        let nothing = forecast(&standing(Period::Daily, 100, 0), NOON);
        assert_eq!((nothing.expected, nothing.exhausted_at), (Some(Micros(0)), None));
        let (begin, _) = Period::Daily.bounds(NOON).unwrap();
        assert_eq!(forecast(&standing(Period::Daily, 9, 3), begin.plus_millis(9)).expected, None);
    }

    #[test]
    fn a_command_is_advised_about_by_its_own_calls() {
        let advice = |rows: Vec<Row>| advise(rows, &[]).first().map(|it| it.advice);
        assert_eq!(
            advice(vec![row(0, Some(5))]).unwrap().split(',').next(),
            Some("give it a price")
        );
        assert_eq!(advice(vec![row(4, Some(5))]), Some("raise what its price expects"));
        assert!(advice((0..5).map(|_| row(100, Some(5))).collect()).unwrap().contains("lower"));
        assert_eq!(advice((0..4).map(|_| row(100, Some(5))).collect()), None);
        assert_eq!(advice(vec![row(5, Some(5)), row(5, None)]), None);
    }

    #[test]
    fn a_budget_is_advised_about_by_what_was_spent_of_it() {
        let advice = |most, spent, before: &[u64]| {
            let before = before.iter().map(|micros| Micros(*micros)).collect();
            let kept = Kept { standing: standing(Period::Daily, most, spent), before };
            advise([], &[kept]).first().map(|it| (it.advice, it.line.clone()))
        };
        let (raise, line) = advice(1_000_000, 1_000_000, &[]).unwrap();
        assert!(raise.starts_with("raise it"), "{raise}");
        assert_eq!(line, "ifctl optimise budget set global 1.25 USD --period daily");
        assert_eq!(advice(1_000_000, 0, &[1_000, 2_000, 1_000]).unwrap().0, "lower it");
        assert_eq!(advice(1_000_000, 0, &[1_000, 2_000]), None);
        assert_eq!(advice(1_000_000, 0, &[1_000, 2_000, 900_000]), None);
    }
}
