//! What is kept of others: anchors off this machine, and logs that this one vouches for.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use if_core::{Code, Explain, UnixMillis};
use if_tlog::{Checkpoint, Name, Note, Refused, Submission, Verifier};
use if_witness::{Divergence, Kept, Witness, WitnessError};
use support::{Home, word};

/// A log of that many entries: the first one names the key.
fn grown(leaves: u64) -> (Home, Witness) {
    let home = Home::new();
    let witness = home.open();
    (1..leaves).for_each(|_| assert!(witness.note("entry").is_ok()));
    (home, witness)
}

fn origin(log: &Witness) -> Name {
    log.verifier().unwrap().name().clone()
}

fn cosign(
    witness: &Witness,
    log: &Witness,
    key: Option<&Verifier>,
    submission: &Submission,
) -> Result<u64, WitnessError> {
    witness.cosign(&origin(log), key, submission).map(|done| done.checkpoint.size)
}

#[test]
fn an_anchor_is_remembered_and_the_log_says_so() {
    let (home, witness) = grown(2);
    let name = word("stick");
    assert!(witness.add_keeper(&name, "there").unwrap());
    assert!(!witness.add_keeper(&name, "elsewhere").unwrap(), "it has a place");
    assert_eq!(witness.head().unwrap().unwrap().leaves, 3, "one entry, and none for the second");
    home.clock.set(7_000);
    witness.kept(&name, 3).unwrap();
    assert_eq!(witness.head().unwrap().unwrap().leaves, 3, "no entry that no anchor has");
    let kept = witness.keepers().unwrap().remove(0);
    assert_eq!((kept.name.as_str(), kept.place.as_str()), ("stick", "there"));
    assert_eq!(kept.kept, Some(Kept { size: 3, at: UnixMillis(7_000) }));
    assert!(witness.remove_keeper(&name).unwrap() && !witness.remove_keeper(&name).unwrap());
    assert_eq!(witness.keepers().unwrap(), []);
    assert!(witness.verify(None).unwrap().first_problem.is_none());
}

#[test]
fn a_log_that_does_not_begin_with_what_was_kept_is_told_in_which_way() {
    let (_home, witness) = grown(300);
    let kept = |size: u64, root| Checkpoint { origin: String::new(), size, root };
    let whole = witness.checkpoint().unwrap().checkpoint;
    assert_eq!(witness.diverges(std::slice::from_ref(&whole)).unwrap(), None);
    let longer = kept(301, whole.root);
    let back = Divergence::RolledBack { known: 301, found: 300 };
    assert_eq!(witness.diverges(&[whole.clone(), longer]).unwrap(), Some((1, back)));
    let other = kept(299, whole.root);
    let forked = Divergence::Forked { size: 299 };
    assert_eq!(witness.diverges(&[other]).unwrap(), Some((0, forked)));
}

#[test]
fn a_witness_vouches_for_a_log_that_grows_and_for_nothing_else() {
    let ((_home, log), (other, witness)) = (grown(5), grown(2));
    let key = log.verifier().unwrap();
    let first = log.submission(0).unwrap();
    let unknown = cosign(&witness, &log, None, &first).unwrap_err();
    assert!(matches!(unknown, WitnessError::LogUnknown { .. }), "{unknown}");
    other.clock.set(9_000_000);
    let done = witness.cosign(&origin(&log), Some(&key), &first).unwrap();
    let mut note = first.checkpoint.clone();
    note.add(done.line);
    // Whoever has both keys sees both signatures, and the time in seconds.
    let cosigner = witness.cosigner().unwrap();
    assert_eq!(note.verified_by(&cosigner), Ok(Some(9_000)));
    assert_eq!(note.verified_by(&key), Ok(None));
    assert_eq!(Note::parse(&note.to_string()).unwrap(), note);

    (0..300).for_each(|_| assert!(log.note("more").is_ok()));
    let grown = log.submission(5).unwrap();
    assert!(!grown.proof.is_empty());
    assert_eq!(cosign(&witness, &log, None, &grown).unwrap(), 305);
    assert_eq!(witness.cosigned().unwrap(), [(origin(&log).to_string(), 305)]);
    // The clock of a witness may go back; what it says does not.
    other.clock.set(1_000_000);
    let same = witness.cosign(&origin(&log), None, &log.submission(305).unwrap()).unwrap();
    note = log.submission(305).unwrap().checkpoint;
    note.add(same.line);
    assert_eq!(note.verified_by(&cosigner), Ok(Some(9_000)));

    let back = cosign(&witness, &log, None, &first).unwrap_err();
    assert!(matches!(back, WitnessError::Cosign(Refused::RolledBack { last: 305, size: 5 })));
    assert_eq!(back.code(), Code::LogRolledBack);
    let stale = cosign(&witness, &log, None, &log.submission(5).unwrap()).unwrap_err();
    assert_eq!(stale.hints(), ["where the log is: ifctl witness checkpoint --since 305"]);
    let entries = witness.head().unwrap().unwrap().leaves;
    assert_eq!(entries, 2 + 3, "an entry for each that was vouched for, none for a refusal");
    assert!(witness.verify(None).unwrap().first_problem.is_none());
}

#[test]
fn a_fork_and_another_key_are_refused() {
    let ((_home, log), (_other, witness)) = (grown(4), grown(2));
    let key = log.verifier().unwrap();
    cosign(&witness, &log, Some(&key), &log.submission(0).unwrap()).unwrap();
    let (_third, stranger) = grown(9);
    let strange = stranger.verifier().unwrap();
    // Its own key is not under that name, and what it signs is not of that log.
    let submission = stranger.submission(4).unwrap();
    let named = cosign(&witness, &log, Some(&strange), &submission).unwrap_err();
    assert!(matches!(named, WitnessError::LogOfAnotherKey { .. }), "{named}");
    assert_eq!(named.code(), Code::LogUnsigned);
    let signed = cosign(&witness, &log, None, &submission).unwrap_err();
    assert_eq!(signed.code(), Code::LogUnsigned, "{signed}");
    let name = Name::new("example.com/none").unwrap();
    let first = stranger.submission(0).unwrap();
    let misnamed = witness.cosign(&name, Some(&strange), &first).unwrap_err();
    assert!(matches!(misnamed, WitnessError::LogOfAnotherName { .. }), "{misnamed}");
    // The right checkpoint, with a proof of something else.
    log.note("five").unwrap();
    let unproven = Submission { proof: submission.proof, ..log.submission(4).unwrap() };
    let forked = cosign(&witness, &log, None, &unproven).unwrap_err();
    assert!(matches!(forked, WitnessError::Cosign(Refused::Unproven { old: 4, size: 5 })));
    assert_eq!(forked.code(), Code::LogForked);
}

#[test]
fn a_row_that_was_edited_vouches_for_nothing() {
    let ((_home, log), (other, witness)) = (grown(4), grown(2));
    let key = log.verifier().unwrap();
    cosign(&witness, &log, Some(&key), &log.submission(0).unwrap()).unwrap();
    other.raw().execute_batch("UPDATE cosigned SET note = replace(note, '4', '1')").unwrap();
    log.note("five").unwrap();
    let error = cosign(&witness, &log, None, &log.submission(4).unwrap()).unwrap_err();
    assert_eq!(error.code(), Code::WitnessBroken, "{error}");
}

#[test]
fn only_one_of_two_at_once_is_vouched_for() {
    let ((_home, log), (other, witness)) = (grown(4), grown(2));
    let key = log.verifier().unwrap();
    cosign(&witness, &log, Some(&key), &log.submission(0).unwrap()).unwrap();
    let mut submissions = Vec::new();
    for _ in 0..8 {
        log.note("more").unwrap();
        submissions.push(log.submission(4).unwrap());
    }
    let name = origin(&log);
    let vouched = std::thread::scope(|scope| {
        let tasks: Vec<_> = submissions
            .iter()
            .map(|submission| {
                let (witness, name) = (other.open(), &name);
                scope.spawn(move || witness.cosign(name, None, submission).is_ok())
            })
            .collect();
        tasks.into_iter().map(|task| task.join().unwrap()).filter(|ok| *ok).count()
    });
    assert_eq!(vouched, 1, "each proof begins with the same four");
}

#[test]
fn a_receipt_stands_under_a_checkpoint_that_was_cosigned() {
    let ((_home, log), (_other, witness)) = (grown(5), grown(2));
    let key = log.verifier().unwrap();
    let submission = log.submission(0).unwrap();
    let done = witness.cosign(&origin(&log), Some(&key), &submission).unwrap();
    let mut note = submission.checkpoint;
    note.add(done.line);
    log.note("later").unwrap();
    let (receipt, leaf) = log.prove_under(3, note.clone()).unwrap();
    assert_eq!(receipt.verify(&leaf, &key).unwrap().size, 5);
    assert!(receipt.checkpoint.verified_by(&witness.cosigner().unwrap()).is_ok());
    let later = log.prove_under(5, note.clone()).unwrap_err();
    assert!(matches!(later, WitnessError::NoEntry { seq: 5 }), "{later}");
    let foreign = witness.prove_under(0, note).unwrap_err();
    assert_eq!(foreign.code(), Code::WitnessBroken, "{foreign}");
}
