//! Replacing a file as a whole, and the lock for who may.
//!
//! The new bytes are complete on disk before they take the old name: a crash at any moment leaves
//! the old file or the new one. The lock stands beside the file and is never removed: two processes
//! must not lock two different files.
//!
//! An unfinished file is locked by its writer, and the kernel lets go of that lock however the
//! writer ends: what can be locked is left over from one that was killed, and the next writer takes
//! it away.

use crate::ConfigError;
use fs_err::os::unix::fs::OpenOptionsExt;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::NamedTempFile;

/// In front of the random name of a file that is not finished.
const UNFINISHED: &str = ".new-";

/// Most names in a folder that are looked at for leftovers: ours hold a few dozen.
const SWEPT_MAX: usize = 1024;

/// How often a writer begins anew because another took its file for a leftover, which can happen
/// in the instant before it is locked.
const BEGINNINGS_MAX: u32 = 16;

/// How often a writer asks for the lock before it gives up. A writer holds it for milliseconds;
/// with
/// [`LOCK_PAUSE`] this is five seconds, longer than any honest queue and short enough for a person.
const LOCK_ATTEMPTS_MAX: u32 = 200;

/// Pause between two attempts at the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// Writes `bytes` to `path` in place of what is there, durably, with exactly this mode.
///
/// # Errors
/// The I/O error; `path` is then what it was before.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write(path, bytes, mode, |file| file.persist(path))
}

/// Writes `bytes` to `path`, durably, with exactly this mode, unless something is there already:
/// then false, and that stays as it is.
///
/// # Errors
/// The I/O error; `path` is then what it was before.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<bool> {
    match write(path, bytes, mode, |file| file.persist_noclobber(path)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        written => written.map(|()| true),
    }
}

/// Writes a file beside `path`, which `named` gives its name when it is whole.
fn write(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    named: impl FnOnce(NamedTempFile) -> Result<std::fs::File, tempfile::PersistError>,
) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let failed = |error: io::Error| {
        io::Error::new(error.kind(), format!("writing `{}`: {error}", path.display()))
    };
    // What cannot be swept costs space and nothing else.
    let _ = sweep(folder);
    // Removed again when anything fails before it gets its name.
    let mut file = unfinished(folder).map_err(failed)?;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    named(file).map_err(|error| failed(error.error))?;
    fs_err::File::open(folder)?.sync_all()
}

/// An empty file with a random name, locked while its writer lives.
fn unfinished(folder: &Path) -> io::Result<NamedTempFile> {
    for _ in 0..BEGINNINGS_MAX {
        let file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
        let locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
        if locked.is_ok() && file.as_file().metadata()?.nlink() == 1 {
            return Ok(file);
        }
    }
    Err(io::Error::other("others keep taking its unfinished file away"))
}

/// Takes away the unfinished files whose writers are dead.
fn sweep(folder: &Path) -> io::Result<()> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    for entry in fs_err::read_dir(folder)?.take(SWEPT_MAX) {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes())
            || !entry.file_type()?.is_file()
        {
            continue;
        }
        let mut options = fs_err::OpenOptions::new();
        let file = options.read(true).custom_flags(flags.bits().cast_signed()).open(entry.path());
        if let Ok(file) = file
            && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            fs_err::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The right to replace a file; given back when dropped.
pub(crate) struct Lock(
    #[expect(dead_code, reason = "the lock lives as long as this")] fs_err::File,
);

impl Lock {
    /// Takes the lock of `path`, waiting a bounded time.
    pub(crate) fn take(path: &Path) -> Result<Self, ConfigError> {
        let file = fs_err::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(lock_path(path))?;
        for _ in 0..LOCK_ATTEMPTS_MAX {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self(file)),
                Err(Errno::WOULDBLOCK | Errno::INTR) => std::thread::sleep(LOCK_PAUSE),
                Err(error) => return Err(io::Error::from(error).into()),
            }
        }
        Err(ConfigError::Busy(path.to_owned()))
    }
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

    fn mode(path: &Path) -> u32 {
        fs_err::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_whole_and_with_the_mode_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs_err::write(&path, "a longer text than the next").unwrap();
        write_atomic(&path, b"new", 0o600).unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o600);
        write_atomic(&path, b"newer", 0o644).unwrap();
        assert_eq!(mode(&path), 0o644);
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    fn a_new_file_takes_the_place_of_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(write_new(&path, b"first", 0o644).unwrap());
        assert!(!write_new(&path, b"second", 0o600).unwrap());
        assert_eq!(fs_err::read(&path).unwrap(), b"first");
        assert_eq!(mode(&path), 0o644);
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    fn a_failure_names_the_file_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs_err::create_dir(&path).unwrap();
        let error = write_atomic(&path, b"new", 0o600).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_dead_writer_left_is_swept_and_what_a_living_one_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs_err::write(at(".new-dead"), "half").unwrap();
        fs_err::create_dir(at(".new-folder")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", at(".new-link")).unwrap();
        let mut alive = unfinished(folder.path()).unwrap();
        write_atomic(&at("one"), b"1", 0o600).unwrap();
        assert!(!at(".new-dead").exists());
        assert!(at(".new-folder").exists() && at(".new-link").is_symlink());
        alive.write_all(b"2").unwrap();
        alive.persist(at("two")).unwrap();
        assert_eq!(fs_err::read(at("two")).unwrap(), b"2");
    }

    #[test]
    fn the_lock_keeps_a_second_writer_out_and_gives_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("obs.yaml");
        let held = Lock::take(&path).unwrap();
        assert!(matches!(Lock::take(&path), Err(ConfigError::Busy(_))));
        drop(held);
        assert!(Lock::take(&path).is_ok());
    }
}
