//! Replacing a file as a whole.
//!
//! The new bytes are complete on disk before they take the old name: a crash at any moment leaves
//! the old file or the new one, and when the function has returned, the new one. A flush that
//! failed is not asked for again: the file is thrown away, and the next attempt begins with
//! another.
//!
//! An unfinished file is locked by its writer, and the kernel lets go of that lock however the
//! writer ends: what can be locked is left over from one that was killed, and the next writer takes
//! it away.

use crate::{Disk, File, Local, Open};
use std::io;
use std::path::{Path, PathBuf};

/// In front of the random name of a file that is not finished.
const UNFINISHED: &str = ".new-";

/// Most names in a folder that are looked at for leftovers: ours hold a few dozen.
const SWEPT_MAX: usize = 1024;

/// How often a writer begins anew because another took its file for a leftover, which can happen
/// in the instant before it is locked.
const BEGINNINGS_MAX: u32 = 16;

/// Writes `bytes` to `path` in place of what is there, durably, with exactly this mode.
///
/// # Errors
/// As [`replace`].
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    replace(&Local, path, bytes, mode)
}

/// As [`write_atomic`], on this disk.
///
/// # Errors
/// The I/O error, which names the file. `path` then is what it was before, or, where only its
/// folder could not be flushed, whole and new.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = folder_of(path);
    // What cannot be swept costs space and nothing else.
    let _ = sweep(disk, folder);
    let replaced = Unfinished::begin(disk, folder, mode).and_then(|it| it.finish(path, bytes));
    replaced.and_then(|()| disk.sync_folder(folder)).map_err(|error| {
        io::Error::new(error.kind(), format!("writing `{}`: {error}", path.display()))
    })
}

/// Writes `bytes` to `path`, durably, with exactly this mode, unless something is there already:
/// then false, and that stays as it is.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<bool> {
    place(&Local, path, bytes, mode)
}

/// As [`write_new`], on this disk.
///
/// # Errors
/// As [`replace`].
pub fn place(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> io::Result<bool> {
    let folder = folder_of(path);
    let _ = sweep(disk, folder);
    let placed = Unfinished::begin(disk, folder, mode).and_then(|it| it.link(path, bytes));
    let placed = match placed {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        placed => placed.and_then(|()| disk.sync_folder(folder)),
    };
    placed.map(|()| true).map_err(|error| {
        io::Error::new(error.kind(), format!("writing `{}`: {error}", path.display()))
    })
}

/// Makes a folder and those above it, durably: a file in it that was flushed is found again. One
/// that is there already may be of a writer that was killed before it came to that.
///
/// # Errors
/// The I/O error, which names the folder. One that could not be flushed is taken away again, so
/// that the next attempt begins with another.
pub fn make_folder(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let above = folder_of(path);
    let made = match disk.make_folder(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_folder(disk, above)?;
            disk.make_folder(path)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    };
    let flushed = made.and_then(|()| {
        disk.sync_folder(above).inspect_err(|_| {
            let _ = disk.remove_folder(path);
        })
    });
    flushed.map_err(|error| {
        io::Error::new(error.kind(), format!("making `{}`: {error}", path.display()))
    })
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// A file that has no name of its own yet; taken away again unless it gets one.
struct Unfinished<'a> {
    disk: &'a dyn Disk,
    file: Box<dyn File>,
    path: PathBuf,
    named: bool,
}

impl<'a> Unfinished<'a> {
    /// An empty file with a random name, locked while its writer lives.
    fn begin(disk: &'a dyn Disk, folder: &Path, mode: u32) -> io::Result<Self> {
        for _ in 0..BEGINNINGS_MAX {
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(io::Error::other)?;
            let path = folder.join(format!("{UNFINISHED}{}", hex::encode(random)));
            let file = disk.open(&path, Open::New { mode })?;
            let unfinished = Self { disk, file, path, named: false };
            if unfinished.file.try_lock()? && unfinished.file.is_named()? {
                return Ok(unfinished);
            }
        }
        Err(io::Error::other("others keep taking its unfinished file away"))
    }

    /// Fills the file, and gives it this name when all of it is on the disk.
    fn finish(mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, 0)?;
        self.file.sync()?;
        self.disk.rename(&self.path, path)?;
        self.named = true;
        Ok(())
    }

    /// As [`Unfinished::finish`], unless somebody has that name. Its own is taken away in the end.
    fn link(self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, 0)?;
        self.file.sync()?;
        self.disk.link(&self.path, path)
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.named {
            // The first error is the one to tell; a leftover is taken away by the next writer.
            let _ = self.disk.remove(&self.path);
        }
    }
}

/// Takes away the unfinished files whose writers are dead.
fn sweep(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    for name in disk.files(folder, SWEPT_MAX)? {
        if !name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
            continue;
        }
        let path = folder.join(name);
        if let Ok(file) = disk.open(&path, Open::Existing)
            && file.try_lock()?
        {
            disk.remove(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

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
        write_atomic(&path, b"", 0o666).unwrap();
        assert_eq!((mode(&path), fs_err::read(&path).unwrap().len()), (0o666, 0));
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
        let alive = Unfinished::begin(&Local, folder.path(), 0o600).unwrap();
        write_atomic(&at("one"), b"1", 0o600).unwrap();
        assert!(!at(".new-dead").exists());
        assert!(at(".new-folder").exists() && at(".new-link").is_symlink());
        alive.finish(&at("two"), b"2").unwrap();
        assert_eq!(fs_err::read(at("two")).unwrap(), b"2");
    }

    #[test]
    fn folders_are_made_as_deep_as_asked_for_and_one_that_is_there_is_none_to_make() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        make_folder(&Local, &deep).unwrap();
        make_folder(&Local, &deep).unwrap();
        assert!(deep.is_dir());
        fs_err::write(folder.path().join("file"), "").unwrap();
        let error = make_folder(&Local, &folder.path().join("file/b")).unwrap_err();
        assert!(error.to_string().contains("file/b"), "{error}");
    }
}
