//! Replacing a whole folder in one step.
//!
//! The new folder is complete on disk before it takes the name. On Linux two folders can change
//! places atomically (renameat2 with RENAME_EXCHANGE), so that a reader sees the old package or
//! the new one, never a mixture or a gap.

use crate::RegistryError;
use crate::files::make_folder;
use fs_err::os::unix::fs::OpenOptionsExt;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

/// A folder beside its final place, removed again unless it takes it.
pub(crate) struct NewFolder(TempDir);

impl NewFolder {
    /// An empty folder in `parent`, which must exist. Its name begins with a dot: no provider word
    /// and no package is called so.
    pub fn beside(parent: &Path) -> Result<NewFolder, RegistryError> {
        let closed = std::fs::Permissions::from_mode(0o700);
        let folder =
            tempfile::Builder::new().prefix(".new-").permissions(closed).tempdir_in(parent)?;
        Ok(NewFolder(folder))
    }

    /// Writes a file inside; `name` may have folders.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        let path = self.0.path().join(name);
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
        Ok(fs_err::hard_link(path, self.0.path().join(name))?)
    }

    /// Takes the place of `path`, durably; what stood there is removed.
    pub fn replace(self, path: &Path) -> Result<(), RegistryError> {
        fs_err::File::open(self.0.path())?.sync_all()?;
        match renameat_with(CWD, self.0.path(), CWD, path, RenameFlags::EXCHANGE) {
            // The old folder now has the temporary name and goes with it.
            Ok(()) => {}
            Err(error) if error == rustix::io::Errno::NOENT => {
                let made = self.0.keep();
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
