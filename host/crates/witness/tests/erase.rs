//! Erasing: bodies go from the files, entries and proofs stay, and an entry says so.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use if_store::Rows as _;
use if_witness::{Status, WitnessError};
use std::sync::Arc;
use std::time::Duration;
use support::{Home, intent, operation, outcome, run};

/// Whether these bytes stand in the database or its write-ahead log.
fn stands(home: &Home, needle: &str) -> bool {
    let holds = |name: &str| {
        let bytes = fs_err::read(home.folder.path().join(name)).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    };
    holds("if.db") || holds("if.db-wal")
}

fn spoken(home: &Home, number: u64, words: &str) {
    let intent = if_witness::Intent { why: Some(words.to_owned()), ..intent(number) };
    home.open().begin(intent, |_| Ok(())).unwrap().finish(outcome(Status::Ok)).unwrap();
}

#[test]
fn bodies_go_from_every_file_and_the_log_verifies() {
    let home = Home::new();
    spoken(&home, 1, "the first reason");
    spoken(&home, 2, "another reason");
    let witness = home.open();
    let before = witness.verify(None).unwrap();
    let erased = witness.erase(&operation(1)).unwrap();
    assert!(erased.bodies > 0 && !erased.lingers, "{erased:?}");
    assert!(!stands(&home, "the first reason"));
    assert!(stands(&home, "another reason"));
    let after = witness.verify(None).unwrap();
    assert_eq!(after.first_problem, None);
    assert_eq!(after.erased, before.erased + erased.bodies);
    let said = witness.query(&Default::default()).unwrap().swap_remove(0);
    assert_eq!(Some(said.opened.leaf.seq), erased.said.map(|at| at.seq));
    assert!(said.parts["note"].contains(operation(1).as_str()), "{said:?}");
    let again = witness.erase(&operation(1)).unwrap();
    assert_eq!((again.bodies, again.said), (0, None));
}

#[test]
fn what_has_not_ended_and_what_is_not_there_is_not_erased() {
    let home = Home::new();
    let witness = home.open();
    let begun = witness.begin(intent(1), |_| Ok(())).unwrap();
    let error = witness.erase(&operation(1)).unwrap_err();
    assert!(matches!(error, WitnessError::OperationOpen(_)), "{error}");
    begun.finish(outcome(Status::Ok)).unwrap();
    assert!(witness.entry(&operation(1)).unwrap().unwrap().parts.contains_key("params"));
    let error = witness.erase(&operation(9)).unwrap_err();
    assert!(matches!(error, WitnessError::OperationUnknown(_)), "{error}");
}

#[test]
fn a_reader_keeps_the_bytes_and_that_is_said() {
    let home = Home::new();
    spoken(&home, 1, "the first reason");
    let brief = || home.store(Duration::from_millis(20));
    let (witness, reader) = (home.open_store(Arc::new(brief())).unwrap(), brief());
    let lingers = reader.read(|view| -> Result<bool, WitnessError> {
        view.first("SELECT count(*) FROM body", &[])?;
        Ok(witness.erase(&operation(1))?.lingers)
    });
    assert!(lingers.unwrap());
    run(&witness, 2, Status::Ok);
}
