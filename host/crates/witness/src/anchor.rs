//! The head of the log, kept beside the database: whoever puts an older database back, or another
//! one, is noticed at the next write.
//!
//! A small file of four slots, of which the longest log counts. After each commit the new head is
//! written: into a slot that nobody relies on, or, before a command's result is shown, into the
//! oldest of the other three and flushed, while others wait. So a power cut finds one slot torn, or
//! two where a flush failed or its process was killed before it, and another that was flushed.
//!
//! The database may be ahead of its anchor, when the power went between the two. It may never be
//! behind, and where the anchor stands it must have the entry that the anchor names.
//!
//! Whoever may write the database may write this file as well: it shows accidents, copies and half
//! a manipulation. A whole disk that was put back is noticed only by an anchor on another machine.

use crate::verify::Head;
use crate::{Hash32, PublicKey, WitnessError};
use if_disk::{Disk, File, Local, Open, replace};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// First bytes of a slot; the last is the format's version.
const MAGIC: &[u8; 8] = b"IF-HEAD\x01";

/// Magic, key, length of the log, hash of its head, and the beginning of a SHA-256 over those: a
/// torn slot is none.
const SLOT_BYTES: usize = 8 + 32 + 8 + 32 + CHECK_BYTES;
const CHECK_BYTES: usize = 16;

/// Slots lie in sectors of their own: writing one cannot tear the other.
const SLOT_STRIDE: u64 = 4096;

/// Slots that are flushed before anybody writes the next.
const FLUSHED: [u64; 3] = [0, 1, 2];

/// The slot that is not.
const PASSING: u64 = 3;

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

/// What a slot says: the bytes of whose key, and the log's head. A log without entries has none.
type Slot = ([u8; 32], Option<Head>);

/// The open file.
#[derive(Debug)]
pub(crate) struct Anchor {
    file: Box<dyn File>,
    path: PathBuf,
    key: PublicKey,
    /// A flush failed. What it was to make durable may be gone, and a second one would not say so:
    /// only a head that is written by whoever opens the file anew is believed again.
    unflushed: AtomicBool,
    /// The longest log that a thread of this process has committed.
    longest: Mutex<Option<Head>>,
    /// How long the log was of which this process has written the head, and flushed it. Whoever
    /// holds it is alone in the file: a file's lock keeps out other processes, not other threads.
    written: Mutex<Written>,
}

/// Lengths of a log.
#[derive(Debug, Default)]
struct Written {
    passed: u64,
    flushed: u64,
}

impl Anchor {
    /// Opens the anchor of the log of this key.
    pub(crate) fn open(path: &Path, key: PublicKey) -> Result<Self, WitnessError> {
        Self::open_on(&Local, path, key)
    }

    fn open_on(disk: &dyn Disk, path: &Path, key: PublicKey) -> Result<Self, WitnessError> {
        let missing = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => AnchorFault::Missing { path: path.to_owned() }.into(),
            _ => WitnessError::File(error),
        };
        let file = disk.open(path, Open::Existing).map_err(missing)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            key,
            unflushed: AtomicBool::new(false),
            longest: Mutex::default(),
            written: Mutex::default(),
        })
    }

    /// Makes an anchor that takes this head as it is, durable before it returns, in place of one
    /// that may be there: after a crash there is the old one or the new one, never half of it.
    pub(crate) fn adopt(
        path: &Path,
        key: PublicKey,
        head: Option<Head>,
    ) -> Result<Self, WitnessError> {
        Self::adopt_on(&Local, path, key, head)
    }

    fn adopt_on(
        disk: &dyn Disk,
        path: &Path,
        key: PublicKey,
        head: Option<Head>,
    ) -> Result<Self, WitnessError> {
        let slot = encode(key.as_bytes(), head);
        if let Err(error) = replace(disk, path, &slot, 0o600) {
            let is_new = |it: Self| it.newest().is_ok_and(|found| found == (*key.as_bytes(), head));
            if Self::open_on(disk, path, key).is_ok_and(is_new) {
                // Its name was not flushed: nobody is to rely on what is written into it.
                let _ = disk.remove(path);
            }
            return Err(WitnessError::File(error));
        }
        Self::open_on(disk, path, key)
    }

    /// Whether a log of this length may be continued, which has these hashes of entries.
    pub(crate) fn check(
        &self,
        leaves: u64,
        hash_of: impl Fn(u64) -> Result<Option<Hash32>, WitnessError>,
    ) -> Result<(), WitnessError> {
        let (key, known) = self.newest()?;
        if key != *self.key.as_bytes() {
            let (known, found) = (hex::encode(key), self.key.to_string());
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

    /// Keeps the head of a log that has been committed, unless a longer one is kept. The power may
    /// take it.
    pub(crate) fn pass(&self, head: Head) -> Result<(), WitnessError> {
        let (mut written, longest) = self.turn(head);
        if head.leaves <= written.passed {
            return Ok(());
        }
        // Processes that committed one after another come here in any order.
        self.locked(|| {
            let (_, known) = self.newest()?;
            let longer = known.is_none_or(|known| known.leaves < longest.leaves);
            if longer { self.write(PASSING, Some(longest)) } else { Ok(()) }
        })?;
        written.passed = longest.leaves;
        Ok(())
    }

    /// Keeps the head of a log that has been committed, durably. Once that has failed, it fails for
    /// good.
    pub(crate) fn keep(&self, head: Head) -> Result<(), WitnessError> {
        let (mut written, longest) = self.turn(head);
        if self.unflushed.load(Ordering::SeqCst) {
            let path = self.path.display();
            let lost = std::io::Error::other(format!("an earlier flush of `{path}` failed"));
            return Err(WitnessError::File(lost));
        }
        if head.leaves <= written.flushed {
            return Ok(());
        }
        self.locked(|| {
            // Beside a longer one too: whether that was flushed, only its process knows.
            self.write(self.oldest()?, Some(longest))?;
            self.file.sync_data().map_err(|error| {
                self.unflushed.store(true, Ordering::SeqCst);
                WitnessError::File(error)
            })
        })?;
        *written = Written { passed: longest.leaves, flushed: longest.leaves };
        Ok(())
    }

    /// Waits until no other thread writes; and the longest log that was committed by then, which
    /// one write keeps for all that wait.
    fn turn(&self, head: Head) -> (MutexGuard<'_, Written>, Head) {
        let of = |longest: &Option<Head>| longest.map_or(0, |longest| longest.leaves);
        let lock = || self.longest.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut longest = lock();
            if of(&longest) < head.leaves {
                *longest = Some(head);
            }
        }
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        (written, lock().unwrap_or(head))
    }

    /// Works while no other process writes a slot.
    fn locked(&self, work: impl FnOnce() -> Result<(), WitnessError>) -> Result<(), WitnessError> {
        self.file.lock().map_err(WitnessError::File)?;
        let worked = work();
        self.file.unlock().map_err(WitnessError::File)?;
        worked
    }

    /// What the slot with the longest log says.
    fn newest(&self) -> Result<Slot, WitnessError> {
        let mut newest: Option<Slot> = None;
        for slot in FLUSHED.into_iter().chain([PASSING]) {
            let Some(read) = self.read(slot)? else { continue };
            if newest.is_none_or(|newest| leaves(newest) < leaves(read)) {
                newest = Some(read);
            }
        }
        newest.ok_or_else(|| AnchorFault::Unreadable { path: self.path.clone() }.into())
    }

    /// The slot to be written next: a torn one, or that with the shortest log.
    fn oldest(&self) -> Result<u64, WitnessError> {
        let mut oldest = (PASSING, u64::MAX);
        for slot in FLUSHED {
            let Some(read) = self.read(slot)? else { return Ok(slot) };
            if leaves(read) < oldest.1 {
                oldest = (slot, leaves(read));
            }
        }
        Ok(oldest.0)
    }

    /// A slot; `None` when it is torn.
    fn read(&self, slot: u64) -> Result<Option<Slot>, WitnessError> {
        let mut bytes = [0; SLOT_BYTES];
        let whole = self.file.read_exact_at(&mut bytes, slot * SLOT_STRIDE);
        Ok(if whole.map_err(WitnessError::File)? { decode(&bytes) } else { None })
    }

    fn write(&self, slot: u64, head: Option<Head>) -> Result<(), WitnessError> {
        let bytes = encode(self.key.as_bytes(), head);
        self.file.write_all_at(&bytes, slot * SLOT_STRIDE).map_err(WitnessError::File)
    }
}

/// How long the log of a slot is.
fn leaves((_, head): Slot) -> u64 {
    head.map_or(0, |head| head.leaves)
}

/// A slot as it lies in the file; a log without entries has length 0 and no hash.
fn encode(key: &[u8; 32], head: Option<Head>) -> Vec<u8> {
    let (leaves, hash) = head.map_or((0, Hash32::ZERO), |head| (head.leaves, head.hash));
    let mut bytes = MAGIC.to_vec();
    bytes.extend(key);
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
    let leaves = u64::from_be_bytes(*leaves);
    let head = (leaves > 0).then_some(Head { leaves, hash: Hash32::from(*hash) });
    (encode(key, head) == bytes).then_some((*key, head))
}

#[cfg(test)]
mod tests;
