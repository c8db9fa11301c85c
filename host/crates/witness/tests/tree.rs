//! Checkpoints and receipts of a real log, and every way in which the stored tree may be wrong.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use if_tlog::{Checkpoint, Hash32, Receipt, TileAt, Tiles, Tree, entries, leaf_hash};
use if_witness::{FaultKind, Published, Witness, WitnessError};
use std::collections::BTreeMap;
use support::Home;

/// A log of that many entries: the first one names the key.
fn grown(leaves: u64) -> (Home, Witness) {
    let home = Home::new();
    let witness = home.open();
    (1..leaves).for_each(|_| assert!(witness.note("entry").is_ok()));
    (home, witness)
}

#[test]
fn a_checkpoint_is_signed_once_for_each_length() {
    let (_home, witness) = grown(3);
    let first = witness.checkpoint().unwrap();
    assert_eq!(first.checkpoint.size, 3);
    assert_eq!(witness.checkpoint().unwrap(), first);
    witness.note("more").unwrap();
    let second = witness.checkpoint().unwrap();
    assert_eq!(second.checkpoint.size, 4);
    let log = witness.verifier().unwrap();
    assert_eq!(Checkpoint::verified(&second.note, &log).unwrap(), second.checkpoint);
    assert!(second.checkpoint.origin.starts_with("infrafabric/log/"));
    let key = witness.public_key().to_string();
    assert!(second.checkpoint.origin.ends_with(&key[..16]));
}

#[test]
fn every_entry_has_a_receipt_and_only_its_own() {
    let (_home, witness) = grown(300);
    let log = witness.verifier().unwrap();
    for seq in [0, 1, 255, 256, 298, 299] {
        let (receipt, leaf) = witness.prove(seq).unwrap();
        let read = Receipt::parse(&receipt.to_string()).unwrap();
        assert_eq!(read.verify(&leaf, &log).unwrap().size, 300);
        assert!(read.verify(b"{}", &log).is_err());
    }
    let missing = witness.prove(300).unwrap_err();
    assert!(matches!(missing, WitnessError::NoEntry { seq: 300 }), "{missing}");
}

/// The tiles of a published log.
struct Files(BTreeMap<String, Vec<u8>>);

impl Tiles for &Files {
    type Error = String;

    fn tile(&self, at: TileAt) -> Result<Vec<Hash32>, String> {
        let bytes = self.0.get(&at.path()).ok_or_else(|| at.path())?;
        Ok(bytes.chunks(32).map(|hash| Hash32::from_slice(hash).unwrap()).collect())
    }
}

fn published(witness: &Witness, have: u64) -> Files {
    let mut files = BTreeMap::new();
    witness
        .publish(have, |Published { path, bytes }| {
            assert!(!files.contains_key("checkpoint"), "the checkpoint comes last");
            files.insert(path, bytes);
            Ok::<_, WitnessError>(())
        })
        .unwrap();
    Files(files)
}

#[test]
fn a_published_log_has_the_signed_root_and_all_its_entries() {
    let (_home, witness) = grown(600);
    let files = published(&witness, 0);
    let signed = witness.checkpoint().unwrap();
    assert_eq!(files.0["checkpoint"], signed.note.to_string().as_bytes());
    assert_eq!(Tree::new(&files, 600).root().unwrap(), signed.checkpoint.root);
    let bundles = ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"];
    let leaves: Vec<Hash32> =
        bundles.iter().flat_map(|path| entries(&files.0[*path]).unwrap()).map(leaf_hash).collect();
    assert_eq!(leaves.len(), 600);
    let hashes: Vec<Hash32> =
        (0..600).map(|seq| Tree::new(&files, 600).leaf(seq).unwrap()).collect();
    assert_eq!(leaves, hashes);
    assert_eq!(published(&witness, 600).0.len(), 1, "nothing new but the checkpoint");
    let more = published(&witness, 512);
    assert!(more.0.keys().all(|path| !path.ends_with("/000") && !path.ends_with("/001")));
}

#[test]
fn a_log_that_does_not_continue_its_checkpoint_signs_no_other() {
    let (home, witness) = grown(10);
    witness.checkpoint().unwrap();
    home.raw().execute_batch("UPDATE leaf SET leaf_hash = zeroblob(32) WHERE seq = 4").unwrap();
    let error = witness.checkpoint().unwrap_err();
    assert!(matches!(error, WitnessError::Inconsistent { signed: 10, leaves: 10 }), "{error}");
    let proof = witness.prove(1).unwrap_err();
    assert!(matches!(proof, WitnessError::Inconsistent { .. }), "{proof}");
}

/// What the check finds after that change of a log of 300 entries with a checkpoint.
fn fault(sql: &str) -> (u64, FaultKind) {
    let (home, witness) = grown(300);
    assert_eq!(witness.verify(None).unwrap().first_problem, None);
    witness.checkpoint().unwrap();
    assert_eq!(witness.verify(None).unwrap().first_problem, None);
    home.raw().execute_batch(sql).unwrap();
    let fault = home.open().verify(None).unwrap().first_problem.expect(sql);
    (fault.seq, fault.kind)
}

#[test]
fn every_column_of_the_tree_is_guarded() {
    use FaultKind::{CheckpointSignature, Tile};
    assert_eq!(fault("UPDATE tile SET hash = zeroblob(32)"), (255, Tile(1)));
    assert_eq!(fault("UPDATE tile SET position = 7"), (255, Tile(1)));
    let moved = "UPDATE tile SET level = 2, signatures = NULL";
    assert_eq!(fault(moved), (300, Tile(2)));
    assert_eq!(fault("UPDATE tile SET level = 9, signatures = NULL"), (300, Tile(9)));
    assert_eq!(fault("UPDATE tile SET position = -1"), (255, Tile(1)));
    let unsigned = "UPDATE checkpoint SET note = replace(note, '300', '299'), size = 299";
    assert_eq!(fault(unsigned), (298, CheckpointSignature));
    assert_eq!(fault("UPDATE checkpoint SET size = 200"), (199, CheckpointSignature));
    assert_eq!(fault("UPDATE checkpoint SET note = 'x'"), (299, CheckpointSignature));
}

#[test]
fn an_entry_below_a_checkpoint_is_named_exactly() {
    for seq in [3, 299] {
        let zeroed = format!("UPDATE leaf SET signature = zeroblob(64) WHERE seq = {seq}");
        assert_eq!(fault(&zeroed), (seq, FaultKind::Signature));
    }
    let cut = fault("DELETE FROM leaf WHERE seq = 299");
    assert_eq!(cut, (299, FaultKind::Truncated(300)));
    let digest = fault("UPDATE tile SET signatures = zeroblob(32)");
    assert_eq!(digest, (255, FaultKind::Tile(1)));
}
