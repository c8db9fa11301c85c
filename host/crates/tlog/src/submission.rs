//! What a log hands to a witness, and whether the witness may vouch for it: the body of an
//! `add-checkpoint` request and the checks of C2SP tlog-witness, without the network around them.

use crate::checkpoint::{decimal, hash};
use crate::{Checkpoint, CheckpointError, Hash32, Note, Verifier, verify_consistency};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// Steps of the longest proof there can be.
const STEPS_MAX: usize = 63;

/// Why text is no submission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmissionError {
    #[error("a submission begins with the line `old` and a number of entries")]
    Old,
    #[error("a step of its proof is malformed, or there are over {STEPS_MAX}")]
    Proof,
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Why a witness does not vouch for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(transparent)]
    Unsigned(CheckpointError),
    #[error("the log was rolled back: it has {size} entries, and {last} were cosigned")]
    RolledBack { last: u64, size: u64 },
    #[error("the proof begins with {old} entries, and {last} were cosigned last")]
    Stale { last: u64, old: u64 },
    #[error("the log was forked: its {size} entries are not the {size} that were cosigned")]
    Forked { size: u64 },
    #[error("the proof does not show that the log of {size} entries begins with those {old}")]
    Unproven { old: u64, size: u64 },
}

/// A checkpoint, and the proof that it continues an older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Entries of the older one; 0 where there is none.
    pub old: u64,
    pub proof: Vec<Hash32>,
    pub checkpoint: Note,
}

impl Submission {
    /// Reads one; verifies nothing.
    pub fn parse(text: &str) -> Result<Self, SubmissionError> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(SubmissionError::Old)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let proof: Option<Vec<Hash32>> = lines.map(hash).collect();
        Ok(Self {
            old: old.ok_or(SubmissionError::Old)?,
            proof: proof.filter(|proof| proof.len() <= STEPS_MAX).ok_or(SubmissionError::Proof)?,
            checkpoint: Note::parse(checkpoint).map_err(CheckpointError::Note)?,
        })
    }

    /// The checkpoint, if this log has signed it and it continues `last`, which the same witness
    /// vouched for before.
    pub fn verify(&self, log: &Verifier, last: Option<&Checkpoint>) -> Result<Checkpoint, Refused> {
        let new = Checkpoint::verified(&self.checkpoint, log).map_err(Refused::Unsigned)?;
        let (old, size) = (self.old, new.size);
        let (known, root) = last.map_or((0, Hash32::of_nothing()), |last| (last.size, last.root));
        if size < known {
            return Err(Refused::RolledBack { last: known, size });
        }
        if old != known {
            return Err(Refused::Stale { last: known, old });
        }
        if size == known && new.root != root {
            return Err(Refused::Forked { size });
        }
        match verify_consistency((old, root), (size, new.root), &self.proof) {
            true => Ok(new),
            false => Err(Refused::Unproven { old, size }),
        }
    }
}

impl fmt::Display for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for step in &self.proof {
            writeln!(f, "{}", STANDARD.encode(step.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, Name, leaf_hash, node_hash, sign};
    use ed25519_dalek::SigningKey;

    const NAME: &str = "example.com/log";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn log() -> Verifier {
        Verifier::new(Name::new(NAME).unwrap(), Algorithm::Ed25519, key(1).verifying_key())
    }

    fn leaf(byte: u8) -> Hash32 {
        leaf_hash(&[byte])
    }

    fn checkpoint(size: u64, root: Hash32) -> Checkpoint {
        Checkpoint { origin: NAME.to_owned(), size, root }
    }

    fn note(checkpoint: &Checkpoint, key: &SigningKey) -> Note {
        let text = checkpoint.to_string();
        let line = sign(&text, checkpoint.name().unwrap(), key);
        Note::new(text, line)
    }

    /// Two leaves, and the same with a third.
    fn two() -> Checkpoint {
        checkpoint(2, node_hash(&leaf(0), &leaf(1)))
    }

    fn three() -> Checkpoint {
        checkpoint(3, node_hash(&two().root, &leaf(2)))
    }

    fn submission(old: u64, proof: &[Hash32], new: &Checkpoint) -> Submission {
        Submission { old, proof: proof.to_vec(), checkpoint: note(new, &key(1)) }
    }

    #[test]
    fn a_log_that_has_only_grown_is_vouched_for() {
        let first = submission(0, &[], &two());
        assert_eq!(first.verify(&log(), None).unwrap(), two());
        let grown = submission(2, &[leaf(2)], &three());
        assert_eq!(grown.verify(&log(), Some(&two())).unwrap(), three());
        let same = submission(3, &[], &three());
        assert_eq!(same.verify(&log(), Some(&three())).unwrap(), three());
        assert_eq!(Submission::parse(&grown.to_string()).unwrap(), grown);
    }

    #[test]
    fn each_lie_is_refused_and_named() {
        let (two, three) = (two(), three());
        let refused = |submission: Submission, last: Option<&Checkpoint>| {
            submission.verify(&log(), last).unwrap_err()
        };
        let back = submission(2, &[], &two);
        assert_eq!(refused(back, Some(&three)), Refused::RolledBack { last: 3, size: 2 });
        let stale = submission(0, &[], &three);
        assert_eq!(refused(stale, Some(&two)), Refused::Stale { last: 2, old: 0 });
        let ahead = submission(2, &[leaf(2)], &three);
        assert_eq!(refused(ahead, None), Refused::Stale { last: 0, old: 2 });
        let other = checkpoint(3, leaf(9));
        let forked = submission(3, &[], &other);
        assert_eq!(refused(forked, Some(&three)), Refused::Forked { size: 3 });
        for proof in [&[][..], &[leaf(9)], &[leaf(2), leaf(2)]] {
            let unproven = submission(2, proof, &three);
            assert_eq!(refused(unproven, Some(&two)), Refused::Unproven { old: 2, size: 3 });
        }
        let surplus = submission(0, &[leaf(0)], &two);
        assert_eq!(refused(surplus, None), Refused::Unproven { old: 0, size: 2 });
        // A log without entries has one root.
        let empty = submission(0, &[], &checkpoint(0, leaf(9)));
        assert_eq!(refused(empty, None), Refused::Forked { size: 0 });
        let foreign = Submission { checkpoint: note(&two, &key(2)), ..submission(0, &[], &two) };
        assert!(matches!(refused(foreign, None), Refused::Unsigned(_)));
    }

    #[test]
    fn what_is_no_submission_is_told_apart() {
        let text = submission(2, &[leaf(2)], &three()).to_string();
        let of = |text: &str| Submission::parse(text).unwrap_err();
        assert_eq!(of(""), SubmissionError::Old);
        assert_eq!(of(&text.replace("old 2", "old 02")), SubmissionError::Old);
        assert_eq!(of(&text.replace("old 2", "new 2")), SubmissionError::Old);
        assert_eq!(of(&text.replace("old 2\n", "old 2\n?\n")), SubmissionError::Proof);
        let step = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
        let endless = format!("old 2\n{}", step.repeat(63));
        assert_eq!(of(&text.replace("old 2\n", &endless)), SubmissionError::Proof);
        assert!(matches!(of("old 0\n\nnothing\n"), SubmissionError::Checkpoint(_)));
    }
}
