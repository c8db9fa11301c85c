//! One file that proves one entry without the log at hand: C2SP tlog-proof. It holds the place, the
//! path to the root, and the checkpoint that the log has signed over that root.

use crate::checkpoint::{decimal, hash};
use crate::{Checkpoint, CheckpointError, Hash32, Note, Verifier, leaf_hash, verify_inclusion};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// The first line.
const FORMAT: &str = "c2sp.org/tlog-proof@v1";

/// Steps of the longest path there can be.
const STEPS_MAX: usize = 63;

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    #[error("a receipt begins with the line `{FORMAT}`")]
    Format,
    #[error("a receipt's {0} is malformed")]
    Malformed(&'static str),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("entry {index} is not in the tree of {size} leaves that the checkpoint is of")]
    NotIncluded { index: u64, size: u64 },
}

/// The proof of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Anything, which nobody vouches for.
    pub extra: Option<Vec<u8>>,
    /// Which entry, from 0.
    pub index: u64,
    /// From the leaf's sibling upwards.
    pub path: Vec<Hash32>,
    /// What the log and its witnesses have signed.
    pub checkpoint: Note,
}

impl Receipt {
    /// Reads a receipt; verifies nothing.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let text = text.strip_prefix(FORMAT).and_then(|text| text.strip_prefix('\n'));
        let (head, checkpoint) =
            text.and_then(|text| text.split_once("\n\n")).ok_or(ReceiptError::Format)?;
        let mut lines = head.split('\n').peekable();
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.and_then(|line| line.strip_prefix("extra "));
        let extra = extra.map(|extra| STANDARD.decode(extra)).transpose();
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let path: Option<Vec<Hash32>> = lines.map(hash).collect();
        Ok(Self {
            extra: extra.map_err(|_| ReceiptError::Malformed("extra"))?,
            index: index.ok_or(ReceiptError::Malformed("index"))?,
            path: path
                .filter(|path| path.len() <= STEPS_MAX)
                .ok_or(ReceiptError::Malformed("path"))?,
            checkpoint: Note::parse(checkpoint).map_err(CheckpointError::Note)?,
        })
    }

    /// That this entry, byte for byte, stands in the log at the receipt's index; and the log as it
    /// was then.
    pub fn verify(&self, entry: &[u8], log: &Verifier) -> Result<Checkpoint, ReceiptError> {
        let checkpoint = Checkpoint::verified(&self.checkpoint, log)?;
        let (index, size) = (self.index, checkpoint.size);
        let leaf = leaf_hash(entry);
        match verify_inclusion(leaf, index, size, &self.path, checkpoint.root) {
            true => Ok(checkpoint),
            false => Err(ReceiptError::NotIncluded { index, size }),
        }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FORMAT}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, Name, NoteError, node_hash, sign};
    use ed25519_dalek::SigningKey;

    const ENTRIES: [&[u8]; 3] = [b"first", b"second", b"third"];

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[1; 32])
    }

    fn log(name: &str) -> Verifier {
        Verifier::new(Name::new(name).unwrap(), Algorithm::Ed25519, key().verifying_key())
    }

    /// Of the third entry.
    fn receipt() -> Receipt {
        let [a, b, c] = ENTRIES.map(leaf_hash);
        let left = node_hash(&a, &b);
        let origin = "example.com/log".to_owned();
        let checkpoint = Checkpoint { origin, size: 3, root: node_hash(&left, &c) };
        let text = checkpoint.to_string();
        let line = sign(&text, checkpoint.name().unwrap(), &key());
        Receipt { extra: None, index: 2, path: vec![left], checkpoint: Note::new(text, line) }
    }

    #[test]
    fn a_receipt_proves_its_entry_and_no_other() {
        let receipt = receipt();
        assert_eq!(Receipt::parse(&receipt.to_string()).unwrap(), receipt);
        let log = log("example.com/log");
        assert_eq!(receipt.verify(ENTRIES[2], &log).unwrap().size, 3);
        let not = Err(ReceiptError::NotIncluded { index: 2, size: 3 });
        assert_eq!(receipt.verify(ENTRIES[1], &log), not);
    }

    #[test]
    fn a_receipt_counts_for_the_log_that_signed_it_only() {
        let unsigned = receipt().verify(ENTRIES[2], &log("example.com/other")).unwrap_err();
        assert_eq!(unsigned, ReceiptError::Checkpoint(NoteError::Unsigned.into()));
        // Signed by that key and name, over another log's checkpoint.
        let mut crossed = receipt();
        let text = crossed.checkpoint.text().replace("example.com/log", "example.com/b");
        let line = sign(&text, Name::new("example.com/log").unwrap(), &key());
        crossed.checkpoint = Note::new(text, line);
        let error = crossed.verify(ENTRIES[2], &log("example.com/log")).unwrap_err();
        assert!(error.to_string().contains("is of the log `example.com/b`"), "{error}");
    }

    #[test]
    fn every_changed_byte_of_a_receipt_is_refused() {
        let (text, log) = (receipt().to_string(), log("example.com/log"));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let accepted = std::str::from_utf8(&bytes).is_ok_and(|text| {
                Receipt::parse(text).is_ok_and(|receipt| receipt.verify(ENTRIES[2], &log).is_ok())
            });
            assert!(!accepted, "byte {at}");
        }
    }

    #[test]
    fn extra_words_are_kept_and_not_vouched_for() {
        let receipt = Receipt { extra: Some(b"out of band".to_vec()), ..receipt() };
        let text = receipt.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra b3V0IG9mIGJhbmQ=\nindex 2\n"));
        assert_eq!(Receipt::parse(&text).unwrap(), receipt);
    }

    #[test]
    fn what_is_no_receipt_is_told_apart() {
        let text = receipt().to_string();
        let of = |text: &str| Receipt::parse(text).unwrap_err();
        assert_eq!(of(""), ReceiptError::Format);
        assert_eq!(of(&text.replace("@v1", "@v2")), ReceiptError::Format);
        assert_eq!(of(&text.replace("index 2", "index 02")), ReceiptError::Malformed("index"));
        assert_eq!(
            of(&text.replace("index 2", "extra ?\nindex 2")),
            ReceiptError::Malformed("extra")
        );
        let step = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
        let endless = format!("index 2\n{}", step.repeat(63));
        assert_eq!(of(&text.replace("index 2\n", &endless)), ReceiptError::Malformed("path"));
    }
}
