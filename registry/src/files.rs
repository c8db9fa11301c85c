//! Bounded reads that follow no link: what a package's folder may do to whoever opens it.
//!
//! A link could make us hash one file and later compile another, a pipe could make us wait for
//! ever, a large file could exhaust memory. Each is refused before a byte is believed.

use crate::RegistryError;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::DirBuilder;
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Reads a regular file of at most `bytes_max` bytes. A link, a device or a pipe is refused.
pub(crate) fn read_capped(path: &Path, bytes_max: usize) -> Result<Vec<u8>, RegistryError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let shown = || path.display().to_string();
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(descriptor) => std::fs::File::from(descriptor),
        Err(Errno::LOOP) => {
            return Err(RegistryError::malformed(shown(), "is a link; only own files are read"));
        }
        Err(error) => {
            let error = io::Error::from(error);
            let named = format!("opening `{}`: {error}", path.display());
            return Err(io::Error::new(error.kind(), named).into());
        }
    };
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(RegistryError::malformed(shown(), "is not a regular file"));
    }
    let too_large = || RegistryError::malformed(shown(), format!("is over {bytes_max} bytes"));
    let length = usize::try_from(facts.len()).map_err(|_| too_large())?;
    if length > bytes_max {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(length);
    // It may have grown since it was measured: one byte more than allowed tells.
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max { Err(too_large()) } else { Ok(bytes) }
}

/// Makes a folder and those above it, closed to others; one that is there stays as it is.
pub(crate) fn make_folder(path: &Path) -> Result<(), RegistryError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| {
        io::Error::new(error.kind(), format!("making `{}`: {error}", path.display())).into()
    })
}

/// What stands in a folder: names, sorted, at most `count_max`. A folder that is not there is
/// empty; one that is a link is refused.
pub(crate) fn names(path: &Path, count_max: usize) -> Result<Vec<String>, RegistryError> {
    let shown = || path.display().to_string();
    match fs_err::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
        Ok(facts) if !facts.is_dir() => {
            return Err(RegistryError::malformed(shown(), "is not a folder"));
        }
        Ok(_) => {}
    }
    let mut names = Vec::new();
    for entry in fs_err::read_dir(path)? {
        let name = entry?.file_name().into_string();
        names.push(name.map_err(|_| RegistryError::malformed(shown(), "has a name not in UTF-8"))?);
        if names.len() > count_max {
            return Err(RegistryError::malformed(shown(), format!("has over {count_max} entries")));
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_pipes_folders_and_giants_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs_err::write(at("file"), b"12345").unwrap();
        symlink(at("file"), at("link")).unwrap();
        fs_err::create_dir(at("dir")).unwrap();
        symlink(at("dir"), at("dirlink")).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), mode).unwrap();
        assert_eq!(read_capped(&at("file"), 5).unwrap(), b"12345");
        for (name, bytes_max, why) in [
            ("file", 4, "over 4 bytes"),
            ("link", 9, "is a link"),
            ("pipe", 9, "not a regular file"),
            ("dir", 9, "not a regular file"),
        ] {
            let error = read_capped(&at(name), bytes_max).unwrap_err().to_string();
            assert!(error.contains(why), "{name}: {error}");
        }
        assert!(matches!(read_capped(&at("none"), 1), Err(RegistryError::Io(_))));
        assert!(names(&at("dirlink"), 9).unwrap_err().to_string().contains("not a folder"));
        assert!(names(&at("none"), 9).unwrap().is_empty());
        assert!(names(folder.path(), 4).unwrap_err().to_string().contains("over 4 entries"));
        assert_eq!(names(folder.path(), 5).unwrap(), ["dir", "dirlink", "file", "link", "pipe"]);
    }
}
