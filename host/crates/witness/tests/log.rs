//! What is recorded, when it is durable, and what fails instead.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use if_core::{Code, Exit, Explain, Micros};
use if_store::{Rows as _, Sql as _, StoreError, remember_release};
use if_witness::{
    Evidence, Kind, LEAF_BYTES_MAX, Outcome, SecretUse, Status, Traffic, WitnessError, create_key,
};
use std::sync::Arc;
use std::time::Duration;
use support::{Home, intent, operation, outcome, plugin, run, word};

#[test]
fn an_operation_is_two_linked_entries_and_its_words_are_beside_them() {
    let home = Home::new();
    let witness = home.open();
    let begun = witness.begin(intent(1), |_| Ok(())).unwrap();
    assert_eq!((begun.id(), begun.intent().seq), (&operation(1), 1));
    assert!(witness.entry(&operation(1)).unwrap().unwrap().is_open());
    home.clock.set(2_000);
    let end = begun
        .finish(Outcome {
            code: Some(Code::Provider),
            error: Some("no such scene".into()),
            evidence: vec![Evidence { name: "shot".into(), evidence: "[1]".into() }],
            transcript: Some(b"[]".to_vec()),
            log: Some("hello".into()),
            ..outcome(Status::Failed)
        })
        .unwrap();
    assert_eq!(end.seq, 2);

    let entry = witness.entry(&operation(1)).unwrap().unwrap();
    let (opened, closed) = (entry.opened.leaf.clone(), entry.closed.clone().unwrap());
    assert_eq!(entry.status(), Some(Status::Failed));
    assert_eq!((closed.hash, closed.leaf.prev), (end.hash, entry.opened.hash));
    assert_eq!((opened.at.0, closed.leaf.at.0), (1_000, 2_000));
    assert_eq!((opened.kind, closed.leaf.kind), (Kind::Intent, Kind::Outcome));
    for leaf in [&opened, &closed.leaf] {
        assert_eq!(leaf.command.as_deref(), Some("scene switch"));
        assert_eq!(leaf.plugin, Some(plugin()));
    }
    let ended = closed.leaf.outcome.unwrap();
    assert_eq!((ended.code, ended.exit), (Some(Code::Provider), 1));
    assert_eq!(closed.leaf.cost_micros, Some(Micros(12)));
    let parts: Vec<_> = entry.parts.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        parts,
        [
            ("error", "no such scene"),
            ("evidence-0", r#"{"name":"shot","evidence":"[1]"}"#),
            ("log", "hello"),
            ("params", r#"{"scene":"Main"}"#),
            ("result", r#"{"scene":"Main"}"#),
            ("transcript", "[]"),
            ("why", "show start"),
        ]
    );
    assert_eq!(witness.verify(None).unwrap().bodies, 7);
}

#[test]
fn no_word_of_people_plugins_or_providers_is_in_a_leaf() {
    const CANARY: &str = "canary-3141";
    let home = Home::new();
    let witness = home.open();
    let mut secretive = intent(1);
    secretive.params = format!("{{\"x\":\"{CANARY}\"}}").into_bytes();
    secretive.why = Some(CANARY.into());
    witness
        .deny(
            if_witness::Intent { operation: operation(2), ..secretive.clone() },
            Code::ConfirmationNeeded,
            CANARY,
        )
        .unwrap();
    witness.note(CANARY).unwrap();
    let bytes = || Some(CANARY.as_bytes().to_vec());
    let end = Outcome {
        error: Some(CANARY.into()),
        log: Some(CANARY.into()),
        result: bytes(),
        transcript: bytes(),
        plan: bytes(),
        evidence: vec![Evidence { name: CANARY.into(), evidence: CANARY.into() }],
        ..outcome(Status::Failed)
    };
    witness.begin(secretive, |_| Ok(())).unwrap().finish(end).unwrap();
    let count =
        |sql: &str| -> i64 { home.raw().query_row(sql, [CANARY], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM leaf WHERE instr(CAST(leaf AS TEXT), ?1)"), 0);
    assert_eq!(count("SELECT count(*) FROM body WHERE instr(CAST(bytes AS TEXT), ?1)"), 12);
}

#[test]
fn a_cold_operation_commits_exactly_twice_and_opening_never() {
    let home = Home::new();
    run(&home.open(), 1, Status::Ok);
    let (before, pages) = (home.commits(), fs_err::read(home.database()).unwrap());
    let witness = home.open();
    assert_eq!(home.commits(), before, "opening wrote");
    let begun = witness.begin(intent(2), |tx| remember_release(tx, &plugin().id, 9)).unwrap();
    assert_eq!(home.commits(), before + 1, "intent and floor are one commit");
    begun.finish(outcome(Status::Ok)).unwrap();
    drop(witness);
    assert_eq!(home.commits(), before + 2);
    assert!(fs_err::read(home.database()).unwrap() == pages, "checkpointed");
    assert_eq!(home.store(Duration::ZERO).release_seen(&plugin().id).unwrap(), Some(9));
}

#[test]
fn what_fails_beside_an_intent_fails_the_intent() {
    let home = Home::new();
    let witness = home.open();
    let error = witness
        .begin(intent(1), |tx| {
            remember_release(tx, &plugin().id, 9)?;
            Err(StoreError::Number(1))
        })
        .unwrap_err();
    assert!(matches!(error, WitnessError::Store(StoreError::Number(1))));
    assert!(witness.entry(&operation(1)).unwrap().is_none());
    assert_eq!(home.store(Duration::ZERO).release_seen(&plugin().id).unwrap(), None);
    assert_eq!(home.run_files(), 0);
    run(&witness, 1, Status::Ok);
}

#[test]
fn what_fails_beside_an_outcome_fails_the_outcome() {
    let home = Home::new();
    let witness = home.open();
    let begun = witness.begin(intent(1), |_| Ok(())).unwrap();
    let error = begun.finish_with(outcome(Status::Ok), |_| Err(StoreError::Number(1))).unwrap_err();
    assert!(matches!(error, WitnessError::Store(StoreError::Number(1))));
    assert_eq!(home.open().entry(&operation(1)).unwrap().unwrap().status(), Some(Status::Unknown));
}

#[test]
fn a_full_disk_stops_the_intent_before_anything_happens() {
    let home = Home::new();
    let store = Arc::new(home.store(Duration::from_secs(5)));
    let witness = home.open_store(store.clone()).unwrap();
    let head = witness.head().unwrap();
    fill(&store);
    let error = witness.begin(large(1), |_| Ok(())).unwrap_err();
    assert_eq!(error.code(), Code::StoreFull);
    assert_eq!(witness.head().unwrap(), head);
    assert_eq!(home.run_files(), 0);
}

#[test]
fn a_disk_that_fills_up_before_the_outcome_leaves_it_unknown() {
    let home = Home::new();
    let store = Arc::new(home.store(Duration::from_secs(5)));
    let witness = home.open_store(store.clone()).unwrap();
    let begun = witness.begin(intent(1), |_| Ok(())).unwrap();
    fill(&store);
    let end = Outcome { result: Some(vec![b'x'; 200_000]), ..outcome(Status::Ok) };
    assert_eq!(begun.finish(end).unwrap_err().code(), Code::StoreFull);
    let entry = home.open().entry(&operation(1)).unwrap().unwrap();
    assert_eq!(entry.status(), Some(Status::Unknown));
}

/// No page more than there is.
fn fill(store: &if_store::Store) {
    store
        .transaction(|tx| {
            let pages = tx.first("PRAGMA page_count", &[])?.unwrap().number(0)?;
            tx.first(&format!("PRAGMA max_page_count = {pages}"), &[])
        })
        .unwrap();
}

fn large(number: u64) -> if_witness::Intent {
    if_witness::Intent { params: vec![b'x'; 200_000], ..intent(number) }
}

#[test]
fn a_held_database_is_busy_and_nothing_is_recorded() {
    let home = Home::new();
    let head = home.open().head().unwrap();
    let holder = home.store(Duration::ZERO);
    let waiter = home.open_store(Arc::new(home.store(Duration::from_millis(50)))).unwrap();
    let error = holder
        .transaction(|_| Ok::<_, StoreError>(waiter.begin(intent(1), |_| Ok(())).unwrap_err()))
        .unwrap();
    assert_eq!(error.code(), Code::StoreBusy);
    assert_eq!((waiter.head().unwrap(), home.run_files()), (head, 0));
}

#[test]
fn an_operation_id_occurs_once() {
    let home = Home::new();
    let witness = home.open();
    let begun = witness.begin(intent(1), |_| Ok(())).unwrap();
    let error = home.open().begin(intent(1), |_| Ok(())).unwrap_err();
    assert!(matches!(error, WitnessError::OperationRunning(_)), "{error}");
    begun.finish(outcome(Status::Ok)).unwrap();
    let error = witness.begin(intent(1), |_| Ok(())).unwrap_err();
    assert!(matches!(error, WitnessError::OperationTaken(_)), "{error}");
}

#[test]
fn refusals_and_notes_are_single_entries() {
    let home = Home::new();
    let witness = home.open();
    witness.deny(intent(1), Code::Revoked, "revoked: leaked key").unwrap();
    let note = witness.note("allowed obs.studio@1.2.3").unwrap();
    let entry = witness.entry(&operation(1)).unwrap().unwrap();
    assert_eq!((entry.opened.leaf.kind, entry.status()), (Kind::Denied, Some(Status::Denied)));
    let verdict = entry.opened.leaf.outcome.unwrap();
    assert_eq!((verdict.code, verdict.exit), (Some(Code::Revoked), Exit::Denied as u8));
    assert_eq!(entry.parts["error"], "revoked: leaked key");
    assert!(!entry.is_open());
    let newest = &witness.query(&Default::default()).unwrap()[0];
    assert_eq!((newest.opened.leaf.seq, newest.status()), (note.seq, None));
    assert_eq!(newest.parts["note"], "allowed obs.studio@1.2.3");
}

#[test]
fn the_key_of_another_log_is_refused() {
    let home = Home::new();
    run(&home.open(), 1, Status::Ok);
    let path = home.folder.path().join("witness.key");
    fs_err::remove_file(&path).unwrap();
    assert_eq!(home.try_open().err().unwrap().code(), Code::KeyMissing);
    create_key(&path).unwrap();
    let error = home.try_open().err().unwrap();
    assert_eq!(error.code(), Code::WitnessBroken);
    assert!(error.to_string().contains(&home.key.to_string()), "{error}");
}

#[test]
fn rows_of_the_log_cannot_be_changed_deleted_or_replaced() {
    let home = Home::new();
    run(&home.open(), 1, Status::Ok);
    let store = home.store(Duration::ZERO);
    for sql in [
        "UPDATE leaf SET leaf = x'00' WHERE seq = 2",
        "DELETE FROM leaf WHERE seq = 2",
        "REPLACE INTO leaf SELECT seq, x'00', leaf_hash, signature FROM leaf WHERE seq = 2",
    ] {
        // Without the references of other tables, which would be a second guard.
        let result: Result<(), StoreError> = store.transaction(|tx| {
            tx.execute("DELETE FROM entry", &[])?;
            tx.execute("DELETE FROM body", &[])?;
            tx.execute(sql, &[]).map(|_| ())
        });
        let error = result.unwrap_err().problem();
        assert!(error.because.join(" ").contains("append-only"), "{sql}: {error:?}");
    }
    assert_eq!(home.open().verify(None).unwrap().first_problem, None);
}

/// Control characters take six bytes each in JSON.
#[test]
fn the_longest_intent_and_outcome_still_fit_their_leaves() {
    let home = Home::new();
    let witness = home.open();
    let long = || "\u{1}".repeat(100_000);
    let mut intent = intent(1);
    (intent.trace, intent.command, intent.actor) = (Some(long()), long(), long());
    intent.why = Some(long());
    intent.decision.verdict = long();
    intent.decision.reasons = (0..1_000).map(|_| long()).collect();
    intent.plugin = Some(if_witness::Plugin { version: long(), ..plugin() });
    let name = word(&"x".repeat(63));
    let traffic = Traffic {
        endpoint: name.clone(),
        session: u64::MAX,
        read: u64::MAX,
        write: u64::MAX,
        dangerous: u64::MAX,
        bytes_out: u64::MAX,
        bytes_in: u64::MAX,
    };
    let end = Outcome {
        currency: Some(long()),
        error: Some(long()),
        traffic: vec![traffic; 1_000],
        secrets: vec![SecretUse { secret: name.clone(), endpoint: name }; 1_000],
        evidence: vec![Evidence { name: long(), evidence: "{}".into() }; 1_000],
        ..outcome(Status::Failed)
    };
    witness.begin(intent, |_| Ok(())).unwrap().finish(end).unwrap();
    let largest: i64 =
        home.raw().query_row("SELECT max(length(leaf)) FROM leaf", [], |row| row.get(0)).unwrap();
    assert!(largest > 20_000 && largest <= LEAF_BYTES_MAX as i64, "{largest}");
    assert_eq!(witness.verify(None).unwrap().first_problem, None);
}

#[test]
fn a_clock_that_goes_back_an_hour_changes_no_order_and_no_proof() {
    let home = Home::new();
    home.clock.set(7_200_000);
    let witness = home.open();
    run(&witness, 1, Status::Ok);
    let before = witness.checkpoint().unwrap().checkpoint;
    drop(witness.begin(intent(2), |_| Ok(())).unwrap());
    home.clock.set(3_600_000);
    let witness = home.open();
    run(&witness, 3, Status::Ok);
    let entry = |number| witness.entry(&operation(number)).unwrap().unwrap();
    assert_eq!(entry(2).status(), Some(Status::Unknown), "closed by whoever came next");
    let places: Vec<u64> = (1..=3).map(|number| entry(number).opened.leaf.seq).collect();
    assert_eq!(places, [1, 3, 5]);
    assert!(entry(3).opened.leaf.at < entry(1).opened.leaf.at, "times are as the clock told them");
    witness.continues(&before).unwrap();
    let (receipt, leaf) = witness.prove(5).unwrap();
    receipt.verify(&leaf, &witness.verifier().unwrap()).unwrap();
    assert_eq!(witness.verify(None).unwrap().first_problem, None);
}
