//! What this log signs of itself for others: checkpoints, and receipts that prove one entry.
//!
//! A log signs no checkpoint that does not continue the one it signed last: the tree's root at that
//! size is computed again, and must be the one that was signed. Nor does it sign where it is not
//! the log that was written last.

use crate::tables;
use crate::tiles::{self, Stored};
use crate::{PublicKey, Witness, WitnessError};
use if_core::{Code, Explain, UnixMillis};
use if_store::{Rows as _, Sql, Transaction};
use if_tlog::{Algorithm, Checkpoint, Name, Note, Receipt, Submission, Tree, TreeError, Verifier};

/// In front of a log's own name, which is the beginning of its key.
const ORIGIN: &str = "infrafabric/log/";

/// Digits of the key in a name. The key itself is what is trusted.
const ORIGIN_DIGITS: usize = 16;

/// A checkpoint that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub checkpoint: Checkpoint,
    /// As others get it.
    pub note: Note,
}

/// Why a log is not the one that has signed a checkpoint, although its key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    #[error("the log was rolled back: it has {found} entries, and once had {known}")]
    RolledBack { known: u64, found: u64 },
    #[error("the log was forked: its first {size} entries are not the {size} that it once signed")]
    Forked { size: u64 },
}

impl Explain for Divergence {
    fn code(&self) -> Code {
        match self {
            Divergence::RolledBack { .. } => Code::LogRolledBack,
            Divergence::Forked { .. } => Code::LogForked,
        }
    }
}

/// The name under which the log of this key signs.
pub(crate) fn origin(key: &PublicKey) -> String {
    let digits: String = key.to_string().chars().take(ORIGIN_DIGITS).collect();
    format!("{ORIGIN}{digits}")
}

/// What others verify this log's checkpoints with.
pub(crate) fn verifier(key: &PublicKey) -> Result<Verifier, WitnessError> {
    Ok(Verifier::new(Name::new(origin(key))?, Algorithm::Ed25519, key.dalek()))
}

impl Witness {
    /// The key that others verify this log's checkpoints with.
    ///
    /// # Errors
    /// None in practice: the log's name is a legal one.
    pub fn verifier(&self) -> Result<Verifier, WitnessError> {
        verifier(&self.public_key())
    }

    /// A checkpoint of the whole log: the last one when nothing was written since, else a new one,
    /// which is on the disk before anybody sees it.
    ///
    /// # Errors
    /// The database fails, or the log does not continue what was signed before.
    pub fn checkpoint(&self) -> Result<Signed, WitnessError> {
        let now = self.shared.now();
        self.shared.store.transaction(|transaction| self.signed(transaction, now))
    }

    /// A receipt for this entry, under a checkpoint of the whole log; and the entry's exact bytes.
    ///
    /// # Errors
    /// There is no such entry, or as [`Witness::checkpoint`].
    pub fn prove(&self, seq: u64) -> Result<(Receipt, Vec<u8>), WitnessError> {
        let now = self.shared.now();
        self.shared.store.transaction(|transaction| {
            let leaf = tables::leaf(transaction, seq)?.ok_or(WitnessError::NoEntry { seq })?;
            let signed = self.signed(transaction, now)?;
            let tree = Tree::new(Stored(transaction), signed.checkpoint.size);
            let path = tree.inclusion(seq).map_err(from_tree)?;
            let receipt = Receipt { extra: None, index: seq, path, checkpoint: signed.note };
            Ok((receipt, leaf))
        })
    }

    /// Refuses a checkpoint of this log, kept elsewhere, with which the log does not begin.
    ///
    /// # Errors
    /// [`WitnessError::Inconsistent`], or the database fails.
    pub fn continues(&self, kept: &Checkpoint) -> Result<(), WitnessError> {
        self.shared.store.transaction(|transaction| {
            let size = tables::length(transaction)?.map_or(0, |head| head.leaves);
            tiles::fill(transaction, size)?;
            continues(transaction, size, kept)
        })
    }

    /// The first of these checkpoints of this log, kept elsewhere, with which the log does not
    /// begin; in which way; and where it stands among them.
    ///
    /// # Errors
    /// The database fails.
    pub fn diverges(
        &self,
        kept: &[Checkpoint],
    ) -> Result<Option<(usize, Divergence)>, WitnessError> {
        self.shared.store.transaction(|transaction| {
            let found = tables::length(transaction)?.map_or(0, |head| head.leaves);
            tiles::fill(transaction, found)?;
            for (at, kept) in kept.iter().enumerate() {
                let divergence = match continues(transaction, found, kept) {
                    Ok(()) => continue,
                    Err(WitnessError::Inconsistent { signed: known, .. }) if known > found => {
                        Divergence::RolledBack { known, found }
                    }
                    Err(WitnessError::Inconsistent { signed: size, .. }) => {
                        Divergence::Forked { size }
                    }
                    Err(error) => return Err(error),
                };
                return Ok(Some((at, divergence)));
            }
            Ok(None)
        })
    }

    /// What a witness is given that has vouched for the first `old` entries: a checkpoint of the
    /// whole log, and the proof that it begins with them.
    ///
    /// # Errors
    /// The log has fewer entries, or as [`Witness::checkpoint`].
    pub fn submission(&self, old: u64) -> Result<Submission, WitnessError> {
        let now = self.shared.now();
        self.shared.store.transaction(|transaction| {
            let signed = self.signed(transaction, now)?;
            let tree = Tree::new(Stored(transaction), signed.checkpoint.size);
            let proof = tree.consistency(old).map_err(from_tree)?;
            Ok(Submission { old, proof, checkpoint: signed.note })
        })
    }

    /// A receipt for this entry under that checkpoint of this log, such as one that a witness has
    /// cosigned; and the entry's exact bytes.
    ///
    /// # Errors
    /// The checkpoint is not of this log or is of fewer entries, there is no such entry, or the
    /// database fails.
    pub fn prove_under(&self, seq: u64, note: Note) -> Result<(Receipt, Vec<u8>), WitnessError> {
        let kept = Checkpoint::verified(&note, &self.verifier()?)?;
        self.shared.store.transaction(|transaction| {
            let size = tables::length(transaction)?.map_or(0, |head| head.leaves);
            tiles::fill(transaction, size)?;
            continues(transaction, size, &kept)?;
            let leaf = tables::leaf(transaction, seq)?.ok_or(WitnessError::NoEntry { seq })?;
            let tree = Tree::new(Stored(transaction), kept.size);
            let path = tree.inclusion(seq).map_err(from_tree)?;
            Ok((Receipt { extra: None, index: seq, path, checkpoint: note }, leaf))
        })
    }

    fn signed(
        &self,
        transaction: &Transaction<'_>,
        now: UnixMillis,
    ) -> Result<Signed, WitnessError> {
        self.shared.check_anchor(transaction)?;
        let size = match tables::head(transaction)? {
            None => 0,
            Some(head) => head.seq.saturating_add(1),
        };
        tiles::fill(transaction, size)?;
        let last = last(transaction)?;
        if let Some(last) = &last {
            continues(transaction, size, &last.checkpoint)?;
        }
        if let Some(last) = last.filter(|last| last.checkpoint.size == size) {
            return Ok(last);
        }
        let root = Tree::new(Stored(transaction), size).root().map_err(from_tree)?;
        let checkpoint = Checkpoint { origin: origin(&self.public_key()), size, root };
        let text = checkpoint.to_string();
        let line = self.shared.key.sign_note(&text, checkpoint.name()?);
        let note = Note::new(text, line);
        transaction.execute(
            "INSERT INTO checkpoint (size, at, note) VALUES (?1, ?2, ?3)",
            &[size.into(), now.0.into(), (&note.to_string()).into()],
        )?;
        Ok(Signed { checkpoint, note })
    }
}

/// The checkpoint that was signed last.
pub(crate) fn last(view: &dyn Sql) -> Result<Option<Signed>, WitnessError> {
    let row = view.first("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1", &[])?;
    let Some(row) = row else { return Ok(None) };
    let note = Note::parse(row.text(0)?)?;
    Ok(Some(Signed { checkpoint: Checkpoint::parse(note.text())?, note }))
}

/// Refuses to sign beyond a checkpoint that this log does not begin with.
fn continues(view: &dyn Sql, size: u64, last: &Checkpoint) -> Result<(), WitnessError> {
    let forked = WitnessError::Inconsistent { signed: last.size, leaves: size };
    if last.size > size {
        return Err(forked);
    }
    let root = Tree::new(Stored(view), last.size).root().map_err(from_tree)?;
    if root == last.root { Ok(()) } else { Err(forked) }
}

/// A tree over the database fails as the database does, or because a row is not there.
pub(crate) fn from_tree(error: TreeError<WitnessError>) -> WitnessError {
    match error {
        TreeError::Tile(_, error) => error,
        TreeError::Narrow { at, .. } => WitnessError::Unreadable { seq: at.index },
        TreeError::Beyond { index, .. } => WitnessError::NoEntry { seq: index },
    }
}
