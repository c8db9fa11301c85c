//! The real disk. Every error names its file.

use crate::{Disk, File, Open};
use fs_err::os::unix::fs::{FileExt, OpenOptionsExt};
use rustix::fs::OFlags;
use std::ffi::OsString;
use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Local;

impl Disk for Local {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn File>> {
        // Without NONBLOCK a FIFO put in the file's place would stop the command for ever.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut options = fs_err::OpenOptions::new();
        options.read(true).write(true).custom_flags(flags);
        match how {
            Open::Existing => {}
            Open::New { mode } => {
                options.create_new(true).mode(mode);
            }
            Open::Any { mode } => {
                options.create(true).truncate(false).mode(mode);
            }
        }
        let file = options.open(path)?;
        if let Open::New { mode } = how {
            // The process may be one that takes more away from modes than we ask for.
            file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        }
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs_err::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs_err::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs_err::remove_file(path)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs_err::create_dir(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs_err::remove_dir(path)
    }

    fn files(&self, folder: &Path, entries_max: usize) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs_err::read_dir(folder)?.take(entries_max) {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.push(entry.file_name());
            }
        }
        Ok(names)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        fs_err::File::open(path)?.sync_all()
    }
}

impl File for fs_err::File {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_all()
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn lock(&self) -> io::Result<()> {
        self.lock()
    }

    fn try_lock(&self) -> io::Result<bool> {
        match self.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => {
                let path = self.path().display();
                Err(io::Error::new(error.kind(), format!("locking `{path}`: {error}")))
            }
        }
    }

    fn unlock(&self) -> io::Result<()> {
        self.unlock()
    }

    fn is_named(&self) -> io::Result<bool> {
        Ok(self.metadata()?.nlink() > 0)
    }
}
