//! The lock for who may edit a file of the home. It stands beside the file.

use crate::ConfigError;
use if_disk::{Lock, LockError, WRITER_WAIT};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Takes the lock of `path`, waiting a bounded time.
pub(crate) fn lock(path: &Path) -> Result<Lock, ConfigError> {
    Lock::take(&lock_path(path), WRITER_WAIT).map_err(|error| match error {
        LockError::Busy => ConfigError::Busy(path.to_owned()),
        LockError::Io(error) => error.into(),
    })
}

/// `providers/obs.yaml` has `providers/.obs.yaml.lock`.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".lock");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_told_which_file_is_busy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("obs.yaml");
        let held = lock(&path).unwrap();
        assert!(folder.path().join(".obs.yaml.lock").exists());
        assert!(matches!(lock(&path), Err(ConfigError::Busy(busy)) if busy == path));
        drop(held);
        assert!(lock(&path).is_ok());
    }
}
