//! The witness's evidence.

use super::kind::{Kind, on_each, on_each_with};
use if_core::{Clock, Code, Effect, Exit, Explain as _, Mode, OperationId, UnixMillis, Word};
use if_store::{Store, StoreError};
use if_witness::{
    Charge, Decision, FaultKind, Filter, Intent, LogFiles, Outcome, SCHEMA, Status, Timing,
    Witness, WitnessError, create_key,
};
use std::sync::Arc;
use tempfile::TempDir;

/// Entries have an order of their own.
struct Still;

impl Clock for Still {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_700_000_000_000)
    }
}

/// What lies beside the database.
struct Home<'a> {
    kind: &'a Kind,
    folder: TempDir,
}

impl<'a> Home<'a> {
    fn new(kind: &'a Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        create_key(&folder.path().join("witness.key")).unwrap();
        Self { kind, folder }
    }

    fn try_open(&self) -> Result<Witness, WitnessError> {
        let at = |name: &str| self.folder.path().join(name);
        let (key, run_dir, anchor) = (at("witness.key"), at("run"), at("if.anchor"));
        let files = LogFiles { key: &key, run_dir: &run_dir, anchor: &anchor };
        Witness::open(Arc::new(self.store()?), files, Arc::new(Still))
    }

    fn open(&self) -> Witness {
        self.try_open().unwrap()
    }

    fn store(&self) -> Result<Store, StoreError> {
        self.kind.open(&[SCHEMA])
    }
}

fn operation(number: u64) -> OperationId {
    OperationId::new(format!("{number:032x}")).unwrap()
}

fn intent(number: u64) -> Intent {
    Intent {
        operation: operation(number),
        trace: Some(format!("show/{}", number % 3)),
        provider: Word::new(if number.is_multiple_of(2) { "obs" } else { "vmix" }).unwrap(),
        instance: Some(Word::new("studio").unwrap()),
        command: "scene switch".into(),
        effect: Effect::Write,
        actor: "ada".into(),
        mode: Mode::Live,
        plugin: None,
        decision: Decision {
            verdict: "allow".into(),
            reasons: vec!["a write".into()],
            policies: None,
        },
        charge: Charge::default(),
        params: format!(r#"{{"scene":"Bühne {number}"}}"#).into_bytes(),
        why: Some("show start".into()),
        decided: None,
    }
}

fn outcome(status: Status) -> Outcome {
    let timing = Timing { started: UnixMillis(1), ended: UnixMillis(2), wall_ms: 1 };
    let exit = if status == Status::Ok { Exit::Ok } else { Exit::Provider };
    Outcome { result: Some(b"{}".to_vec()), ..Outcome::new(status, exit, timing) }
}

fn run(witness: &Witness, number: u64) {
    let status = if number.is_multiple_of(4) { Status::Failed } else { Status::Ok };
    witness.begin(intent(number), |_| Ok(())).unwrap().finish(outcome(status)).unwrap();
}

#[test]
fn a_log_grows_verifies_and_proves_itself() {
    on_each(|kind| {
        let home = Home::new(kind);
        let witness = home.open();
        (1..=150).for_each(|number| run(&witness, number));
        witness.deny(intent(200), Code::ConfirmationNeeded, "not without --yes").unwrap();
        witness.note("a remark").unwrap();
        let report = witness.verify(None).unwrap();
        assert_eq!((report.first_problem, report.leaves), (None, 303));
        let signed = witness.checkpoint().unwrap();
        assert_eq!(signed.checkpoint.size, 303);
        for seq in [0, 1, 255, 256, 302] {
            let (receipt, leaf) = witness.prove(seq).unwrap();
            receipt.verify(&leaf, &witness.verifier().unwrap()).unwrap();
        }
        let mut files = Vec::new();
        let keep = |file| {
            files.push(file);
            Ok::<_, WitnessError>(())
        };
        witness.publish(0, keep).unwrap();
        assert_eq!(files.len(), 6, "three tiles, the entries of two, and the checkpoint");
        // Another process goes on where this one stopped, and this one after it.
        let other = home.open();
        run(&other, 201);
        run(&witness, 202);
        witness.continues(&signed.checkpoint).unwrap();
        let report = other.verify(None).unwrap();
        assert_eq!((report.first_problem, report.leaves), (None, 307));
    });
}

#[test]
fn what_is_asked_is_found() {
    on_each(|kind| {
        let home = Home::new(kind);
        let witness = home.open();
        (1..=12).for_each(|number| run(&witness, number));
        drop(witness.begin(intent(13), |_| Ok(())).unwrap());
        let count = |filter: Filter| witness.query(&filter).unwrap().len();
        let all = Filter::default;
        assert_eq!(count(all()), 14);
        assert_eq!(count(Filter { provider: Some(Word::new("vmix").unwrap()), ..all() }), 7);
        assert_eq!(count(Filter { outcome: Some(Status::Failed), ..all() }), 3);
        assert_eq!(count(Filter { trace: Some("show/1".into()), ..all() }), 5);
        assert_eq!(count(Filter { trace: Some("show".into()), ..all() }), 0);
        assert_eq!(count(Filter { trace: Some("show".into()), traces_below: true, ..all() }), 13);
        assert_eq!(count(Filter { text: Some("BÜHNE 1".replace('Ü', "ü")), ..all() }), 5);
        assert_eq!(count(Filter { text: Some("SHOW START".into()), ..all() }), 13);
        assert_eq!(count(Filter { text: Some("nowhere".into()), ..all() }), 0);
        assert_eq!(count(Filter { since: Some(UnixMillis(1_700_000_000_001)), ..all() }), 0);
        assert_eq!(count(Filter { until: Some(UnixMillis(u64::MAX)), ..all() }), 14);
        assert_eq!(count(Filter { limit: Some(3), ..all() }), 3);
        assert_eq!(count(Filter { operation: Some(operation(5)), ..all() }), 1);
        let entry = witness.entry(&operation(5)).unwrap().unwrap();
        assert_eq!(entry.parts["params"], r#"{"scene":"Bühne 5"}"#);
        let mut listed = Vec::new();
        let give = |entry: if_witness::Entry| {
            listed.push(entry.opened.leaf.seq);
            Ok::<_, WitnessError>(())
        };
        witness.each(&all(), u64::MAX, give).unwrap();
        assert!(listed.is_sorted() && listed.len() == 14);
    });
}

#[test]
fn an_operation_ends_once_and_a_lost_one_is_closed_by_whoever_comes_next() {
    on_each(|kind| {
        let home = Home::new(kind);
        let witness = home.open();
        run(&witness, 1);
        let taken = witness.begin(intent(1), |_| Ok(())).unwrap_err();
        assert!(matches!(taken, WitnessError::OperationTaken(_)), "{taken}");
        let refused = witness.begin(intent(2), |_| Err(StoreError::Number(7))).unwrap_err();
        assert!(matches!(refused, WitnessError::Store(StoreError::Number(7))), "{refused}");
        assert!(witness.entry(&operation(2)).unwrap().is_none(), "nothing of it is left");
        let running = witness.begin(intent(3), |_| Ok(())).unwrap();
        assert!(home.open().recover().unwrap().is_empty(), "it lives");
        drop(running);
        let closed = home.open().entry(&operation(3)).unwrap().unwrap();
        assert_eq!(closed.status(), Some(Status::Unknown));
        let erased = witness.erase(&operation(1)).unwrap();
        assert_eq!(erased.bodies, 3);
        assert_eq!(erased.lingers, matches!(kind, Kind::Postgres { .. }));
        let report = witness.verify(None).unwrap();
        assert_eq!((report.first_problem, report.erased), (None, 3));
    });
}

/// Threads of one process share commits, and each its place in the chain.
#[test]
fn many_threads_write_one_chain() {
    on_each(|kind| {
        let home = Home::new(kind);
        let witness = home.open();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let witness = &witness;
                scope.spawn(move || (0..10).for_each(|turn| run(witness, 1 + thread * 10 + turn)));
            }
        });
        let report = home.open().verify(None).unwrap();
        assert_eq!((report.first_problem, report.leaves), (None, 161));
        run(&home.open(), 100);
    });
}

#[test]
fn every_edit_is_named() {
    let edits = [
        ("UPDATE leaf SET leaf = x'00' WHERE seq = 4", (4, FaultKind::Edited)),
        ("UPDATE leaf SET leaf_hash = x'00' WHERE seq = 4", (4, FaultKind::Edited)),
        ("UPDATE leaf SET signature = x'00' WHERE seq = 4", (4, FaultKind::Signature)),
        ("DELETE FROM leaf WHERE seq = 4", (4, FaultKind::Missing)),
        ("UPDATE entry SET status = 'ok' WHERE seq = 3", (3, FaultKind::Index)),
        ("UPDATE entry SET at = -1 WHERE seq = 3", (3, FaultKind::Index)),
        ("DELETE FROM entry WHERE seq = 3", (3, FaultKind::Index)),
        ("UPDATE body SET bytes = x'00' WHERE seq = 3", (3, FaultKind::Body("params".into()))),
        ("UPDATE body SET length = -1 WHERE seq = 3", (3, FaultKind::Body("params".into()))),
        ("INSERT INTO open_intent (operation, seq) VALUES ('x', 3)", (3, FaultKind::Unfinished)),
        ("UPDATE log SET public_key = 'x'", (0, FaultKind::Key)),
        ("UPDATE checkpoint SET note = 'x'", (8, FaultKind::CheckpointSignature)),
        ("INSERT INTO tile (level, position, hash) VALUES (2, 0, x'00')", (9, FaultKind::Tile(2))),
    ];
    on_each_with(edits, |kind, (edit, fault)| {
        let home = Home::new(kind);
        let witness = home.open();
        (1..=4).for_each(|number| run(&witness, number));
        witness.checkpoint().unwrap();
        kind.edit(edit);
        let found = witness.verify(None).unwrap().first_problem.unwrap();
        assert_eq!((found.seq, found.kind), fault, "{edit}");
    });
}

#[test]
fn a_log_that_was_cut_or_put_back_is_not_continued() {
    on_each(|kind| {
        let home = Home::new(kind);
        let witness = home.open();
        (1..=3).for_each(|number| run(&witness, number));
        kind.edit(
            "DELETE FROM body WHERE seq > 4; DELETE FROM entry WHERE seq > 4;
             DELETE FROM leaf WHERE seq > 4;",
        );
        let error = witness.note("more").unwrap_err();
        assert_eq!(error.code(), Code::WitnessBroken, "{error}");
        assert!(error.to_string().contains("rolled back: it has 5 entries and had 7"), "{error}");
        let found = witness.verify(None).unwrap().first_problem.unwrap();
        assert!(matches!(found.kind, FaultKind::Anchor(_)), "{found}");
    });
}

/// A database that another home began is not taken for this one's.
#[test]
fn a_log_belongs_to_one_key() {
    on_each(|kind| {
        run(&Home::new(kind).open(), 1);
        let error = Home::new(kind).try_open().err().unwrap();
        assert!(matches!(error, WitnessError::KeyOfAnotherLog { .. }), "{error}");
    });
}
