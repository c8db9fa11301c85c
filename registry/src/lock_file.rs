//! The signed lock file: made of what is installed and believed, and what is installed later is
//! held against it.

use crate::files::read_capped;
use crate::lock::Lock;
use crate::{Layout, RegistryError, Target, TrustFiles, list, verify};
use if_core::{Explain as _, UnixMillis};
use if_disk::write_atomic;
use if_manifest::trust::{self, DOCUMENT_BYTES_MAX, LockFile, LockedPlugin, Seen, TrustRoot, seal};
use if_manifest::{KeyId, SigningKey, TrustError};
use std::io;

/// Writes the lock file of what is installed, signed by `keys`. A plugin that may not run is not
/// locked: it is the error.
pub fn lock_installed(
    layout: &Layout,
    keys: &[&SigningKey],
    now: UnixMillis,
    seen: &Seen,
) -> Result<LockFile, RegistryError> {
    let _lock = Lock::take(layout)?;
    let files = TrustFiles::read(layout)?;
    let file = LockFile { plugins: installed(layout, now, seen)? };
    write(layout, &file, keys, &files.root)?;
    Ok(file)
}

/// Holds everything that is installed against the lock file, or one plugin or package; false where
/// there is no lock file. Any difference is the error.
pub fn verify_lock(
    layout: &Layout,
    target: Option<&Target>,
    now: UnixMillis,
    seen: &Seen,
) -> Result<bool, RegistryError> {
    let files = TrustFiles::read(layout)?;
    let Some(lock) = read(layout, &files.root)? else { return Ok(false) };
    let lines = match target {
        None => lock.drift_of_all(&installed(layout, now, seen)?),
        Some(target) => lock.drift(&line(layout, target, now, seen)?),
    };
    match lines.is_empty() {
        true => Ok(true),
        false => Err(RegistryError::LockDrift { path: layout.lock_file(), lines }),
    }
}

/// Holds a plugin against the lock file. With `locked` any difference, and a missing lock file, is
/// the error; without, the differences are given, one line each.
pub(crate) fn hold(
    layout: &Layout,
    root: &TrustRoot,
    found: &LockedPlugin,
    locked: bool,
) -> Result<Vec<String>, RegistryError> {
    let lines = match read(layout, root)? {
        Some(lock) => lock.drift(found),
        None if locked => vec!["there is no lock file".to_owned()],
        None => Vec::new(),
    };
    match locked && !lines.is_empty() {
        true => Err(RegistryError::LockDrift { path: layout.lock_file(), lines }),
        false => Ok(lines),
    }
}

/// Signs the lock file anew where the new root's keys no longer vouch for it, and names the key
/// that took another's place. One that did not count under the old root is left as it is.
pub(crate) fn follow(
    layout: &Layout,
    old: &TrustRoot,
    new: &TrustRoot,
    keys: &[&SigningKey],
    exchanged: Option<(KeyId, KeyId)>,
) -> Result<(), RegistryError> {
    let Ok(Some(before)) = read(layout, old) else { return Ok(()) };
    let mut file = before.clone();
    if let Some((old, new)) = exchanged {
        for plugin in &mut file.plugins {
            plugin.publishers.iter_mut().filter(|key| **key == old).for_each(|key| *key = new);
            plugin.publishers.sort();
        }
    }
    if file == before && read(layout, new).is_ok() {
        return Ok(());
    }
    write(layout, &file, keys, new)
}

/// The lock file, if there is one and it counts.
fn read(layout: &Layout, root: &TrustRoot) -> Result<Option<LockFile>, RegistryError> {
    let path = layout.lock_file();
    let bytes = match read_capped(&path, DOCUMENT_BYTES_MAX) {
        Err(RegistryError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        other => other?,
    };
    let lock = trust::verify_lock(&bytes, root);
    let lock = lock.map_err(|error| RegistryError::TrustFile { path, error })?;
    Ok(Some(LockFile::clone(&lock)))
}

/// Everything that is installed, each as the loader believes it, every file included.
fn installed(
    layout: &Layout,
    now: UnixMillis,
    seen: &Seen,
) -> Result<Vec<LockedPlugin>, RegistryError> {
    let words = list(layout)?.into_iter().map(|one| Target::Installed(one.provider));
    words.map(|target| line(layout, &target, now, seen)).collect()
}

fn line(
    layout: &Layout,
    target: &Target,
    now: UnixMillis,
    seen: &Seen,
) -> Result<LockedPlugin, RegistryError> {
    Ok(LockedPlugin::of(&verify(layout, target, now, seen.clone())?.trusted))
}

fn write(
    layout: &Layout,
    file: &LockFile,
    keys: &[&SigningKey],
    root: &TrustRoot,
) -> Result<(), RegistryError> {
    let bytes = seal(file, keys).and_then(|bytes| trust::verify_lock(&bytes, root).map(|_| bytes));
    let path = layout.lock_file();
    match bytes {
        Ok(bytes) => Ok(write_atomic(&path, &bytes, 0o600)?),
        Err(TrustError::Threshold { have, need, .. }) => {
            Err(RegistryError::LockSigners { have, need })
        }
        Err(error) => Err(RegistryError::TrustFile { path, error }),
    }
}

/// The lines of a refusal, as causes of its problem.
pub(crate) fn because(error: &RegistryError, lines: &[String]) -> if_core::Problem {
    let problem = if_core::Problem::new(error.code(), error.to_string());
    let problem = lines.iter().fold(problem, |problem, line| problem.because(line));
    error.hints().into_iter().fold(problem, if_core::Problem::hint)
}
