//! Whether an operation still lives: a file `run/<operation>` that its process holds locked.
//!
//! The kernel lets go of the lock when the process ends, however it ends. So a lock that can be
//! taken belongs to nobody any more, and no time-out has to guess.

use crate::WitnessError;
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt;
use if_core::OperationId;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};

/// The lock of one operation; freed when dropped. The file stays until [`RunLock::remove`].
#[derive(Debug)]
pub(crate) struct RunLock {
    /// Held, not read: closing it frees the lock.
    _file: fs::File,
    path: PathBuf,
}

/// What an attempt to take another operation's lock showed.
#[derive(Debug)]
pub(crate) enum Life {
    /// Somebody holds it.
    Alive,
    /// Nobody does; now we do.
    Dead(RunLock),
    /// There is no file: the machine lost it, and with it the process.
    Gone,
}

impl RunLock {
    /// Makes and takes the lock of a new operation, before anybody can know of it.
    pub(crate) fn create(run_dir: &Path, operation: &OperationId) -> Result<Self, WitnessError> {
        let path = run_dir.join(operation.as_str());
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let opened = match options.open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs::create_dir_all(run_dir).map_err(WitnessError::File)?;
                options.open(&path)
            }
            opened => opened,
        };
        let file = opened.map_err(WitnessError::File)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file, path }),
            Err(TryLockError::WouldBlock) => Err(WitnessError::OperationRunning(operation.clone())),
            Err(TryLockError::Error(error)) => Err(WitnessError::File(error)),
        }
    }

    /// Tries to take the lock of an operation that has an intent.
    pub(crate) fn probe(run_dir: &Path, operation: &OperationId) -> Result<Life, WitnessError> {
        let path = run_dir.join(operation.as_str());
        let file = match fs::OpenOptions::new().write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Life::Gone),
            Err(error) => return Err(WitnessError::File(error)),
        };
        match file.try_lock() {
            Ok(()) => Ok(Life::Dead(Self { _file: file, path })),
            Err(TryLockError::WouldBlock) => Ok(Life::Alive),
            Err(TryLockError::Error(error)) => Err(WitnessError::File(error)),
        }
    }

    /// Removes the file, while the lock is still held.
    pub(crate) fn remove(self) {
        // What it stood for is recorded: a file that stays is litter, not an error.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_alive_while_held_dead_when_dropped_gone_when_removed() {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = folder.path().join("run");
        let operation = OperationId::new("0".repeat(32)).unwrap();
        let lock = RunLock::create(&run_dir, &operation).unwrap();
        assert!(matches!(RunLock::probe(&run_dir, &operation).unwrap(), Life::Alive));
        assert!(matches!(
            RunLock::create(&run_dir, &operation),
            Err(WitnessError::OperationRunning(_))
        ));
        drop(lock);
        let Life::Dead(lock) = RunLock::probe(&run_dir, &operation).unwrap() else {
            panic!("still alive");
        };
        lock.remove();
        assert!(matches!(RunLock::probe(&run_dir, &operation).unwrap(), Life::Gone));
    }
}
