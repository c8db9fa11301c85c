//! A file that somebody named, read within bounds.
//!
//! Only a regular file has an end that is known: `/dev/zero` says that it has no bytes and gives
//! them for ever, and a pipe lets its reader wait. Links are followed: the name is the operator's.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Reads a regular file of at most `bytes_max` bytes.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] for what is no regular file, [`ErrorKind::FileTooLarge`] for what
/// is larger; else as opening and reading fail. The file is named in each.
pub fn read_regular(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let refused = |kind, what: String| io::Error::new(kind, format!("{} {what}", path.display()));
    // Opening a pipe would wait for somebody who writes into it.
    let waits_for_nobody = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(waits_for_nobody).open(path);
    let file = file.map_err(|error| refused(error.kind(), format!("cannot be read: {error}")))?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(refused(ErrorKind::InvalidInput, "is no regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    // It may grow while it is read: one byte more than allowed tells.
    let read = file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)? as u64;
    if facts.len().max(read) > bytes_max {
        let what = format!("has {} bytes, at most {bytes_max} are allowed", facts.len().max(read));
        return Err(refused(ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, pipe.as_path(), rustix::fs::Mode::RUSR).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for endless in [Path::new("/dev/zero"), &link, &pipe, folder.path()] {
            let error = read_regular(endless, 8).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().ends_with("is no regular file"), "{error}");
        }
    }

    #[test]
    fn a_file_is_read_to_its_bound_and_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs_err::write(&file, "12345678").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(read_regular(&link, 8).unwrap(), b"12345678");
        let error = read_regular(&file, 7).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert!(error.to_string().ends_with("has 8 bytes, at most 7 are allowed"), "{error}");
        assert_eq!(
            read_regular(&folder.path().join("none"), 8).unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }
}
