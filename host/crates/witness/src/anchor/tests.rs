//! The file alone; that every write asks it is shown by the tests of the log.

use super::*;
use crate::key::LogKey;

fn key(seed: u8) -> PublicKey {
    LogKey::for_test(seed).public()
}

/// The head of a log whose entries hash to their numbers.
fn head(leaves: u8) -> Head {
    Head { leaves: leaves.into(), hash: Hash32::from([leaves - 1; 32]) }
}

/// Whether a log of so many entries is the one that was written; entry 9 is another.
fn checked(anchor: &Anchor, leaves: u64) -> Result<(), WitnessError> {
    let hash = |seq: u64| Hash32::from([if seq == 9 { 99 } else { seq as u8 }; 32]);
    anchor.check(leaves, |seq| Ok((seq < leaves).then(|| hash(seq))))
}

fn check(anchor: &Anchor, leaves: u64) -> Result<(), AnchorFault> {
    match checked(anchor, leaves) {
        Ok(()) => Ok(()),
        Err(WitnessError::Anchor(fault)) => Err(fault),
        Err(other) => panic!("{other}"),
    }
}

/// An anchor after a log has grown to two entries and then three.
fn grown(folder: &Path) -> Anchor {
    let anchor = Anchor::adopt(&folder.join("anchor"), key(1), None).unwrap();
    check(&anchor, 0).unwrap();
    for leaves in [1, 2, 3] {
        anchor.keep(head(leaves)).unwrap();
    }
    anchor
}

#[test]
fn the_log_that_was_written_is_continued_and_others_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = grown(folder.path());
    assert_eq!(check(&anchor, 3), Ok(()));
    assert_eq!(check(&anchor, 4), Ok(()), "the power went before the anchor was written");
    for found in [0, 1, 2] {
        assert_eq!(check(&anchor, found), Err(AnchorFault::RolledBack { known: 3, found }));
    }
    anchor.keep(head(10)).unwrap();
    assert_eq!(check(&anchor, 10), Err(AnchorFault::Forked { at: 9 }));
    assert_eq!(check(&anchor, 12), Err(AnchorFault::Forked { at: 9 }));
}

#[test]
fn another_key_is_named_whatever_its_log_holds() {
    let folder = tempfile::tempdir().unwrap();
    grown(folder.path());
    let other = Anchor::open(&folder.path().join("anchor"), key(2)).unwrap();
    let fault = check(&other, 3).unwrap_err();
    assert!(matches!(fault, AnchorFault::AnotherKey { .. }), "{fault}");
}

#[test]
fn a_slower_process_does_not_take_the_anchor_back() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = grown(folder.path());
    anchor.pass(head(2)).unwrap();
    anchor.keep(head(2)).unwrap();
    assert_eq!(check(&anchor, 2), Err(AnchorFault::RolledBack { known: 3, found: 2 }));
}

#[test]
fn a_torn_slot_leaves_the_others_and_is_the_next_to_be_written() {
    for at in 0..SLOT_BYTES as u64 {
        let folder = tempfile::tempdir().unwrap();
        let torn = grown(folder.path());
        let three = |slot: &u64| torn.read(*slot).unwrap().is_some_and(|it| leaves(it) == 3);
        let slot = FLUSHED.into_iter().find(three).unwrap();
        let (mut byte, place) = ([0], slot * SLOT_STRIDE + at);
        torn.file.read_exact_at(&mut byte, place).unwrap();
        torn.file.write_all_at(&[byte[0] ^ 1], place).unwrap();
        assert_eq!(check(&torn, 3), Ok(()), "byte {at}");
        assert_eq!(check(&torn, 1), Err(AnchorFault::RolledBack { known: 2, found: 1 }));
        assert_eq!(torn.oldest().unwrap(), slot);
        torn.keep(head(4)).unwrap();
        assert_eq!(check(&torn, 3), Err(AnchorFault::RolledBack { known: 4, found: 3 }));
    }
}

#[test]
fn a_head_that_passes_counts_and_leaves_those_that_were_flushed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = grown(folder.path());
    let flushed = || FLUSHED.map(|slot| anchor.read(slot).unwrap());
    let before = flushed();
    for leaves in 4..9 {
        anchor.pass(head(leaves)).unwrap();
    }
    assert_eq!(check(&anchor, 7), Err(AnchorFault::RolledBack { known: 8, found: 7 }));
    assert_eq!(flushed(), before);
}

#[test]
fn without_a_whole_slot_nothing_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = grown(folder.path());
    fs_err::OpenOptions::new().write(true).truncate(true).open(&anchor.path).unwrap();
    assert!(matches!(check(&anchor, 3), Err(AnchorFault::Unreadable { .. })));
    let missing = Anchor::open(&folder.path().join("nowhere"), key(1)).unwrap_err();
    assert!(missing.to_string().contains("is missing"), "{missing}");
}

#[test]
fn what_is_adopted_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    grown(folder.path());
    let adopted = Anchor::adopt(&folder.path().join("anchor"), key(1), Some(head(1))).unwrap();
    assert_eq!(check(&adopted, 1), Ok(()));
}

mod power;
