//! What our own files ask of a disk: a dozen operations, and none that nobody uses.

use std::ffi::OsString;
use std::fmt::Debug;
use std::io;
use std::path::Path;

/// How a file is opened: always to read and to write, and never through a symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// It must be there.
    Existing,
    /// It must not be there, and has exactly this mode then.
    New { mode: u32 },
    /// It is made with this mode where it is missing.
    Any { mode: u32 },
}

/// A disk. What was done to it may be lost with the power until the file, or for a name its
/// folder, was flushed. Each error names the file.
pub trait Disk: Debug + Send + Sync {
    /// Opens a file.
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn File>>;

    /// Gives a file another name in the same folder, in place of the file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name, unless something has that one.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a name away.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder; the one above it must be there.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Takes a folder away that is empty.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// The names of files in a folder, without folders and links; of the first so many entries.
    fn files(&self, folder: &Path, entries_max: usize) -> io::Result<Vec<OsString>>;

    /// Makes durable which names a folder holds.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// An open file. Closing it gives its lock back.
pub trait File: Debug + Send + Sync {
    /// Reads; fewer bytes than asked for where the file ends, or where the disk felt like it.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes, possibly fewer bytes than were given.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Makes content, length and mode durable.
    fn sync(&self) -> io::Result<()>;

    /// Makes content and length durable.
    fn sync_data(&self) -> io::Result<()>;

    /// Waits for the lock.
    fn lock(&self) -> io::Result<()>;

    /// Takes the lock unless somebody has it; whether it was taken.
    fn try_lock(&self) -> io::Result<bool>;

    /// Gives the lock back.
    fn unlock(&self) -> io::Result<()>;

    /// Whether the file still has a name.
    fn is_named(&self) -> io::Result<bool>;
}

impl dyn File {
    /// Fills all of `bytes`; false where the file ends before.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<bool> {
        let (mut rest, mut offset) = (bytes, offset);
        while !rest.is_empty() {
            let count = match self.read_at(rest, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if count == 0 {
                return Ok(false);
            }
            rest = rest.get_mut(count..).unwrap_or_default();
            offset = offset.saturating_add(count as u64);
        }
        Ok(true)
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// Those of the disk; a part may be written then.
    pub fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (mut rest, mut offset) = (bytes, offset);
        while !rest.is_empty() {
            let count = match self.write_at(rest, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                written => written?,
            };
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = rest.get(count..).unwrap_or_default();
            offset = offset.saturating_add(count as u64);
        }
        Ok(())
    }
}
