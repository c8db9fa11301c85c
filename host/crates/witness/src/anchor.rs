//! The head of the log, kept beside the database: whoever puts an older database back, or another
//! one, is noticed at the next write.
//!
//! A small file of two slots. After each commit the new head is written into the older slot, so
//! that a torn write leaves the other one; before a command's result is shown, it is made durable.
//! The database may be ahead of its anchor, when the power went between the two. It may never be
//! behind, and where the anchor stands it must have the entry that the anchor names.
//!
//! Whoever may write the database may write this file as well: it shows accidents, copies and half
//! a manipulation. A whole disk that was put back is noticed only by an anchor on another machine.

use crate::verify::Head;
use crate::{Hash32, PublicKey, WitnessError};
use fs_err::os::unix::fs::OpenOptionsExt;
use fs_err::{File, OpenOptions};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// First bytes of a slot; the last is the format's version.
const MAGIC: &[u8; 8] = b"IF-HEAD\x01";

/// Magic, key, length of the log, hash of its head, and the beginning of a SHA-256 over those: a
/// torn slot is none.
const SLOT_BYTES: usize = 8 + 32 + 8 + 32 + CHECK_BYTES;
const CHECK_BYTES: usize = 16;

/// Slots lie in sectors of their own: writing one cannot tear the other.
const SLOT_STRIDE: u64 = 4096;
const SLOTS: [u64; 2] = [0, 1];

/// Why a log is not the one that the anchor knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum AnchorFault {
    #[error("its anchor {path} is missing, and this log had one")]
    Missing { path: PathBuf },
    #[error("its anchor {path} is unreadable")]
    Unreadable { path: PathBuf },
    #[error("the log was rolled back: it has {found} entries and had {known}")]
    RolledBack { known: u64, found: u64 },
    #[error("the log is another one: its entry {at} is not the one that was written")]
    Forked { at: u64 },
    #[error("the log belongs to key {known}, not to {found}")]
    AnotherKey { known: String, found: String },
}

/// What a slot says: whose log, and its head. A log without entries has none.
type Slot = (PublicKey, Option<Head>);

/// The open file.
#[derive(Debug)]
pub(crate) struct Anchor {
    file: File,
    path: PathBuf,
    key: PublicKey,
}

impl Anchor {
    /// Opens the anchor of the log of this key.
    pub(crate) fn open(path: &Path, key: PublicKey) -> Result<Self, WitnessError> {
        let missing = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => AnchorFault::Missing { path: path.to_owned() }.into(),
            _ => WitnessError::File(error),
        };
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(missing)?;
        Ok(Self { file, path: path.to_owned(), key })
    }

    /// Makes an anchor that takes this head as it is, durable before it returns, in place of one
    /// that may be there.
    pub(crate) fn adopt(
        path: &Path,
        key: PublicKey,
        head: Option<Head>,
    ) -> Result<Self, WitnessError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(path).map_err(WitnessError::File)?;
        let anchor = Self { file, path: path.to_owned(), key };
        for slot in SLOTS {
            anchor.write(slot, head)?;
        }
        anchor.file.sync_all().map_err(WitnessError::File)?;
        if let Some(folder) = path.parent() {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(WitnessError::File)?;
        }
        Ok(anchor)
    }

    /// Whether a log of this length may be continued, which has these hashes of entries.
    pub(crate) fn check(
        &self,
        leaves: u64,
        hash_of: impl Fn(u64) -> Result<Option<Hash32>, WitnessError>,
    ) -> Result<(), WitnessError> {
        let (_, (key, known)) = self.newest()?;
        if key != self.key {
            let (known, found) = (key.to_string(), self.key.to_string());
            return Err(AnchorFault::AnotherKey { known, found }.into());
        }
        let Some(known) = known else { return Ok(()) };
        if known.leaves > leaves {
            let known = known.leaves;
            return Err(AnchorFault::RolledBack { known, found: leaves }.into());
        }
        let at = known.leaves.saturating_sub(1);
        match hash_of(at)? {
            Some(hash) if hash == known.hash => Ok(()),
            _ => Err(AnchorFault::Forked { at }.into()),
        }
    }

    /// Keeps the head of a log that has been committed, unless another process keeps a longer one.
    pub(crate) fn advance(&self, head: Head) -> Result<(), WitnessError> {
        // Processes that committed one after another come here in any order.
        self.file.file().lock().map_err(WitnessError::File)?;
        let advanced = self.newest().and_then(|(slot, (_, known))| {
            let longer = known.is_none_or(|known| known.leaves < head.leaves);
            let [first, second] = SLOTS;
            let other = if slot == first { second } else { first };
            if longer { self.write(other, Some(head)) } else { Ok(()) }
        });
        self.file.file().unlock().map_err(WitnessError::File)?;
        advanced
    }

    /// Makes what was kept durable.
    pub(crate) fn flush(&self) -> Result<(), WitnessError> {
        self.file.sync_data().map_err(WitnessError::File)
    }

    /// The slot with the longer log, and what it says.
    fn newest(&self) -> Result<(u64, Slot), WitnessError> {
        let mut newest: Option<(u64, Slot)> = None;
        for slot in SLOTS {
            let Some(read) = self.read(slot)? else { continue };
            let leaves = |slot: &Slot| slot.1.map_or(0, |head| head.leaves);
            if newest.as_ref().is_none_or(|(_, newest)| leaves(newest) < leaves(&read)) {
                newest = Some((slot, read));
            }
        }
        newest.ok_or_else(|| AnchorFault::Unreadable { path: self.path.clone() }.into())
    }

    /// A slot; `None` when it is torn.
    fn read(&self, slot: u64) -> Result<Option<Slot>, WitnessError> {
        let mut bytes = [0; SLOT_BYTES];
        match self.file.file().read_exact_at(&mut bytes, slot * SLOT_STRIDE) {
            Ok(()) => Ok(decode(&bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(WitnessError::File(error)),
        }
    }

    fn write(&self, slot: u64, head: Option<Head>) -> Result<(), WitnessError> {
        let bytes = encode(&self.key, head);
        self.file.file().write_all_at(&bytes, slot * SLOT_STRIDE).map_err(WitnessError::File)
    }
}

/// A slot as it lies in the file; a log without entries has length 0 and no hash.
fn encode(key: &PublicKey, head: Option<Head>) -> Vec<u8> {
    let (leaves, hash) = head.map_or((0, Hash32::ZERO), |head| (head.leaves, head.hash));
    let mut bytes = MAGIC.to_vec();
    bytes.extend(key.as_bytes());
    bytes.extend(leaves.to_be_bytes());
    bytes.extend(hash.as_bytes());
    let check = Sha256::digest(&bytes);
    bytes.extend(check.iter().take(CHECK_BYTES));
    bytes
}

fn decode(bytes: &[u8; SLOT_BYTES]) -> Option<Slot> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (key, rest) = rest.split_first_chunk::<32>()?;
    let (leaves, rest) = rest.split_first_chunk::<8>()?;
    let (hash, _) = rest.split_first_chunk::<32>()?;
    let key = PublicKey::from_bytes(key)?;
    let leaves = u64::from_be_bytes(*leaves);
    let head = (leaves > 0).then_some(Head { leaves, hash: Hash32::from(*hash) });
    (encode(&key, head) == bytes).then_some((key, head))
}

#[cfg(test)]
mod tests;
