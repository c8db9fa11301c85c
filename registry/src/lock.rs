//! One writer at a time for trust files, installed packages and the index.
//!
//! Readers take no lock: every file is replaced whole. Two writers without it would each read
//! version 4 of the allow-list and both write a version 5.

use crate::{Layout, RegistryError};
use if_disk::LockError;
use std::time::Duration;

/// Longer than an installation's copy takes.
const WAIT: Duration = Duration::from_secs(10);

/// Held until dropped.
pub struct Lock(#[expect(dead_code, reason = "the lock lives as long as this")] if_disk::Lock);

impl Lock {
    /// Waits a bounded time for `<home>/trust/.lock`.
    pub fn take(layout: &Layout) -> Result<Lock, RegistryError> {
        let path = layout.trust_dir().join(".lock");
        if !layout.trust_dir().is_dir() {
            return Err(RegistryError::TrustMissing(layout.trust_dir()));
        }
        if_disk::Lock::take(&path, WAIT).map(Lock).map_err(|error| match error {
            LockError::Busy => RegistryError::Busy(path),
            LockError::Io(error) => error.into(),
        })
    }
}
