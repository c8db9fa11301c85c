//! Whatever a thief with the database but without the key changes is found, and named.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use if_witness::{Fault, FaultKind, Hash32, Head, Row, Status, VerifyReport, verify};
use support::{Home, intent, operation, run};

/// Leaves 0 (birth), 1 and 2 (an operation), 3 and 4 (another), 5 (a note).
fn home() -> Home {
    let home = Home::new();
    let witness = home.open();
    run(&witness, 1, Status::Ok);
    run(&witness, 2, Status::Failed);
    witness.note("five").unwrap();
    home
}

fn check(sql: &str, expected: Option<Head>) -> VerifyReport {
    let home = home();
    home.raw().execute_batch(sql).unwrap();
    home.open().verify(expected).unwrap()
}

fn fault(sql: &str) -> Option<(u64, FaultKind)> {
    check(sql, None).first_problem.map(|fault| (fault.seq, fault.kind))
}

#[test]
fn an_untouched_log_verifies() {
    let report = check("SELECT 1", None);
    assert_eq!((report.leaves, report.bodies, report.erased), (6, 7, 0));
    assert_eq!(report.first_problem, None);
    assert_eq!(report.head.unwrap().leaves, 6);
}

/// Each change of the database, and where and as what it must be found.
fn check_all(cases: &[(&str, u64, FaultKind)]) {
    for (sql, seq, kind) in cases {
        assert_eq!(fault(sql), Some((*seq, kind.clone())), "{sql}");
    }
}

#[test]
fn every_column_of_the_leaves_is_guarded() {
    use FaultKind::{Edited, Missing, Moved, Signature, Unlogged};
    let edited = "UPDATE leaf SET leaf = CAST(replace(CAST(leaf AS TEXT), 'ada', 'eve') AS BLOB)
                  WHERE seq = 3";
    check_all(&[
        (edited, 3, Edited),
        ("UPDATE leaf SET leaf_hash = zeroblob(32) WHERE seq = 3", 3, Edited),
        ("UPDATE leaf SET leaf_hash = x'00' WHERE seq = 3", 3, Edited),
        ("UPDATE leaf SET signature = zeroblob(64) WHERE seq = 3", 3, Signature),
        ("UPDATE leaf SET signature = x'' WHERE seq = 3", 3, Signature),
        (
            "UPDATE leaf SET signature = \
             (SELECT signature FROM leaf WHERE seq = 1) WHERE seq = 3",
            3,
            Signature,
        ),
        ("DELETE FROM leaf WHERE seq = 3", 3, Missing),
        ("DELETE FROM leaf WHERE seq = 0", 0, Missing),
        ("UPDATE leaf SET seq = seq + 10 WHERE seq > 3", 4, Missing),
        ("UPDATE leaf SET seq = -1 WHERE seq = 5", 0, Missing),
        (
            "UPDATE leaf SET seq = 9 WHERE seq = 2; \
             UPDATE leaf SET seq = 2 WHERE seq = 4; \
             UPDATE leaf SET seq = 4 WHERE seq = 9",
            2,
            Moved(4),
        ),
        (
            "DELETE FROM leaf WHERE seq = 2; \
             UPDATE leaf SET seq = seq - 1 WHERE seq > 2",
            2,
            Moved(3),
        ),
        (
            "INSERT INTO leaf SELECT 6, leaf, leaf_hash, signature FROM leaf \
             WHERE seq = 5",
            6,
            Moved(5),
        ),
        ("DELETE FROM leaf WHERE seq = 5", 5, Unlogged),
    ]);
}

#[test]
fn every_column_of_the_bodies_is_guarded() {
    use FaultKind::{Body, Unlogged};
    check_all(&[
        (
            "UPDATE body SET bytes = x'00' \
             WHERE seq = 3 AND part = 'params'",
            3,
            Body("params".into()),
        ),
        (
            "UPDATE body SET salt = zeroblob(32) \
             WHERE seq = 3 AND part = 'why'",
            3,
            Body("why".into()),
        ),
        ("UPDATE body SET length = 1 WHERE seq = 4", 4, Body("result".into())),
        ("UPDATE body SET length = -length WHERE seq = 4", 4, Body("result".into())),
        ("UPDATE body SET part = 'plan' WHERE seq = 4", 4, Body("plan".into())),
        ("UPDATE body SET seq = 5 WHERE seq = 4", 5, Body("result".into())),
        ("UPDATE body SET seq = 77 WHERE seq = 4", 77, Unlogged),
    ]);
}

#[test]
fn every_column_of_the_index_is_guarded() {
    use FaultKind::{Index, Unlogged};
    check_all(&[
        ("UPDATE entry SET provider = 'vmix' WHERE seq = 1", 1, Index),
        ("UPDATE entry SET status = 'ok' WHERE seq = 4", 4, Index),
        ("UPDATE entry SET operation = NULL WHERE seq = 3", 3, Index),
        ("UPDATE entry SET at = 7 WHERE seq = 3", 3, Index),
        ("UPDATE entry SET instance = NULL, component = NULL WHERE seq = 3", 3, Index),
        ("UPDATE entry SET trace = 't' WHERE seq = 3", 3, Index),
        ("UPDATE entry SET kind = 'note' WHERE seq = 3", 3, Index),
        ("DELETE FROM entry WHERE seq = 3", 3, Index),
        ("INSERT INTO entry (seq, at, kind) VALUES (6, 0, 'note')", 6, Unlogged),
    ]);
}

#[test]
fn what_is_unfinished_is_neither_hidden_nor_made_up() {
    let home = home();
    let witness = home.open();
    let _running = witness.begin(intent(3), |_| Ok(())).unwrap();
    let fault = |sql: &str| {
        home.raw().execute_batch(sql).unwrap();
        let found = witness.verify(None).unwrap().first_problem;
        found.map(|fault| (fault.seq, fault.kind))
    };
    assert_eq!(fault("SELECT 1"), None);
    let finished = operation(1);
    let made_up = format!("INSERT INTO open_intent VALUES ('{finished}', 1)");
    assert_eq!(fault(&made_up), Some((1, FaultKind::Unfinished)));
    assert_eq!(fault("DELETE FROM open_intent"), Some((6, FaultKind::Unfinished)));
}

#[test]
fn erasing_bodies_breaks_nothing() {
    let report = check("DELETE FROM body WHERE seq >= 3", None);
    assert_eq!((report.bodies, report.erased), (3, 4));
    assert_eq!(report.first_problem, None);
}

#[test]
fn an_edit_with_its_right_hash_lacks_the_signature() {
    let home = home();
    let mut rows = rows(&home);
    let text = String::from_utf8(rows[3].leaf.clone()).unwrap().replace("\"ada\"", "\"eve\"");
    rows[3].leaf = text.into_bytes();
    rows[3].hash = if_witness::leaf_hash(&rows[3].leaf).as_bytes().to_vec();
    let report = verify(rows, home.key, None);
    assert_eq!(report.first_problem, Some(Fault { seq: 3, kind: FaultKind::Signature }));
    assert_eq!(report.leaves, 3);
}

#[test]
fn leaves_of_another_log_are_forgeries() {
    let (home, other) = (home(), Home::new());
    run(&other.open(), 3, Status::Ok);
    run(&other.open(), 4, Status::Ok);
    run(&other.open(), 5, Status::Ok);
    let mut mixed = rows(&home);
    mixed.push(rows(&other)[6].clone());
    let report = verify(mixed, home.key, None);
    assert_eq!(report.first_problem, Some(Fault { seq: 6, kind: FaultKind::Signature }));
    let report = verify(rows(&home), other.key, None);
    assert_eq!(report.first_problem, Some(Fault { seq: 0, kind: FaultKind::Signature }));
    let report = home.open().verify_with(other.key, None).unwrap();
    assert_eq!(report.first_problem, Some(Fault { seq: 0, kind: FaultKind::Signature }));
}

#[test]
fn only_a_head_kept_elsewhere_shows_that_the_newest_entries_were_cut_off() {
    let cut = "DELETE FROM leaf WHERE seq > 2; DELETE FROM entry WHERE seq > 2;
               DELETE FROM body WHERE seq > 2";
    let home = home();
    home.raw().execute_batch(cut).unwrap();
    forget_anchor(&home);
    let report = home.open().verify(None).unwrap();
    assert_eq!((report.leaves, report.first_problem), (3, None));

    let home = self::home();
    let head = home.open().head().unwrap().unwrap();
    home.open().note("later").unwrap();
    assert_eq!(home.open().verify(Some(head)).unwrap().first_problem, None, "it may grow");
    home.raw().execute_batch(cut).unwrap();
    let report = home.open().verify(Some(head)).unwrap();
    assert_eq!(report.first_problem, Some(Fault { seq: 3, kind: FaultKind::Truncated(6) }));
    // Written anew to the same length, with the right key: a fork.
    forget_anchor(&home);
    for note in ["three", "four", "five"] {
        home.open().note(note).unwrap();
    }
    let report = home.open().verify(Some(head)).unwrap();
    assert_eq!(report.first_problem, Some(Fault { seq: 5, kind: FaultKind::Forked }));
    let other = Head { leaves: 1, hash: Hash32::ZERO };
    let report = home.open().verify(Some(other)).unwrap();
    assert_eq!(report.first_problem, Some(Fault { seq: 0, kind: FaultKind::Forked }));
}

/// What a thief does who knows that there is one.
fn forget_anchor(home: &Home) {
    home.raw().execute_batch("UPDATE log SET anchored = 0").unwrap();
    fs_err::remove_file(home.anchor()).unwrap();
}

fn rows(home: &Home) -> Vec<Row> {
    let raw = home.raw();
    let mut select =
        raw.prepare("SELECT seq, leaf, leaf_hash, signature FROM leaf ORDER BY seq").unwrap();
    let rows = select.query_map([], |row| {
        Ok(Row {
            seq: row.get::<_, i64>(0)?.unsigned_abs(),
            leaf: row.get(1)?,
            hash: row.get(2)?,
            signature: row.get(3)?,
        })
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn one_entry_alone_is_checked_as_in_the_whole_log() {
    use FaultKind::{Edited, Missing, Signature};
    for (sql, kind) in [
        ("UPDATE leaf SET leaf = CAST(leaf || x'20' AS BLOB) WHERE seq = 3", Edited),
        ("UPDATE leaf SET leaf_hash = zeroblob(32) WHERE seq = 3", Edited),
        ("UPDATE leaf SET signature = zeroblob(64) WHERE seq = 3", Signature),
        ("DELETE FROM leaf WHERE seq = 3", Missing),
        ("UPDATE body SET bytes = x'7b7d' WHERE seq = 3", FaultKind::Body("params".into())),
    ] {
        let home = home();
        home.raw().execute_batch(sql).unwrap();
        let witness = home.open();
        let fault = witness.verify_entry(3).unwrap().first_problem;
        assert_eq!(fault, Some(Fault { seq: 3, kind }), "{sql}");
        assert_eq!(witness.verify_entry(1).unwrap().first_problem, None, "{sql}");
    }
}
