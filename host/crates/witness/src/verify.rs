//! The check of a chain of leaves: pure, so that the same rows always give the same answer, here
//! and at an outsider's.
//!
//! It finds an edited, removed, added, moved or forged leaf, another key's signature, and a log
//! that is shorter than or different from a head kept elsewhere, and names the first position that
//! is wrong. Without such a head nobody can see that the newest leaves were cut off.

use crate::commitment::Part;
use crate::leaf::{LEAF_VERSION, Leaf};
use crate::{AnchorFault, Hash32, PublicKey, leaf_hash};
use if_core::{Code, Explain};
use serde::Serialize;

/// One stored leaf, unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub seq: u64,
    pub leaf: Vec<u8>,
    pub hash: Vec<u8>,
    pub signature: Vec<u8>,
}

/// How long a log is, and the hash of its newest leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Head {
    pub leaves: u64,
    pub hash: Hash32,
}

/// What is wrong with which entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("entry {seq} of the log {kind}")]
pub struct Fault {
    pub seq: u64,
    pub kind: FaultKind,
}

/// What is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    #[error("is missing")]
    Missing,
    #[error("was edited: its hash does not fit")]
    Edited,
    #[error("is not signed by the log's key")]
    Signature,
    #[error("is not a leaf of a version known here")]
    Unreadable,
    #[error("was moved from position {0}")]
    Moved(u64),
    #[error("does not follow the entry before it")]
    Link,
    #[error("says that the log belongs to another key")]
    Key,
    #[error("is missing: a head kept elsewhere has {0} entries")]
    Truncated(u64),
    #[error("is not the one that a head kept elsewhere names")]
    Forked,
    #[error("has a body `{0}` that does not fit its commitment")]
    Body(String),
    #[error("is listed in the index as something else")]
    Index,
    #[error("is listed in the index but not in the log")]
    Unlogged,
    #[error("ends a tile whose hash of level {0} does not fit")]
    Tile(u8),
    #[error("ends a checkpoint that is not signed by the log's key")]
    CheckpointSignature,
    #[error("ends a checkpoint that is of other entries")]
    Checkpoint,
    #[error("is not where the log ended: {0}")]
    Anchor(AnchorFault),
    #[error("is listed as unfinished and is not, or is unfinished and not listed")]
    Unfinished,
}

impl Explain for Fault {
    fn code(&self) -> Code {
        Code::WitnessBroken
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Leaves that are good, from the start.
    pub leaves: u64,
    /// Body parts that fit their commitments.
    pub bodies: u64,
    /// Body parts that were erased, which is allowed.
    pub erased: u64,
    /// The newest good leaf; keep it elsewhere to notice a log that was cut off.
    pub head: Option<Head>,
    /// The first thing that is wrong; nothing after it was looked at.
    pub first_problem: Option<Fault>,
}

/// The check in progress: leaves in, faults out.
#[derive(Debug)]
pub struct Verifier {
    key: PublicKey,
    expected: Option<Head>,
    /// Below this length each leaf is covered by a checkpoint, whose signature was verified.
    covered: u64,
    leaves: u64,
    last: Hash32,
    bodies: u64,
    erased: u64,
}

impl Verifier {
    /// A check against `key`, and against a head kept elsewhere if there is one.
    pub fn new(key: PublicKey, expected: Option<Head>) -> Self {
        Self { key, expected, covered: 0, leaves: 0, last: Hash32::ZERO, bodies: 0, erased: 0 }
    }

    /// A check that begins behind the first so many leaves, of which the last has this hash.
    pub(crate) fn from(key: PublicKey, leaves: u64, last: Hash32) -> Self {
        Self { leaves, last, ..Self::new(key, None) }
    }

    /// Leaves the signatures of the first so many leaves alone: the caller knows a signed
    /// checkpoint that covers them, and compares its root when they are through.
    #[must_use]
    pub(crate) fn covered_until(self, covered: u64) -> Self {
        Self { covered, ..self }
    }

    /// Whose log it must be.
    pub(crate) fn key(&self) -> PublicKey {
        self.key
    }

    /// Whether no leaf was taken yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.leaves == 0
    }

    /// Takes the next row, in the order of positions.
    ///
    /// # Errors
    /// The first fault of this row. A check that found one is over.
    pub fn leaf(&mut self, row: &Row) -> Result<Leaf, Fault> {
        let fault = |kind| Fault { seq: row.seq, kind };
        if row.seq != self.leaves {
            return Err(Fault { seq: self.leaves, kind: FaultKind::Missing });
        }
        let hash = leaf_hash(&row.leaf);
        if row.hash != hash.as_bytes() {
            return Err(fault(FaultKind::Edited));
        }
        if row.seq >= self.covered && !self.key.verifies(&hash, &row.signature) {
            return Err(fault(FaultKind::Signature));
        }
        let leaf: Leaf = serde_json::from_slice(&row.leaf)
            .ok()
            .filter(|leaf: &Leaf| leaf.v == LEAF_VERSION)
            .ok_or_else(|| fault(FaultKind::Unreadable))?;
        if leaf.seq != row.seq {
            return Err(fault(FaultKind::Moved(leaf.seq)));
        }
        if leaf.prev != self.last {
            return Err(fault(FaultKind::Link));
        }
        // The first leaf names the key; no later one may claim another.
        let named = leaf.log.as_ref().map(|log| log.public_key == self.key.to_string());
        if named != (row.seq == 0).then_some(true) {
            return Err(fault(FaultKind::Key));
        }
        let leaves = row.seq.saturating_add(1);
        if self.expected.is_some_and(|head| head.leaves == leaves && head.hash != hash) {
            return Err(fault(FaultKind::Forked));
        }
        (self.leaves, self.last) = (leaves, hash);
        Ok(leaf)
    }

    /// The hash of the leaf that was taken last.
    pub(crate) fn last(&self) -> Hash32 {
        self.last
    }

    /// Takes the bodies stored for a leaf that [`Verifier::leaf`] accepted.
    pub(crate) fn bodies(&mut self, leaf: &Leaf, parts: &[Part]) -> Result<(), Fault> {
        for part in parts {
            let committed = leaf.commitments.get(&part.name);
            if committed.is_none() || part.commitment().as_ref() != committed {
                return Err(Fault { seq: leaf.seq, kind: FaultKind::Body(part.name.clone()) });
            }
            self.bodies = self.bodies.saturating_add(1);
        }
        let erased = leaf.commitments.len().saturating_sub(parts.len());
        self.erased = self.erased.saturating_add(u64::try_from(erased).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Ends the check: with the fault that stopped it, or with what the end of the log shows.
    pub fn report(self, fault: Option<Fault>) -> VerifyReport {
        let truncated = self
            .expected
            .filter(|head| head.leaves > self.leaves)
            .map(|head| Fault { seq: self.leaves, kind: FaultKind::Truncated(head.leaves) });
        let leaves = self.leaves;
        VerifyReport {
            leaves,
            bodies: self.bodies,
            erased: self.erased,
            head: (leaves > 0).then_some(Head { leaves, hash: self.last }),
            first_problem: fault.or(truncated),
        }
    }
}

/// Checks a whole chain, first leaf first.
pub fn verify(
    rows: impl IntoIterator<Item = Row>,
    key: PublicKey,
    expected: Option<Head>,
) -> VerifyReport {
    let mut verifier = Verifier::new(key, expected);
    let fault = rows.into_iter().find_map(|row| verifier.leaf(&row).err());
    verifier.report(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::LogKey;
    use crate::leaf::{Birth, Kind};
    use if_core::UnixMillis;

    fn row(key: &LogKey, seq: u64, leaf: &[u8]) -> Row {
        let hash = leaf_hash(leaf);
        let (signature, hash) = (key.sign(&hash).to_vec(), hash.as_bytes().to_vec());
        Row { seq, leaf: leaf.to_vec(), hash, signature }
    }

    /// A log of three leaves, of which one was changed by somebody who holds the key.
    fn fault(change: impl Fn(&mut Leaf)) -> Option<(u64, FaultKind)> {
        let key = LogKey::for_test(1);
        let (mut rows, mut prev) = (Vec::new(), Hash32::ZERO);
        for seq in 0..3 {
            let mut leaf = Leaf { seq, prev, ..Leaf::new(Kind::Note, UnixMillis(seq)) };
            let birth = || Birth { public_key: key.public().to_string() };
            leaf.log = (seq == 0).then(birth);
            change(&mut leaf);
            rows.push(row(&key, seq, &serde_json::to_vec(&leaf).unwrap()));
            prev = leaf_hash(&rows.last().unwrap().leaf);
        }
        let report = verify(rows, key.public(), None);
        report.first_problem.map(|fault| (fault.seq, fault.kind))
    }

    #[test]
    fn signatures_do_not_excuse_a_broken_chain() {
        let other = || Some(Birth { public_key: "00".repeat(32) });
        assert_eq!(fault(|_| ()), None);
        assert_eq!(
            fault(|leaf| if leaf.seq == 2 {
                leaf.prev = Hash32::ZERO
            }),
            Some((2, FaultKind::Link))
        );
        assert_eq!(
            fault(|leaf| if leaf.seq == 0 {
                leaf.prev = Hash32::from([1; 32])
            }),
            Some((0, FaultKind::Link))
        );
        assert_eq!(
            fault(|leaf| if leaf.seq == 1 {
                leaf.seq = 2
            }),
            Some((1, FaultKind::Moved(2)))
        );
        assert_eq!(
            fault(|leaf| if leaf.seq == 1 {
                leaf.v = 2
            }),
            Some((1, FaultKind::Unreadable))
        );
        assert_eq!(fault(|leaf| leaf.log = None), Some((0, FaultKind::Key)));
        assert_eq!(fault(|leaf| leaf.log = other()), Some((0, FaultKind::Key)));
        assert_eq!(
            fault(|leaf| if leaf.seq == 1 {
                leaf.log = other()
            }),
            Some((1, FaultKind::Key))
        );
    }

    #[test]
    fn a_signed_text_that_is_no_leaf_is_unreadable() {
        let key = LogKey::for_test(1);
        for text in ["", "{}", "[1]", r#"{"v":1,"surprise":true}"#] {
            let report = verify([row(&key, 0, text.as_bytes())], key.public(), None);
            let fault = Fault { seq: 0, kind: FaultKind::Unreadable };
            assert_eq!(report.first_problem, Some(fault), "{text}");
        }
    }

    #[test]
    fn an_empty_log_is_good_unless_a_head_says_otherwise() {
        let key = LogKey::for_test(1).public();
        let report = verify([], key, None);
        assert_eq!((report.leaves, report.head, report.first_problem), (0, None, None));
        let report = verify([], key, Some(Head { leaves: 2, hash: Hash32::ZERO }));
        assert_eq!(report.first_problem, Some(Fault { seq: 0, kind: FaultKind::Truncated(2) }));
    }

    #[test]
    fn a_fault_is_a_sentence_with_a_code() {
        let fault = Fault { seq: 41, kind: FaultKind::Edited };
        assert_eq!(fault.to_string(), "entry 41 of the log was edited: its hash does not fit");
        assert_eq!(fault.code(), Code::WitnessBroken);
    }
}
