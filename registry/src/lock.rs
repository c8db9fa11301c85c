//! One writer at a time for trust files, installed packages and the index.
//!
//! Readers take no lock: every file is replaced whole. Two writers without it would each read
//! version 4 of the allow-list and both write a version 5.

use crate::{Layout, RegistryError};
use fs_err::os::unix::fs::OpenOptionsExt;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use std::time::Duration;

/// How often to ask; with [`PAUSE`] ten seconds, longer than an installation's copy takes.
const ATTEMPTS_MAX: u32 = 400;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(25);

/// Held until dropped.
pub struct Lock(#[expect(dead_code, reason = "the lock lives as long as this")] fs_err::File);

impl Lock {
    /// Waits a bounded time for `<home>/trust/.lock`.
    pub fn take(layout: &Layout) -> Result<Lock, RegistryError> {
        let path = layout.trust_dir().join(".lock");
        if !layout.trust_dir().is_dir() {
            return Err(RegistryError::TrustMissing(layout.trust_dir()));
        }
        let file = fs_err::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)?;
        for _ in 0..ATTEMPTS_MAX {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Lock(file)),
                Err(Errno::WOULDBLOCK | Errno::INTR) => std::thread::sleep(PAUSE),
                Err(error) => return Err(std::io::Error::from(error).into()),
            }
        }
        Err(RegistryError::Busy(path))
    }
}
