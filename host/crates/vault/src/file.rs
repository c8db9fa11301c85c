//! The files themselves: reading what only the owner may write, replacing as a whole, one writer.
//!
//! A file is checked after it was opened, on the descriptor, so what was checked is what is read.
//! How it is replaced, and what a lock is, `disk` says.

use crate::VaultError;
use fs_err::os::unix::fs::OpenOptionsExt;
use if_disk::{Lock, LockError, WRITER_WAIT};
use rustix::fs::OFlags;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What others may not be able to do with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Neither read nor write: keys and plain secrets.
    ToAll,
    /// Not write: ciphertext.
    ToWriters,
}

/// Whether the last part of a path may be a symbolic link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// Our own files are never links.
    Refuse,
    /// Mounted secrets usually are.
    Follow,
}

/// Tells one state of a file from the next: every replacement has a new inode, and an edit in place
/// changes size or times.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp([i128; 5]);

impl Stamp {
    fn of(facts: &std::fs::Metadata) -> Self {
        let nanos =
            |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Self([
            i128::from(facts.dev()),
            i128::from(facts.ino()),
            i128::from(facts.len()),
            nanos(facts.mtime(), facts.mtime_nsec()),
            nanos(facts.ctime(), facts.ctime_nsec()),
        ])
    }

    /// The file's state now.
    pub(crate) fn now(path: &Path) -> io::Result<Self> {
        Ok(Self::of(&fs_err::symlink_metadata(path)?))
    }
}

/// Reads a whole private file.
///
/// # Errors
/// [`VaultError::Unsafe`] for a link, a folder or a device, a foreign owner or an open mode;
/// [`VaultError::FileTooLarge`]; the I/O error otherwise, with `NotFound` left as it is.
pub(crate) fn read_private(
    path: &Path,
    closed: Closed,
    links: Links,
    bytes_max: usize,
) -> Result<(Zeroizing<Vec<u8>>, Stamp), VaultError> {
    // Without NONBLOCK a FIFO put in the file's place would stop the command for ever.
    let mut flags = OFlags::NONBLOCK | OFlags::CLOEXEC;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    let opened =
        fs_err::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = match opened {
        Err(error) if is_link(path, links) => {
            drop(error);
            return Err(unsafe_file(path, "is a symbolic link", None));
        }
        other => other?,
    };
    let facts = file.metadata()?;
    check_owner_and_mode(path, &facts, closed)?;
    let too_large = || VaultError::FileTooLarge { path: path.to_owned(), bytes_max };
    let length = usize::try_from(facts.len()).map_err(|_| too_large())?;
    if length > bytes_max {
        return Err(too_large());
    }
    // One allocation, one byte larger than the file: growing would leave copies that nobody zeroes.
    let mut bytes = Zeroizing::new(vec![0; length + 1]);
    let mut limited = file.take(length as u64 + 1);
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match limited.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(filled);
    Ok((bytes, Stamp::of(&facts)))
}

/// Whether opening failed because links are refused and this is one.
fn is_link(path: &Path, links: Links) -> bool {
    links == Links::Refuse && fs_err::symlink_metadata(path).is_ok_and(|facts| facts.is_symlink())
}

fn unsafe_file(path: &Path, why: &'static str, mend: Option<String>) -> VaultError {
    VaultError::Unsafe { path: path.to_owned(), why, mend }
}

/// Root may own a file too: it can read and write everything anyway.
fn check_owner_and_mode(
    path: &Path,
    facts: &std::fs::Metadata,
    closed: Closed,
) -> Result<(), VaultError> {
    if !facts.is_file() {
        return Err(unsafe_file(path, "is not a regular file", None));
    }
    let me = rustix::process::geteuid().as_raw();
    if facts.uid() != me && facts.uid() != 0 {
        let line = format!("chown {me} '{}'", path.display());
        return Err(unsafe_file(path, "belongs to another user", Some(line)));
    }
    let (mask, why) = match closed {
        Closed::ToAll => (0o077, "can be read or written by other users"),
        Closed::ToWriters => (0o022, "can be written by other users"),
    };
    if facts.mode() & mask != 0 {
        let line = format!("chmod 600 '{}'", path.display());
        return Err(unsafe_file(path, why, Some(line)));
    }
    Ok(())
}

/// Replaces `path` as a whole with a 0600 file. Only for the holder of its [`Lock`].
pub(crate) fn replace(path: &Path, bytes: &[u8], _held: &Lock) -> Result<(), VaultError> {
    Ok(if_disk::write_atomic(path, bytes, 0o600)?)
}

/// Takes the lock of `path`, waiting a bounded time.
pub(crate) fn lock(path: &Path) -> Result<Lock, VaultError> {
    Lock::take(&lock_path(path), WRITER_WAIT).map_err(|error| match error {
        LockError::Busy => VaultError::Busy(path.to_owned()),
        LockError::Io(error) => error.into(),
    })
}

/// `vault.age` has `vault.age.lock`.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
