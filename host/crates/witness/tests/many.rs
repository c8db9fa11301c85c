//! Several processes on one log, some of which die.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use if_core::{Clock, Code, Explain};
use if_witness::{Kind, Status, WitnessError};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use support::{Home, intent, operation, outcome, run};

/// Examples are built beside the test binaries.
fn append(home: &Home, first: u64, count: &str) -> Child {
    let tests: PathBuf = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    Command::new(tests.parent().unwrap().join("examples/append"))
        .arg(home.folder.path())
        .args([&first.to_string(), count])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn processes_and_threads_append_one_unbroken_chain() {
    let home = Home::new();
    drop(home.open());
    let mut children: Vec<_> = (1..=3).map(|n| append(&home, n * 1_000, "20")).collect();
    let start = Barrier::new(2);
    std::thread::scope(|scope| {
        for thread in 4..=5 {
            let (home, start) = (&home, &start);
            scope.spawn(move || {
                start.wait();
                let witness = home.open();
                (0..20).for_each(|n| run(&witness, thread * 1_000 + n, Status::Ok));
            });
        }
    });
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let witness = home.open();
    let report = witness.verify(None).unwrap();
    assert_eq!((report.leaves, report.first_problem), (1 + 5 * 20 * 2, None));
    let entries = witness.query(&Default::default()).unwrap();
    let operations: BTreeSet<_> =
        entries.iter().filter_map(|entry| entry.opened.leaf.operation.clone()).collect();
    assert_eq!(operations.len(), 100);
    assert!(entries.iter().all(|entry| !entry.is_open()));
    assert_eq!(home.run_files(), 0);
}

#[test]
fn a_first_leaf_is_written_once_however_many_open_a_new_log() {
    let home = Home::new();
    let start = Barrier::new(6);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                start.wait();
                home.open();
            });
        }
    });
    let report = home.open().verify(None).unwrap();
    assert_eq!((report.leaves, report.first_problem), (1, None));
}

#[test]
fn a_process_killed_between_intent_and_outcome_leaves_unknown() {
    let home = Home::new();
    drop(home.open());
    let mut child = append(&home, 7, "begin");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "begun\n");
    assert!(home.open().entry(&operation(7)).unwrap().unwrap().is_open(), "it lives");
    child.kill().unwrap();
    child.wait().unwrap();
    home.clock.set(5_000);
    let entry = home.open().entry(&operation(7)).unwrap().unwrap();
    let closed = entry.closed.unwrap().leaf;
    assert_eq!((closed.kind, closed.at.0), (Kind::Outcome, 5_000));
    let verdict = closed.outcome.unwrap();
    assert_eq!(verdict.status, Status::Unknown);
    assert_eq!((verdict.code, verdict.exit), (Some(Code::OutcomeUnknown), 7));
    assert_eq!(home.run_files(), 0);
    let head = home.open().head().unwrap();
    assert_eq!(home.open().head().unwrap(), head, "closed once");
}

#[test]
fn a_dropped_operation_is_closed_and_a_running_one_is_not() {
    let home = Home::new();
    let witness = home.open();
    let running = witness.begin(intent(1), |_| Ok(())).unwrap();
    drop(witness.begin(intent(2), |_| Ok(())).unwrap());
    assert_eq!(witness.recover().unwrap(), [operation(2)]);
    assert_eq!(witness.recover().unwrap(), []);
    assert!(home.open().entry(&operation(1)).unwrap().unwrap().is_open());
    running.finish(outcome(Status::Ok)).unwrap();
    assert_eq!(witness.entry(&operation(1)).unwrap().unwrap().status(), Some(Status::Ok));
    assert_eq!(witness.verify(None).unwrap().first_problem, None);
}

#[test]
fn several_that_recover_at_once_write_one_outcome_each() {
    let home = Home::new();
    let witness = home.open();
    (1..=5).for_each(|number| drop(witness.begin(intent(number), |_| Ok(())).unwrap()));
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                home.open();
            });
        }
    });
    let report = home.open().verify(None).unwrap();
    assert_eq!((report.leaves, report.first_problem), (1 + 5 * 2, None));
}

#[test]
fn an_operation_whose_run_file_was_lost_cannot_end_twice() {
    let home = Home::new();
    let witness = home.open();
    let begun = witness.begin(intent(1), |_| Ok(())).unwrap();
    fs_err::remove_dir_all(home.run_dir()).unwrap();
    assert_eq!(home.open().recover().unwrap(), []);
    let error = begun.finish(outcome(Status::Ok)).unwrap_err();
    assert!(matches!(error, WitnessError::OperationClosed(_)), "{error}");
    assert_eq!(error.code(), Code::OutcomeUnknown);
    assert_eq!(witness.entry(&operation(1)).unwrap().unwrap().status(), Some(Status::Unknown));
}

#[test]
fn old_run_files_without_an_intent_are_swept_and_others_stay() {
    let home = Home::new();
    let witness = home.open();
    let running = witness.begin(intent(1), |_| Ok(())).unwrap();
    let stray = home.run_dir().join(operation(2).as_str());
    let foreign = home.run_dir().join("README");
    fs_err::write(&stray, "").unwrap();
    fs_err::write(&foreign, "").unwrap();
    let held = home.run_dir().join(operation(3).as_str());
    fs_err::write(&held, "").unwrap();
    let holder = fs_err::File::open(&held).unwrap();
    holder.try_lock().unwrap();
    let modified = fs_err::metadata(&stray).unwrap().modified().unwrap();
    let age = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let made = u64::try_from(age).unwrap();

    home.clock.set(made + 3_500_000);
    witness.recover().unwrap();
    assert!(stray.exists(), "young: its process may be about to record an intent");
    home.clock.set(made + 3_700_000);
    assert!(home.clock.now().0 > made);
    witness.recover().unwrap();
    assert!(!stray.exists());
    assert!(foreign.exists() && held.exists());
    running.finish(outcome(Status::Ok)).unwrap();
}
