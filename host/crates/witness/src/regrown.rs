//! The Merkle tree, grown again while a check goes through the leaves, beside what the database
//! says of it: the hashes of whole tiles, and the checkpoints that were signed.

use crate::checkpoint::verifier;
use crate::tiles::LEVELS;
use crate::verify::{Fault, FaultKind};
use crate::{Hash32, PublicKey, WitnessError, tiles};
use if_store::{Row, Rows as _, Sql};
use if_tlog::{Checkpoint, Frontier, Note, TILE_WIDTH};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};

/// A tree that grows, and what is still to be compared with it.
pub(crate) struct Regrown {
    frontier: Frontier,
    /// Over the signatures of the tile that is not full yet.
    signatures: Sha256,
    checkpoints: VecDeque<Checkpoint>,
    /// Tiles that are stored, by level.
    tiles: BTreeMap<u8, u64>,
}

impl Regrown {
    /// An empty tree, and the checkpoints of this view. A fault when one of them is not signed by
    /// the log's key.
    pub(crate) fn begin(
        view: &dyn Sql,
        key: PublicKey,
    ) -> Result<Result<Self, Fault>, WitnessError> {
        let verifier = verifier(&key)?;
        // What is no position and no text is one that nobody signed.
        let select = "SELECT size, note FROM checkpoint ORDER BY size";
        let found: Vec<(u64, String)> = view.all(select, &[], |row| {
            let size = row.number(0).unwrap_or(u64::MAX);
            Ok::<_, WitnessError>((size, row.text(1).unwrap_or_default().to_owned()))
        })?;
        let mut checkpoints = VecDeque::new();
        for (size, note) in found {
            let read = Note::parse(&note).map_err(Into::into);
            match read.and_then(|note| Checkpoint::verified(&note, &verifier)) {
                Ok(checkpoint) if checkpoint.size == size => checkpoints.push_back(checkpoint),
                _ => return Ok(Err(fault_at(size, FaultKind::CheckpointSignature))),
            }
        }
        let count = |level| Ok((level, tiles::count(view, level)?));
        let tiles = LEVELS.map(count).collect::<Result<_, WitnessError>>()?;
        let (frontier, signatures) = (Frontier::default(), Sha256::new());
        Ok(Ok(Self { frontier, signatures, checkpoints, tiles }))
    }

    /// How many leaves need no check of their own signature: the newest checkpoint covers them, and
    /// a digest their signatures.
    pub(crate) fn covered(&self) -> u64 {
        let digested = self.tiles(1).saturating_mul(TILE_WIDTH);
        self.checkpoints.back().map_or(0, |newest| newest.size).min(digested)
    }

    fn tiles(&self, level: u8) -> u64 {
        self.tiles.get(&level).copied().unwrap_or(0)
    }

    /// Takes the next leaf. A fault when a tile that it fills, or a checkpoint that it ends, is of
    /// other leaves.
    pub(crate) fn leaf(
        &mut self,
        view: &dyn Sql,
        leaf: Hash32,
        signature: &[u8],
    ) -> Result<Option<Fault>, WitnessError> {
        self.signatures.update(signature);
        let (seq, mut filled) = (self.frontier.leaves(), Vec::new());
        self.frontier.push(leaf, |height, hash| {
            if height.is_multiple_of(8) {
                filled.push((height / 8, hash));
            }
        });
        let leaves = self.frontier.leaves();
        for (level, hash) in filled {
            let level = u8::try_from(level).unwrap_or(LEVELS.end);
            let position = (leaves >> (8 * u32::from(level))).saturating_sub(1);
            let signatures = (level == 1).then(|| self.signatures.finalize_reset().to_vec());
            let expected = (hash.as_bytes().to_vec(), signatures);
            // The newest ones may be written later.
            if position < self.tiles(level) && stored(view, level, position)? != Some(expected) {
                return Ok(Some(Fault { seq, kind: FaultKind::Tile(level) }));
            }
        }
        while let Some(checkpoint) = self.checkpoints.front().filter(|next| next.size <= leaves) {
            if checkpoint.size == leaves && checkpoint.root != self.frontier.root() {
                return Ok(Some(Fault { seq, kind: FaultKind::Checkpoint }));
            }
            self.checkpoints.pop_front();
        }
        Ok(None)
    }

    /// The log ends here: nothing may be left that is of a longer one.
    pub(crate) fn end(self, view: &dyn Sql) -> Result<Option<Fault>, WitnessError> {
        if let Some(beyond) = self.checkpoints.back() {
            return Ok(Some(fault_at(beyond.size, FaultKind::Truncated(beyond.size))));
        }
        let beyond = |level| Fault { seq: self.frontier.leaves(), kind: FaultKind::Tile(level) };
        let mut whole = self.frontier.leaves();
        for level in LEVELS {
            whole /= TILE_WIDTH;
            if self.tiles(level) > whole {
                return Ok(Some(beyond(level)));
            }
        }
        let (first, end) = (u64::from(LEVELS.start), u64::from(LEVELS.end));
        let select = "SELECT level FROM tile WHERE level < ?1 OR level >= ?2 LIMIT 1";
        let strange = view.first(select, &[first.into(), end.into()])?;
        let level = |row: Row<'_>| row.number(0).ok().and_then(|level| u8::try_from(level).ok());
        Ok(strange.map(|row| beyond(level(row).unwrap_or(u8::MAX))))
    }
}

/// A fault of the last entry of a log of so many.
fn fault_at(size: u64, kind: FaultKind) -> Fault {
    Fault { seq: size.saturating_sub(1), kind }
}

/// A tile's hash, and the digest over its signatures.
type Stored = (Vec<u8>, Option<Vec<u8>>);

fn stored(view: &dyn Sql, level: u8, position: u64) -> Result<Option<Stored>, WitnessError> {
    let select = "SELECT hash, signatures FROM tile WHERE level = ?1 AND position = ?2";
    let Some(row) = view.first(select, &[u64::from(level).into(), position.into()])? else {
        return Ok(None);
    };
    let digest = row.maybe_bytes(1).unwrap_or_default().map(<[u8]>::to_vec);
    Ok(Some((row.bytes(0).unwrap_or_default().to_vec(), digest)))
}
