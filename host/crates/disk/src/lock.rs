//! One writer at a time: a lock file beside what is written.
//!
//! It is never removed: two processes must not lock two different files. The kernel lets go of it
//! when its holder ends, however that ends.

use crate::{Disk, File, Local, Open};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How long a writer of a file waits for another. One holds the lock for milliseconds: this is
/// longer than any honest queue, and short enough for a person.
pub const WRITER_WAIT: Duration = Duration::from_secs(5);

/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(25);

/// Why there is no lock.
#[derive(Debug)]
pub enum LockError {
    /// Another process has held it for longer than we wait.
    Busy,
    /// The lock file cannot be used.
    Io(io::Error),
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        LockError::Io(error)
    }
}

/// The right to write; given back when dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock lives as long as this")] Box<dyn File>);

impl Lock {
    /// Takes the lock that this file is, waiting so long.
    ///
    /// # Errors
    /// Somebody holds it for longer; the file cannot be made or locked.
    pub fn take(path: &Path, wait: Duration) -> Result<Self, LockError> {
        let file = Local.open(path, Open::Any { mode: 0o600 })?;
        let mut waited = Duration::ZERO;
        while !file.try_lock()? {
            if waited >= wait {
                return Err(LockError::Busy);
            }
            std::thread::sleep(PAUSE);
            waited += PAUSE;
        }
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_keeps_a_second_writer_out_who_gives_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let held = Lock::take(&path, WRITER_WAIT).unwrap();
        assert!(matches!(Lock::take(&path, 2 * PAUSE), Err(LockError::Busy)));
        drop(held);
        Lock::take(&path, Duration::ZERO).unwrap();
    }

    #[test]
    fn a_link_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join(".lock"), folder.path().join("target"));
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(matches!(Lock::take(&path, Duration::ZERO), Err(LockError::Io(_))));
        assert!(!target.exists());
    }
}
