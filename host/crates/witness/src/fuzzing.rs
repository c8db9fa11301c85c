//! Readers of foreign bytes, reachable for `tests/fuzz`. The feature `fuzzing` switches this module
//! on; no program that ships has it (`xtask tidy`).

use crate::key::LogKey;
use crate::{Leaf, Row, VerifyReport, leaf_hash, verify};

/// A log of these leaves, each signed by a known key in the order given, and what its check says;
/// with what each leaf is when it is read alone.
pub fn signed_log(leaves: &[&[u8]]) -> (VerifyReport, Vec<Option<Leaf>>) {
    let key = LogKey::for_test(1);
    let row = |(seq, leaf): (u64, &&[u8])| {
        let hash = leaf_hash(leaf);
        let signature = key.sign(&hash).to_vec();
        Row { seq, leaf: leaf.to_vec(), hash: hash.as_bytes().to_vec(), signature }
    };
    let rows = (0..).zip(leaves).map(row);
    let read = leaves.iter().map(|leaf| serde_json::from_slice(leaf).ok());
    (verify(rows, key.public(), None), read.collect())
}

/// That key's public half, as the first leaf names it.
pub fn log_key() -> String {
    LogKey::for_test(1).public().to_string()
}
