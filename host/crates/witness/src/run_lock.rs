//! Whether an operation still lives: a file `run/<operation>` that its process holds locked.
//!
//! The kernel lets go of the lock when the process ends, however it ends. So a lock that can be
//! taken belongs to nobody any more, and no time-out has to guess.

use crate::WitnessError;
use if_core::OperationId;
use if_disk::{Disk, File, Local, Open, make_folder};
use std::path::{Path, PathBuf};

/// The lock of one operation; freed when dropped. The file stays until [`RunLock::remove`].
#[derive(Debug)]
pub(crate) struct RunLock {
    /// Held, not read: closing it frees the lock.
    _file: Box<dyn File>,
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
        let open = || Local.open(&path, Open::Any { mode: 0o600 });
        let opened = match open() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                make_folder(&Local, run_dir).map_err(WitnessError::File)?;
                open()
            }
            opened => opened,
        };
        let file = opened.map_err(WitnessError::File)?;
        match file.try_lock().map_err(WitnessError::File)? {
            true => Ok(Self { _file: file, path }),
            false => Err(WitnessError::OperationRunning(operation.clone())),
        }
    }

    /// Tries to take the lock of an operation that has an intent.
    pub(crate) fn probe(run_dir: &Path, operation: &OperationId) -> Result<Life, WitnessError> {
        let path = run_dir.join(operation.as_str());
        let file = match Local.open(&path, Open::Existing) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Life::Gone),
            Err(error) => return Err(WitnessError::File(error)),
        };
        match file.try_lock().map_err(WitnessError::File)? {
            true => Ok(Life::Dead(Self { _file: file, path })),
            false => Ok(Life::Alive),
        }
    }

    /// Removes the file, while the lock is still held.
    pub(crate) fn remove(self) {
        // What it stood for is recorded: a file that stays is litter, not an error.
        let _ = Local.remove(&self.path);
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
