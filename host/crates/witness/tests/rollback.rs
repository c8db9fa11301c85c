//! Databases that were put back, copied, cut or exchanged: the next write names it, and so does the
//! check.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use fs_err as fs;
use if_core::{Code, Explain};
use if_witness::{AnchorFault, Fault, FaultKind, Status, WitnessError, create_key};
use std::os::unix::fs::PermissionsExt;
use support::{Home, run};

/// A log of one operation and a note: four entries.
fn home() -> Home {
    let home = Home::new();
    let witness = home.open();
    run(&witness, 1, Status::Ok);
    witness.note("three").unwrap();
    home
}

/// The database's files, as somebody keeps them for later.
fn copy(home: &Home) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    home.raw().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let files = fs::read_dir(home.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let database =
        files.filter(|path| path.file_name().unwrap().to_str().unwrap().contains("if.db"));
    database.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn put_back(home: &Home, files: &[(std::path::PathBuf, Vec<u8>)]) {
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{end}", home.database().display()));
    }
    for (path, bytes) in files {
        fs::write(path, bytes).unwrap();
        fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
    }
}

/// What the next write says, which the check must say too.
fn refused(home: &Home) -> AnchorFault {
    let witness = home.open();
    let error = witness.note("next").unwrap_err();
    assert_eq!(error.code(), Code::WitnessBroken);
    let WitnessError::Anchor(fault) = error else { panic!("{error}") };
    let found = witness.verify(None).unwrap().first_problem.unwrap().kind;
    assert_eq!(found, FaultKind::Anchor(fault.clone()));
    let signed = witness.checkpoint().unwrap_err();
    assert!(matches!(signed, WitnessError::Anchor(_)), "nothing is signed of it: {signed}");
    fault
}

#[test]
fn an_older_database_is_a_rollback() {
    let home = home();
    let older = copy(&home);
    home.open().note("four").unwrap();
    home.open().note("five").unwrap();
    put_back(&home, &older);
    assert_eq!(refused(&home), AnchorFault::RolledBack { known: 6, found: 4 });
}

#[test]
fn a_database_older_by_one_commit_is_a_rollback() {
    let home = home();
    let older = copy(&home);
    home.open().note("four").unwrap();
    put_back(&home, &older);
    assert_eq!(refused(&home), AnchorFault::RolledBack { known: 5, found: 4 });
}

#[test]
fn a_tail_that_was_cut_off_cleanly_is_a_rollback() {
    let home = home();
    home.open().note("four").unwrap();
    home.raw()
        .execute_batch(
            "DELETE FROM body WHERE seq = 4; DELETE FROM entry WHERE seq = 4;
             DELETE FROM leaf WHERE seq = 4",
        )
        .unwrap();
    assert_eq!(refused(&home), AnchorFault::RolledBack { known: 5, found: 4 });
}

#[test]
fn a_copy_that_was_continued_elsewhere_is_a_fork() {
    let home = home();
    let before = copy(&home);
    let anchor = fs::read(home.anchor()).unwrap();
    home.open().note("elsewhere").unwrap();
    let elsewhere = copy(&home);
    put_back(&home, &before);
    fs::write(home.anchor(), anchor).unwrap();
    home.open().note("here").unwrap();
    put_back(&home, &elsewhere);
    assert_eq!(refused(&home), AnchorFault::Forked { at: 4 });
}

#[test]
fn an_anchor_that_the_power_left_behind_is_no_fault() {
    let home = home();
    let anchor = fs::read(home.anchor()).unwrap();
    home.open().note("four").unwrap();
    fs::write(home.anchor(), anchor).unwrap();
    assert_eq!(home.open().verify(None).unwrap().first_problem, None);
    home.open().note("five").unwrap();
}

#[test]
fn an_anchor_that_is_gone_is_missed() {
    let home = home();
    fs::remove_file(home.anchor()).unwrap();
    assert!(matches!(refused(&home), AnchorFault::Missing { .. }));
}

#[test]
fn a_database_that_is_gone_is_missed() {
    let home = home();
    put_back(&home, &[]);
    let error = home.try_open().err().unwrap();
    let WitnessError::Anchor(fault) = error else { panic!("{error}") };
    assert_eq!(fault, AnchorFault::RolledBack { known: 4, found: 0 });
}

#[test]
fn a_swapped_key_is_named_though_the_log_fits_it() {
    let home = home();
    put_back(&home, &[]);
    fs::remove_file(home.folder.path().join("witness.key")).unwrap();
    create_key(&home.folder.path().join("witness.key")).unwrap();
    let error = home.try_open().err().unwrap();
    assert!(matches!(error, WitnessError::Anchor(AnchorFault::AnotherKey { .. })), "{error}");
}

#[test]
fn an_edited_entry_stops_the_next_write() {
    let edited = "UPDATE leaf SET leaf = CAST(replace(CAST(leaf AS TEXT), 'ada', 'eve') AS BLOB)
                  WHERE seq = 1";
    let home = home();
    home.raw().execute_batch(edited).unwrap();
    let error = home.open().note("next").unwrap_err();
    let WitnessError::Broken(fault) = error else { panic!("{error}") };
    assert_eq!(fault, Fault { seq: 1, kind: FaultKind::Edited });
    // The show must go on; the check does not forget.
    let witness = home.open();
    witness.reset_anchor().unwrap();
    witness.note("next").unwrap();
    let found = witness.verify(None).unwrap().first_problem;
    assert_eq!(found, Some(Fault { seq: 1, kind: FaultKind::Edited }));
}

#[test]
fn an_entry_that_was_exchanged_with_its_hash_does_not_follow() {
    let home = home();
    home.raw()
        .execute_batch(
            "UPDATE leaf SET leaf = (SELECT leaf FROM leaf WHERE seq = 1),
                 leaf_hash = (SELECT leaf_hash FROM leaf WHERE seq = 1) WHERE seq = 2",
        )
        .unwrap();
    let error = home.open().note("next").unwrap_err();
    let WitnessError::Broken(fault) = error else { panic!("{error}") };
    assert_eq!(fault, Fault { seq: 2, kind: FaultKind::Link });
}

#[test]
fn an_edited_entry_of_a_long_log_stops_one_of_the_writes_that_follow() {
    let home = home();
    let witness = home.open();
    (0..400).for_each(|_| assert!(witness.note("more").is_ok()));
    home.raw().execute_batch("UPDATE leaf SET leaf_hash = zeroblob(32) WHERE seq = 7").unwrap();
    let windows = 404 / 32 + 1;
    let stopped = (0..=windows).filter_map(|_| witness.note("next").err()).next();
    let Some(WitnessError::Broken(fault)) = stopped else { panic!("{stopped:?}") };
    assert_eq!(fault, Fault { seq: 7, kind: FaultKind::Edited });
}

#[test]
fn a_database_that_was_put_back_on_purpose_is_continued_and_an_entry_says_so() {
    let home = home();
    let older = copy(&home);
    home.open().note("four").unwrap();
    put_back(&home, &older);
    let witness = home.open();
    witness.reset_anchor().unwrap();
    assert_eq!(witness.verify(None).unwrap().first_problem, None);
    let newest = witness.query(&if_witness::Filter::default()).unwrap().remove(0);
    assert!(newest.parts["note"].contains("anchor reset"), "{newest:?}");
    home.open().note("five").unwrap();
}

#[test]
fn a_log_from_before_there_were_anchors_gets_one() {
    let home = home();
    home.raw().execute_batch("UPDATE log SET anchored = 0").unwrap();
    fs::remove_file(home.anchor()).unwrap();
    assert_eq!(home.open().verify(None).unwrap().first_problem, None);
    home.open().note("next").unwrap();
    fs::remove_file(home.anchor()).unwrap();
    assert!(matches!(refused(&home), AnchorFault::Missing { .. }));
}
