//! What a log signs: its name, how many leaves it has, and their root (C2SP tlog-checkpoint).

use crate::Hash32;
use crate::note::{Name, Note, NoteError, Verifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// Why a note is no checkpoint that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("a checkpoint's {0} is malformed")]
    Malformed(&'static str),
    #[error("the checkpoint is of the log `{found}`, not `{expected}`")]
    AnotherLog { expected: String, found: String },
}

/// A log at one moment. Says nothing of who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Its leaves.
    pub size: u64,
    /// The root over all of them.
    pub root: Hash32,
}

impl Checkpoint {
    /// Reads a note's text. Further lines are refused: no monitor can check what they say.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').unwrap_or_default().split('\n');
        let mut line = |what| lines.next().ok_or(CheckpointError::Malformed(what));
        let origin = line("origin")?;
        if origin.is_empty() {
            return Err(CheckpointError::Malformed("origin"));
        }
        let size = decimal(line("size")?).ok_or(CheckpointError::Malformed("size"))?;
        let root = hash(line("root")?).ok_or(CheckpointError::Malformed("root"))?;
        match lines.next() {
            Some(_) => Err(CheckpointError::Malformed("end")),
            None => Ok(Self { origin: origin.to_owned(), size, root }),
        }
    }

    /// The checkpoint of a note that this log has signed, under its own name.
    pub fn verified(note: &Note, log: &Verifier) -> Result<Self, CheckpointError> {
        note.verified_by(log)?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != log.name().as_str() {
            let (expected, found) = (log.name().to_string(), checkpoint.origin);
            return Err(CheckpointError::AnotherLog { expected, found });
        }
        Ok(checkpoint)
    }

    /// The log's name as a key's.
    pub fn name(&self) -> Result<Name, NoteError> {
        Name::new(self.origin.clone())
    }
}

/// The text to be signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root.as_bytes());
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}

/// A number without a sign or zeros in front.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A hash in base64.
pub(crate) fn hash(text: &str) -> Option<Hash32> {
    STANDARD.decode(text).ok().and_then(|bytes| Hash32::from_slice(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_specification_is_read_and_written() {
        let checkpoint = Checkpoint::parse(TEXT).unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            ("example.com/behind-the-sofa", 20_852_163)
        );
        assert_eq!(checkpoint.to_string(), TEXT);
    }

    #[test]
    fn what_is_written_otherwise_is_refused() {
        let malformed = |text: &str| match Checkpoint::parse(text) {
            Err(CheckpointError::Malformed(what)) => what,
            other => panic!("{text:?}: {other:?}"),
        };
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        assert_eq!(malformed(""), "origin");
        assert_eq!(malformed(&format!("\n1\n{root}\n")), "origin");
        for size in ["01", "+1", "-1", " 1", "1 ", "", "18446744073709551616", "1e3"] {
            assert_eq!(malformed(&format!("log\n{size}\n{root}\n")), "size");
        }
        for root in ["", "CsU=", &root[1..], &format!("{root}="), &root.replace('=', "")] {
            assert_eq!(malformed(&format!("log\n1\n{root}\n")), "root");
        }
        assert_eq!(malformed(&format!("log\n1\n{root}\nmore\n")), "end");
        assert_eq!(malformed(&format!("log\n1\n{root}\n\n")), "end");
        // Without its last line end there is no line.
        assert_eq!(malformed(&format!("log\n1\n{root}")), "origin");
    }
}
