//! Folders of trials that were killed: the next trial takes them away. A living one holds a lock on
//! a file in its folder, which ends with its process however that ends.

use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use tempfile::TempDir;

/// How the folders' names begin.
pub(crate) const PREFIX: &str = "if-trial-";
/// The file that a living trial holds.
const HELD: &str = "held";

/// Holds a trial's own folder for as long as the value lives.
pub(crate) fn hold(folder: &TempDir) -> std::io::Result<File> {
    let file = fs_err::File::create(folder.path().join(HELD))?.into_file();
    file.lock()?;
    Ok(file)
}

/// Takes away what killed trials of this user left beside `own`. What cannot be taken away stays:
/// a trial does not fail by it.
pub(crate) fn sweep(own: &TempDir) {
    let Some(around) = own.path().parent() else { return };
    let Ok(mine) = fs_err::symlink_metadata(own.path()) else { return };
    for entry in fs_err::read_dir(around).into_iter().flatten().flatten() {
        let path = entry.path();
        let of_a_trial = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        // Never a link, and never another's: `fs_err` does not follow here.
        let ours =
            fs_err::symlink_metadata(&path).is_ok_and(|it| it.is_dir() && it.uid() == mine.uid());
        if of_a_trial && ours && path != own.path() && is_abandoned(&path) {
            let _ = fs_err::remove_dir_all(&path);
        }
    }
}

/// Nobody holds its file. Without the file it is just being made, or none of ours.
fn is_abandoned(folder: &Path) -> bool {
    let Ok(file) = fs_err::File::open(folder.join(HELD)) else { return false };
    !matches!(file.into_file().try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dead_go_and_the_living_stay() {
        let around = tempfile::tempdir().unwrap();
        let made = || tempfile::Builder::new().prefix(PREFIX).tempdir_in(around.path()).unwrap();
        let (own, living, fresh) = (made(), made(), made());
        let (_own, _living) = (hold(&own).unwrap(), hold(&living).unwrap());
        let dead = made().keep();
        fs_err::create_dir(dead.join("home")).unwrap();
        fs_err::write(dead.join(HELD), "").unwrap();
        let other = around.path().join("if-other");
        fs_err::create_dir(&other).unwrap();
        fs_err::write(other.join(HELD), "").unwrap();
        let link = around.path().join("if-trial-link");
        std::os::unix::fs::symlink(&other, &link).unwrap();
        sweep(&own);
        assert!(!dead.exists(), "the dead one stays");
        for kept in [own.path(), living.path(), fresh.path(), &other.join(HELD), &link] {
            assert!(kept.exists(), "{}", kept.display());
        }
    }
}
