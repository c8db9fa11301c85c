//! The ledger in a real database: reserving, settling, losing, and many at once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use if_core::{Currency, Micros, OperationId, UnixMillis, Word};
use if_optimise::{
    Budget, Payer, Period, SCHEMA, Short, Spending, Verdict, alerts, history, owed, remove,
    reserve, set, settle, standings, sums,
};
use if_store::{Sql, Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

/// 2026-11-30T12:00:00Z.
const NOON: UnixMillis = UnixMillis(1_796_040_000_000);
const DAY: u64 = 86_400_000;

struct Home {
    _dir: TempDir,
    store: Arc<Store>,
}

fn usd() -> Currency {
    Currency::new("USD").unwrap()
}

fn spending(number: u64, at: UnixMillis) -> Spending {
    let word = |text| Word::new(text).unwrap();
    let payer = Payer {
        provider: word("openai"),
        instance: Some(word("work")),
        command: "chat".into(),
        category: Some(word("ai")),
        swarm: None,
        agent: Some(word("a")),
    };
    let operation = OperationId::new(format!("{number:032x}")).unwrap();
    Spending { operation, at, payer, currency: usd() }
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&dir.path().join("if.db"), &[SCHEMA]).unwrap());
        Self { _dir: dir, store }
    }

    fn write<T>(&self, work: impl FnOnce(&dyn Sql) -> Result<T, StoreError>) -> T {
        self.store.transaction(|transaction| work(transaction)).unwrap()
    }

    fn budget(&self, scope: &str, period: Period, most: u64) {
        let (scope, most) = (scope.parse().unwrap(), Micros(most));
        let budget = Budget { scope, period, currency: usd(), most, alert_percent: 80 };
        self.write(|sql| set(sql, &budget));
    }

    /// Whether it was granted.
    fn reserve(&self, it: &Spending, micros: u64) -> bool {
        matches!(self.write(|sql| reserve(sql, it, Micros(micros))), Verdict::Granted(_))
    }

    fn spent(&self, at: UnixMillis) -> Vec<u64> {
        self.write(|sql| standings(sql, at)).iter().map(|it| it.spent.0).collect()
    }
}

#[test]
fn a_reservation_counts_at_once_and_becomes_the_cost() {
    let home = Home::new();
    home.budget("global", Period::Daily, 100);
    let one = spending(1, NOON);
    assert!(home.reserve(&one, 70));
    assert_eq!(home.spent(NOON), [70]);
    assert!(!home.reserve(&spending(2, NOON), 31));
    assert!(home.reserve(&one, 30), "what is left can be reserved by the same operation");
    home.write(|sql| settle(sql, &one, Micros(12), Some("{}")));
    assert_eq!(home.spent(NOON), [12]);
    assert!(home.reserve(&spending(2, NOON), 88));
    assert!(!home.reserve(&spending(3, NOON), 1));
}

#[test]
fn each_scope_and_period_counts_what_belongs_to_it() {
    let home = Home::new();
    home.budget("agent:a", Period::Daily, 100);
    home.budget("agent:b", Period::Daily, 100);
    home.budget("category:ai", Period::Monthly, 100);
    home.budget("instance:openai/work", Period::Total, 100);
    home.budget("instance:openai/home", Period::Total, 100);
    home.budget("swarm:night", Period::Total, 100);
    assert!(home.reserve(&spending(1, NOON), 10));
    assert_eq!(home.spent(NOON), [10, 0, 10, 0, 10, 0]);
    let tomorrow = UnixMillis(NOON.0 + DAY);
    assert_eq!(home.spent(tomorrow), [0, 0, 0, 0, 10, 0], "it is another month, too");
    assert_eq!(
        home.write(|sql| sums(sql)).len(),
        5 * 3,
        "five scopes in a day, a month and for ever"
    );
}

#[test]
fn a_lost_operation_owes_its_reservation() {
    let home = Home::new();
    home.budget("global", Period::Total, 100);
    let lost = spending(1, NOON);
    home.reserve(&lost, 40);
    let owes = home.write(|sql| owed(sql, &lost.operation)).unwrap();
    assert_eq!((owes.micros, owes.currency), (Micros(40), usd()));
    assert_eq!(home.spent(NOON), [40]);
    assert_eq!(home.write(|sql| owed(sql, &spending(2, NOON).operation)), None);
}

#[test]
fn an_unreserved_bill_above_a_budget_stands_and_stops_the_next() {
    let home = Home::new();
    home.budget("global", Period::Total, 100);
    let first = spending(1, NOON);
    assert!(home.reserve(&first, 0));
    home.write(|sql| settle(sql, &first, Micros(150), None));
    assert_eq!(home.spent(NOON), [150]);
    let next = home.write(|sql| reserve(sql, &spending(2, NOON), Micros(0)));
    assert!(matches!(next, Verdict::Short(Short::TooLittle { .. })), "{next:?}");
}

#[test]
fn what_costs_nothing_leaves_no_row() {
    let home = Home::new();
    let free = spending(1, NOON);
    assert!(home.reserve(&free, 0));
    home.write(|sql| settle(sql, &free, Micros(0), None));
    assert!(home.write(|sql| sums(sql)).is_empty());
}

#[test]
fn a_clock_that_is_set_back_opens_no_day_again() {
    let home = Home::new();
    home.budget("global", Period::Daily, 100);
    assert!(home.reserve(&spending(1, NOON), 100));
    assert!(!home.reserve(&spending(2, UnixMillis(NOON.0 - DAY)), 1));
    assert!(home.reserve(&spending(3, UnixMillis(NOON.0 + DAY)), 1));
}

#[test]
fn an_alert_is_raised_once_for_each_day_and_budget() {
    let home = Home::new();
    home.budget("global", Period::Daily, 100);
    let raised = |number, at, cost| {
        let it = spending(number, at);
        home.write(|sql| settle(sql, &it, Micros(cost), None)).len()
    };
    assert_eq!(raised(1, NOON, 79), 0);
    assert_eq!(raised(2, NOON, 1), 1);
    assert_eq!(raised(3, NOON, 5), 0);
    assert_eq!(raised(4, UnixMillis(NOON.0 + DAY), 90), 1);
    let told = home.write(|sql| alerts(sql));
    let buckets: Vec<&str> = told.iter().map(|it| it.standing.bucket.as_str()).collect();
    assert_eq!(buckets, ["2026-12-01", "2026-11-30"]);
    assert_eq!(told[1].operation, spending(2, NOON).operation);
}

#[test]
fn history_is_that_of_the_budgets_own_period() {
    let home = Home::new();
    home.budget("global", Period::Daily, 100);
    for (number, day) in [(1, 0), (2, 0), (3, 1)] {
        let it = spending(number, UnixMillis(NOON.0 + day * DAY));
        home.write(|sql| settle(sql, &it, Micros(7), None));
    }
    let budget = home.write(|sql| standings(sql, NOON)).remove(0).budget;
    let kept = home.write(|sql| history(sql, &budget));
    let days = [("2026-12-01".to_owned(), Micros(7)), ("2026-11-30".to_owned(), Micros(14))];
    assert_eq!(kept, days);
    assert!(home.write(|sql| remove(sql, &budget.scope, budget.period, &usd())));
    assert!(!home.write(|sql| remove(sql, &budget.scope, budget.period, &usd())));
}

#[test]
fn a_row_that_was_edited_is_refused_and_not_guessed_at() {
    let home = Home::new();
    home.budget("global", Period::Daily, 100);
    for edit in ["most = -1", "scope = 'everybody'", "period = 'weekly'", "currency = 'usd'"] {
        home.write(|sql| sql.execute(&format!("UPDATE budget SET {edit}"), &[]));
        let read = home.store.read(|view| standings(view, NOON));
        assert!(matches!(read, Err(StoreError::Cell { .. })), "{edit}: {read:?}");
        home.write(|sql| sql.execute("DELETE FROM budget", &[]));
        home.budget("global", Period::Daily, 100);
    }
}

#[test]
fn however_many_ask_at_once_exactly_as_many_pass_as_the_budget_admits() {
    const TASKS: u64 = 400;
    const ADMITTED: u64 = 100;
    let home = Home::new();
    home.budget("provider:openai", Period::Monthly, ADMITTED * 7);
    let granted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (home, granted) = (&home, &granted);
            scope.spawn(move || {
                for task in (0..TASKS).filter(|task| task % 8 == thread) {
                    let it = spending(task, NOON);
                    if home.reserve(&it, 7) {
                        granted.fetch_add(1, Ordering::SeqCst);
                        home.write(|sql| settle(sql, &it, Micros(7), None));
                    }
                }
            });
        }
    });
    assert_eq!(granted.into_inner(), ADMITTED);
    assert_eq!(home.spent(NOON), [ADMITTED * 7]);
}
