//! Replacing a whole folder in one step.
//!
//! The new folder is complete on disk before it takes the name. On Linux two folders can change
//! places atomically (renameat2 with RENAME_EXCHANGE), so that a reader sees the old package or
//! the new one, never a mixture or a gap.
//!
//! A folder that is not finished is locked by its writer, as unfinished files are: what can be
//! locked is left over from a writer that was killed, and the next one takes it away.

use crate::RegistryError;
use crate::files::make_folder;
use fs_err::os::unix::fs::OpenOptionsExt;
use rustix::fs::{CWD, FlockOperation, OFlags, RenameFlags, flock, renameat_with};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use tempfile::TempDir;

/// In front of the random name of a folder that is not finished.
const UNFINISHED: &str = ".new-";

/// How often a writer begins anew because another took its folder for a leftover, which can happen
/// in the instant before it is locked.
const BEGINNINGS_MAX: u32 = 16;

/// A folder beside its final place, removed again unless it takes it.
pub(crate) struct NewFolder {
    folder: TempDir,
    #[expect(dead_code, reason = "the lock lives as long as this")]
    lock: fs_err::File,
}

impl NewFolder {
    /// An empty folder in `parent`, which must exist. Its name begins with a dot: no provider word
    /// and no package is called so.
    pub fn beside(parent: &Path) -> Result<NewFolder, RegistryError> {
        // What cannot be swept costs space and nothing else.
        let _ = sweep(parent);
        let closed = std::fs::Permissions::from_mode(0o700);
        for _ in 0..BEGINNINGS_MAX {
            let mut builder = tempfile::Builder::new();
            let builder = builder.prefix(UNFINISHED).permissions(closed.clone());
            let folder = builder.tempdir_in(parent)?;
            if let Some(lock) = locked(folder.path())? {
                return Ok(NewFolder { folder, lock });
            }
        }
        Err(io::Error::other("others keep taking its unfinished folder away").into())
    }

    /// Writes a file inside; `name` may have folders.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        let path = self.folder.path().join(name);
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let mut file =
            fs_err::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(())
    }

    /// Has the same file inside under this name.
    pub fn link(&self, path: &Path, name: &str) -> Result<(), RegistryError> {
        Ok(fs_err::hard_link(path, self.folder.path().join(name))?)
    }

    /// Takes the place of `path`, durably; what stood there is removed.
    pub fn replace(self, path: &Path) -> Result<(), RegistryError> {
        fs_err::File::open(self.folder.path())?.sync_all()?;
        match renameat_with(CWD, self.folder.path(), CWD, path, RenameFlags::EXCHANGE) {
            // The old folder now has the temporary name and goes with it.
            Ok(()) => {}
            Err(error) if error == rustix::io::Errno::NOENT => {
                let made = self.folder.keep();
                fs_err::rename(made, path)?;
            }
            Err(error) => return Err(io::Error::from(error).into()),
        }
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs_err::File::open(parent)?.sync_all()?;
        }
        Ok(())
    }
}

/// The lock of this folder; `None` when another has it, or has taken the folder away.
fn locked(folder: &Path) -> io::Result<Option<fs_err::File>> {
    let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits().cast_signed();
    let opened = fs_err::OpenOptions::new().read(true).custom_flags(flags).open(folder);
    let Ok(lock) = opened else { return Ok(None) };
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(None);
    }
    Ok(is_there(&lock, folder)?.then_some(lock))
}

/// Whether the locked folder still has this name: another may have taken it away before.
fn is_there(lock: &fs_err::File, folder: &Path) -> io::Result<bool> {
    let found = fs_err::symlink_metadata(folder).map(|it| it.ino());
    Ok(found.ok() == Some(lock.metadata()?.ino()))
}

/// Takes away the unfinished folders whose writers are dead.
fn sweep(parent: &Path) -> io::Result<()> {
    for entry in fs_err::read_dir(parent)? {
        let entry = entry?;
        let unfinished = entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
        if unfinished
            && entry.file_type()?.is_dir()
            && let Some(_lock) = locked(&entry.path())?
        {
            fs_err::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs_err::read_dir(folder).unwrap();
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn what_a_killed_writer_left_is_taken_away_by_the_next() {
        let parent = tempfile::tempdir().unwrap();
        // Killed while it wrote, or between the exchange and the removal.
        fs_err::create_dir_all(parent.path().join(".new-killed/deep")).unwrap();
        fs_err::write(parent.path().join(".new-killed/deep/component.wasm"), "half").unwrap();
        let writes = NewFolder::beside(parent.path()).unwrap();
        writes.write("data", b"new").unwrap();
        assert_eq!(names(parent.path()).len(), 1, "{:?}", names(parent.path()));
        writes.replace(&parent.path().join("lamp")).unwrap();
        assert_eq!(names(parent.path()), ["lamp"]);
    }

    #[test]
    fn what_another_is_writing_stays_and_so_does_what_is_no_folder_of_ours() {
        let (parent, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs_err::write(elsewhere.path().join("kept"), "kept").unwrap();
        let link = parent.path().join(".new-link");
        std::os::unix::fs::symlink(elsewhere.path(), &link).unwrap();
        fs_err::create_dir(parent.path().join("lamp")).unwrap();
        let other = NewFolder::beside(parent.path()).unwrap();
        other.write("data", b"theirs").unwrap();
        let mine = NewFolder::beside(parent.path()).unwrap();
        mine.replace(&parent.path().join("lamp")).unwrap();
        other.write("more", b"theirs").unwrap();
        other.replace(&parent.path().join("desk")).unwrap();
        let mut left = names(parent.path());
        left.sort();
        assert_eq!(left, [".new-link", "desk", "lamp"]);
        assert_eq!(names(elsewhere.path()), ["kept"]);
        let mut written = names(&parent.path().join("desk"));
        written.sort();
        assert_eq!(written, ["data", "more"]);
    }

    #[test]
    fn a_lock_counts_only_while_its_folder_has_the_name() {
        let parent = tempfile::tempdir().unwrap();
        let (folder, aside) = (parent.path().join("new"), parent.path().join("aside"));
        fs_err::create_dir(&folder).unwrap();
        let lock = fs_err::File::open(&folder).unwrap();
        assert!(is_there(&lock, &folder).unwrap());
        fs_err::rename(&folder, aside).unwrap();
        assert!(!is_there(&lock, &folder).unwrap());
        fs_err::create_dir(&folder).unwrap();
        assert!(!is_there(&lock, &folder).unwrap());
    }
}
