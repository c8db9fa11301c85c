//! An anchor in a folder: a file for each checkpoint, whole or not there, never written over.
//!
//! The file system must know how to give a file a name that is free and no other: those of Linux
//! do, and shares of them.

use super::{FOLDER, KEPT_MAX, NOTE_BYTES_MAX, Shelf, Why};
use if_config::read_regular;
use if_disk::write_new;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Readable by all: a checkpoint is made to be shown.
const MODE: u32 = 0o644;

/// The folder.
pub(super) struct Directory {
    /// What the operator named, which must be there.
    root: PathBuf,
    /// Inside of it.
    folder: PathBuf,
}

impl Directory {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), folder: root.join(FOLDER) }
    }
}

impl Shelf for Directory {
    fn sizes(&self) -> Result<Vec<u64>, Why> {
        if !self.root.is_dir() {
            return Err(Why::new("is no folder that is there"));
        }
        let entries = match fs_err::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut sizes = Vec::new();
        for entry in entries {
            // Whatever else lies there is no business of ours.
            if let Some(size) = entry.map_err(failed)?.file_name().to_str().and_then(number) {
                sizes.push(size);
            }
            if sizes.len() > KEPT_MAX {
                return Err(Why::new(format!("has over {KEPT_MAX} checkpoints")));
            }
        }
        Ok(sizes)
    }

    fn read(&self, sizes: &[u64]) -> Result<Vec<String>, Why> {
        let one = |size: &u64| {
            let bytes = read_regular(&self.folder.join(size.to_string()), NOTE_BYTES_MAX);
            bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(failed)
        };
        sizes.iter().map(one).collect()
    }

    fn put(&self, size: u64, note: &str) -> Result<bool, Why> {
        if !self.folder.is_dir() {
            fs_err::create_dir(&self.folder).map_err(failed)?;
            fs_err::File::open(&self.root).and_then(|root| root.sync_all()).map_err(failed)?;
        }
        write_new(&self.folder.join(size.to_string()), note.as_bytes(), MODE).map_err(failed)
    }

    fn name(&self) -> String {
        self.folder.display().to_string()
    }
}

/// The size that a name says, in its one spelling.
pub(super) fn number(name: &str) -> Option<u64> {
    name.parse().ok().filter(|size: &u64| size.to_string() == name)
}

fn failed(error: Error) -> Why {
    Why::new(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_there_stays_whatever_comes_later() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Directory::new(folder.path());
        assert!(shelf.sizes().unwrap().is_empty());
        assert!(shelf.put(7, "seven").unwrap());
        assert!(!shelf.put(7, "another seven").unwrap());
        assert!(shelf.put(12, "twelve").unwrap());
        assert_eq!(shelf.read(&[7, 12]).unwrap(), ["seven", "twelve"]);
        for other in ["notes.txt", "07", ".new-half", "-1"] {
            fs_err::write(folder.path().join(FOLDER).join(other), "").unwrap();
        }
        let mut sizes = shelf.sizes().unwrap();
        sizes.sort_unstable();
        assert_eq!(sizes, [7, 12]);
    }

    #[test]
    fn a_folder_that_is_not_mounted_is_no_empty_anchor() {
        let folder = tempfile::tempdir().unwrap();
        let gone = Directory::new(&folder.path().join("stick"));
        assert!(gone.sizes().unwrap_err().text.contains("is no folder that is there"));
        let shelf = Directory::new(folder.path());
        shelf.put(7, "seven").unwrap();
        let error = shelf.read(&[8]).unwrap_err();
        assert!(error.text.contains("checkpoint/8"), "{error:?}");
    }
}
