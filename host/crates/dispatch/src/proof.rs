//! What the log proves to others: checkpoints and receipts, out and in.

use crate::cosign;
use crate::host::Host;
use crate::job::explain;
use if_core::{Code, Explain, OperationId, Problem};
use if_tlog::{Checkpoint, Note, Receipt, Verifier};
use if_witness::WitnessError;
use std::io::Read;
use std::path::Path;

/// Longest receipt: an entry, its path, and a checkpoint with its signatures, in base64.
const RECEIPT_BYTES_MAX: u64 = 256 << 10;

/// How long the log is and the root over it, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    pub origin: String,
    pub size: u64,
    pub root: String,
    /// As others get it.
    pub note: String,
    /// What they verify it with, and a line end.
    pub key: String,
}

/// Which of an operation's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Intent,
    /// A refusal has only one.
    Outcome,
}

/// A receipt for one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub seq: u64,
    /// Entries under the checkpoint.
    pub size: u64,
    pub receipt: String,
}

/// What a receipt proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    pub seq: u64,
    pub origin: String,
    pub size: u64,
    /// The entry, as it stands in the log.
    pub entry: String,
}

/// An operation whose entries verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Where they stand.
    pub entries: Vec<u64>,
    pub bodies: u64,
    pub erased: u64,
}

impl Host {
    /// A signed checkpoint of the whole log.
    pub fn checkpoint(&self) -> Result<SignedCheckpoint, Problem> {
        let signed = self.witness.checkpoint().map_err(explain)?;
        let key = self.witness.verifier().map_err(explain)?;
        Ok(SignedCheckpoint {
            origin: signed.checkpoint.origin,
            size: signed.checkpoint.size,
            root: signed.checkpoint.root.to_string(),
            note: signed.note.to_string(),
            key: format!("{key}\n"),
        })
    }

    /// A receipt for an operation, which holds the entry itself: under a new checkpoint, or under
    /// the one in this file, which others may have cosigned.
    pub fn prove(
        &self,
        operation: &OperationId,
        which: Which,
        under: Option<&Path>,
    ) -> Result<Proof, Problem> {
        let entry = self.entry(operation)?;
        let recorded = match which {
            Which::Intent => &entry.opened,
            Which::Outcome if entry.is_open() => {
                return Err(Problem::new(Code::Usage, format!("{operation} has not ended"))
                    .hint(format!("ifctl witness prove {operation} --intent")));
            }
            Which::Outcome => entry.closed.as_ref().unwrap_or(&entry.opened),
        };
        let seq = recorded.leaf.seq;
        let (receipt, leaf) = match under {
            None => self.witness.prove(seq).map_err(explain)?,
            Some(file) => {
                let note = Note::parse(&read(file)?).map_err(broken)?;
                self.witness.prove_under(seq, note).map_err(|error| match error {
                    WitnessError::NoEntry { .. } => not_covered(operation, file),
                    error => explain(error),
                })?
            }
        };
        let receipt = Receipt { extra: Some(leaf), ..receipt };
        let size = Checkpoint::parse(receipt.checkpoint.text()).map(|signed| signed.size);
        Ok(Proof { seq: receipt.index, size: size.map_err(broken)?, receipt: receipt.to_string() })
    }

    /// Verifies a receipt of this log, or of the log of `key`, which each of these witnesses has
    /// cosigned. The database is not asked.
    pub fn verify_receipt(
        &self,
        file: &Path,
        key: Option<&str>,
        witnesses: &[String],
    ) -> Result<Proved, Problem> {
        let log = match key {
            None => self.witness.verifier().map_err(explain)?,
            Some(key) => key.trim().parse::<Verifier>().map_err(|error| {
                Problem::new(Code::Usage, error.to_string()).hint("ifctl witness checkpoint --key")
            })?,
        };
        let receipt = Receipt::parse(&read(file)?).map_err(broken)?;
        let Some(entry) = &receipt.extra else {
            return Err(Problem::new(Code::WitnessBroken, "the receipt does not hold its entry"));
        };
        let signed = receipt.verify(entry, &log).map_err(broken)?;
        cosign::vouched(&receipt.checkpoint, witnesses)?;
        let entry = String::from_utf8_lossy(entry).into_owned();
        Ok(Proved { seq: receipt.index, origin: signed.origin, size: signed.size, entry })
    }

    /// Verifies the whole log, and that it begins with what a checkpoint in a file names, which was
    /// kept elsewhere. How many entries that are comes along.
    pub fn verify_since(&self, file: &Path) -> Result<(crate::Verified, u64), Problem> {
        let log = self.witness.verifier().map_err(explain)?;
        let note = Note::parse(&read(file)?).map_err(broken)?;
        let kept = Checkpoint::verified(&note, &log).map_err(broken)?;
        let verified = self.verify_log()?;
        self.witness.continues(&kept).map_err(explain)?;
        Ok((verified, kept.size))
    }

    /// Verifies the entries of one operation: each by itself, and its place in the signed tree.
    /// How many of its stored parts fit, and how many were erased.
    pub fn verify_operation(&self, operation: &OperationId) -> Result<Checked, Problem> {
        let entry = self.entry(operation)?;
        let log = self.witness.verifier().map_err(explain)?;
        let mut checked = Checked::default();
        for recorded in [Some(&entry.opened), entry.closed.as_ref()].into_iter().flatten() {
            let seq = recorded.leaf.seq;
            let report = self.witness.verify_entry(seq).map_err(explain)?;
            if let Some(fault) = report.first_problem {
                return Err(fault.problem());
            }
            let (receipt, leaf) = self.witness.prove(seq).map_err(explain)?;
            receipt.verify(&leaf, &log).map_err(broken)?;
            checked.entries.push(seq);
            checked.bodies = checked.bodies.saturating_add(report.bodies);
            checked.erased = checked.erased.saturating_add(report.erased);
        }
        Ok(checked)
    }

    /// Takes the log as it is for the one to be continued.
    pub fn reset_anchor(&self) -> Result<crate::Written, Problem> {
        let at = self.witness.reset_anchor().map_err(explain)?;
        Ok(crate::Written { seq: at.seq, hash: at.hash.to_string() })
    }
}

fn broken(error: impl std::fmt::Display) -> Problem {
    Problem::new(Code::WitnessBroken, error.to_string())
}

/// A checkpoint that was kept before the operation ended.
fn not_covered(operation: &OperationId, file: &Path) -> Problem {
    let what = format!("{} is of a time before {operation}", file.display());
    Problem::new(Code::Usage, what).hint(format!("ifctl witness prove {operation}"))
}

/// A file in one of the formats of logs.
pub(crate) fn read(file: &Path) -> Result<String, Problem> {
    let failed = |error: std::io::Error| Problem::new(Code::Usage, error.to_string());
    let mut text = String::new();
    let opened = fs_err::File::open(file).map_err(failed)?;
    let read = opened.take(RECEIPT_BYTES_MAX + 1).read_to_string(&mut text);
    match read.map_err(failed)? as u64 > RECEIPT_BYTES_MAX {
        true => Err(broken(format!("{} is longer than a receipt or a checkpoint", file.display()))),
        false => Ok(text),
    }
}
