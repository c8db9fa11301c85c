//! The ledger: a budget admits what it holds, however many connections ask at once.

use super::kind::on_each;
use if_core::{Currency, Micros, OperationId, UnixMillis, Word};
use if_optimise::{Budget, Payer, Period, SCHEMA, Scope, Spending, Verdict};
use if_store::StoreError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn spending(number: u64) -> Spending {
    Spending {
        operation: OperationId::new(format!("{number:032x}")).unwrap(),
        at: UnixMillis(1_700_000_000_000),
        payer: Payer {
            provider: Word::new("meter").unwrap(),
            instance: None,
            command: "buy".into(),
            category: None,
            swarm: Some(Word::new("night").unwrap()),
            agent: None,
        },
        currency: Currency::new("USD").unwrap(),
    }
}

fn budget() -> Budget {
    Budget {
        scope: Scope::Global,
        period: Period::Daily,
        currency: Currency::new("USD").unwrap(),
        most: Micros(1_000),
        alert_percent: 80,
    }
}

#[test]
fn a_budget_is_spent_to_its_last_call_and_the_sums_are_those_of_the_rows() {
    const ASKERS: u64 = 8;
    const EACH: u64 = 5;
    on_each(|kind| {
        let store = kind.open(&[SCHEMA]).unwrap();
        store.transaction(|tx| if_optimise::set(tx, &budget())).unwrap();
        let (granted, alerts) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for asker in 0..ASKERS {
                let (granted, alerts) = (&granted, &alerts);
                scope.spawn(move || {
                    let store = kind.open_waiting(&[SCHEMA], Duration::from_secs(30)).unwrap();
                    for turn in 0..EACH {
                        let it = spending(asker * EACH + turn);
                        let asked =
                            store.transaction(|tx| if_optimise::reserve(tx, &it, Micros(100)));
                        let Verdict::Granted(_) = asked.unwrap() else { continue };
                        granted.fetch_add(1, Ordering::SeqCst);
                        let raised = store
                            .transaction(|tx| if_optimise::settle(tx, &it, Micros(90), Some("{}")));
                        alerts.fetch_add(raised.unwrap().len() as u64, Ordering::SeqCst);
                    }
                });
            }
        });
        // What is settled for less leaves room for another.
        let granted = granted.into_inner();
        assert_eq!(granted, 11, "11 × 90 are spent of 1,000, and 10 are not 100");
        assert_eq!(alerts.into_inner(), 1, "an alarm is raised once");
        let standings =
            store.read(|view| if_optimise::standings(view, UnixMillis(1_700_000_000_001)));
        assert_eq!(standings.unwrap()[0].spent, Micros(990));
        let mut rows = Vec::new();
        store
            .read(|view| {
                if_optimise::each(view, UnixMillis(0), |row| {
                    rows.push(row.counted().0);
                    Ok::<_, StoreError>(())
                })
            })
            .unwrap();
        assert_eq!((rows.len() as u64, rows.iter().sum::<u64>()), (granted, 990));
        let history = store.read(|view| if_optimise::history(view, &budget())).unwrap();
        assert_eq!(history, [("2023-11-14".to_owned(), Micros(990))]);
        assert_eq!(store.read(if_optimise::alerts).unwrap().len(), 1);
    });
}

#[test]
fn a_lost_operation_owes_its_reservation() {
    on_each(|kind| {
        let store = kind.open(&[SCHEMA]).unwrap();
        let it = spending(1);
        store.transaction(|tx| if_optimise::reserve(tx, &it, Micros(70))).unwrap();
        for _ in 0..2 {
            let owed = store.transaction(|tx| if_optimise::owed(tx, &it.operation)).unwrap();
            assert_eq!(owed.unwrap().micros, Micros(70));
        }
        let nobody = store.transaction(|tx| if_optimise::owed(tx, &spending(2).operation));
        assert_eq!(nobody.unwrap(), None);
        store.transaction(|tx| if_optimise::set(tx, &budget())).unwrap();
        let remove = |tx: &if_store::Transaction<'_>| {
            if_optimise::remove(tx, &Scope::Global, Period::Daily, &budget().currency)
        };
        assert!(store.transaction(remove).unwrap() && !store.transaction(remove).unwrap());
    });
}
