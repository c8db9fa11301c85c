//! The archive itself: packing a folder, and unpacking one that may have been made by anybody.

use super::{FILES_MAX, FORMAT, LISTING_BYTES_MAX, LISTING_FILE, Listed, Listing, Saved};
use crate::job::explain;
use if_core::{Code, Problem, SecretValue};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

/// Bytes at a time when a file is hashed or copied.
const CHUNK_BYTES: usize = 128 << 10;

/// Deepest folder: a package's data.
const DEPTH_MAX: usize = 12;

/// A folder on its way into an archive.
pub struct Packer {
    folder: PathBuf,
    listing: Listing,
}

impl Packer {
    /// Lists and hashes every file of the folder.
    pub fn new(folder: &Path, mut listing: Listing) -> Result<Self, Problem> {
        let mut files = Vec::new();
        list(folder, folder, &mut files).map_err(|e| failed(&e))?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        listing.files = files;
        Ok(Self { folder: folder.to_owned(), listing })
    }

    /// Writes the archive, durably and whole, in place of what was there.
    pub fn write(&self, to: &Path, passphrase: Option<&SecretValue>) -> Result<Saved, Problem> {
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .permissions(std::fs::Permissions::from_mode(0o600))
            .tempfile_in(folder)
            .map_err(|e| failed(&e))?;
        let mut hashed = Hashed { inner: file.as_file_mut(), hash: Sha256::new(), bytes: 0 };
        match passphrase {
            Some(passphrase) => {
                let sealed = if_vault::seal_stream(&mut hashed, passphrase).map_err(explain)?;
                let sealed = self.pack(sealed).map_err(|e| failed(&e))?;
                sealed.finish().map_err(|e| failed(&e))?;
            }
            None => {
                self.pack(&mut hashed).map_err(|e| failed(&e))?;
            }
        }
        let (bytes, sha256) = (hashed.bytes, hex(&hashed.hash.finalize()));
        file.as_file().sync_all().map_err(|e| failed(&e))?;
        file.persist(to).map_err(|e| failed(&e.error))?;
        fs_err::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| failed(&e))?;
        let (head, leaves) = (self.listing.head.clone(), self.listing.leaves);
        Ok(Saved { files: self.listing.files.len(), bytes, sha256, head, leaves })
    }

    fn pack<W: Write>(&self, output: W) -> io::Result<W> {
        let mut tar = tar::Builder::new(output);
        tar.mode(tar::HeaderMode::Deterministic);
        // Holes are written as zeros: every entry is a plain file for any reader.
        tar.sparse(false);
        let listing = serde_json::to_vec_pretty(&self.listing)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(listing.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, LISTING_FILE, listing.as_slice())?;
        for listed in &self.listing.files {
            let mut file = fs_err::File::open(self.folder.join(&listed.path))?;
            tar.append_file(&listed.path, file.file_mut())?;
        }
        tar.into_inner()
    }
}

fn list(root: &Path, folder: &Path, files: &mut Vec<Listed>) -> io::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
            continue;
        }
        let (bytes, sha256) = digest(&path)?;
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        files.push(Listed { path: name, bytes, sha256 });
    }
    Ok(())
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut hashed = Hashed { inner: io::sink(), hash: Sha256::new(), bytes: 0 };
    io::copy(&mut fs_err::File::open(path)?, &mut hashed)?;
    Ok((hashed.bytes, hex(&hashed.hash.finalize())))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A writer that knows what went through it.
struct Hashed<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hash.update(buffer.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Whether the file is under a passphrase; refuses what is no backup.
pub fn is_sealed(path: &Path) -> Result<bool, Problem> {
    let mut start = vec![0; if_vault::MAGIC.len()];
    let file = fs_err::File::open(path).map_err(|e| unreadable(path, &e.to_string()))?;
    let mut taken = file.take(start.len() as u64);
    let mut filled = 0;
    while let Some(rest) = start.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match taken.read(rest).map_err(|e| unreadable(path, &e.to_string()))? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(start == if_vault::MAGIC)
}

/// Unpacks the file into an empty folder. Nothing but what the listing names, of its size and
/// digest, is written; every file is the owner's alone.
pub(super) fn unpack(
    path: &Path,
    passphrase: Option<&SecretValue>,
    to: &Path,
) -> Result<Listing, Problem> {
    let file = fs_err::File::open(path).map_err(|e| unreadable(path, &e.to_string()))?;
    let input = BufReader::with_capacity(CHUNK_BYTES, file);
    match passphrase {
        Some(passphrase) => {
            let opened = if_vault::open_stream(input, passphrase).map_err(explain)?;
            Unpacker { path, to }.run(opened)
        }
        None => Unpacker { path, to }.run(input),
    }
}

/// The same from memory, without a passphrase.
#[cfg(feature = "fuzzing")]
pub(super) fn unpack_bytes(bytes: &[u8], to: &Path) -> Result<Listing, Problem> {
    Unpacker { path: Path::new("backup"), to }.run(bytes)
}

struct Unpacker<'a> {
    path: &'a Path,
    to: &'a Path,
}

impl Unpacker<'_> {
    fn run(&self, input: impl Read) -> Result<Listing, Problem> {
        let mut tar = tar::Archive::new(input);
        let mut entries = tar.entries().map_err(|e| self.broken(&e.to_string()))?;
        let first = entries.next().ok_or_else(|| self.broken("it is empty"))?;
        let listing = self.listing(first.map_err(|e| self.broken(&e.to_string()))?)?;
        let mut left: BTreeMap<&str, &Listed> =
            listing.files.iter().map(|listed| (listed.path.as_str(), listed)).collect();
        if left.len() != listing.files.len() {
            return Err(self.broken("its listing names a file twice"));
        }
        for entry in entries {
            let mut entry = entry.map_err(|e| self.broken(&e.to_string()))?;
            let name = entry.path().map_err(|e| self.broken(&e.to_string()))?.into_owned();
            let name = name.to_string_lossy().into_owned();
            let listed = left.remove(name.as_str());
            let listed = listed.ok_or_else(|| self.broken(&format!("`{name}` is not listed")))?;
            if entry.header().entry_type() != tar::EntryType::Regular {
                return Err(self.broken(&format!("`{name}` is no plain file")));
            }
            self.file(listed, &mut entry)?;
        }
        match left.keys().next() {
            None => Ok(listing),
            Some(missing) => Err(self.broken(&format!("`{missing}` is missing"))),
        }
    }

    fn listing<R: Read>(&self, entry: tar::Entry<'_, R>) -> Result<Listing, Problem> {
        let named = entry.path().is_ok_and(|path| path == Path::new(LISTING_FILE));
        if !named {
            return Err(self.broken("it does not begin with backup.json"));
        }
        let mut bytes = Vec::new();
        entry
            .take(LISTING_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|e| self.broken(&e.to_string()))?;
        let format = serde_json::from_slice::<serde_json::Value>(&bytes)
            .map_err(|e| self.broken(&e.to_string()))?;
        match format.get("format").and_then(serde_json::Value::as_u64) {
            Some(format) if format > FORMAT => {
                let text = format!("the backup has form {format}, this version knows {FORMAT}");
                return Err(Problem::new(Code::StoreNewer, text));
            }
            _ => {}
        }
        let listing: Listing =
            serde_json::from_slice(&bytes).map_err(|e| self.broken(&e.to_string()))?;
        if listing.files.len() > FILES_MAX {
            return Err(self.broken("it lists too many files"));
        }
        Ok(listing)
    }

    fn file(&self, listed: &Listed, entry: &mut impl Read) -> Result<(), Problem> {
        let relative = Path::new(&listed.path);
        let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || relative.components().count() > DEPTH_MAX || listed.path.is_empty() {
            return Err(self.broken(&format!("`{}` is no path inside a home", listed.path)));
        }
        let target = self.to.join(relative);
        let written = self.write(&target, listed, entry);
        let (bytes, sha256) = written.map_err(|e| match e.kind() {
            // What could not be read is the archive's fault: cut short, or changed.
            io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Other => self.broken(&e.to_string()),
            _ => failed(&e),
        })?;
        match bytes == listed.bytes && sha256 == listed.sha256 {
            true => Ok(()),
            false => Err(self.broken(&format!("`{}` is not what was listed", listed.path))),
        }
    }

    /// Writes at most one byte more than was listed.
    fn write(
        &self,
        target: &Path,
        listed: &Listed,
        entry: &mut impl Read,
    ) -> io::Result<(u64, String)> {
        if let Some(folder) = target.parent() {
            use std::os::unix::fs::DirBuilderExt;
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(target)?;
        let mut hashed = Hashed { inner: file, hash: Sha256::new(), bytes: 0 };
        io::copy(&mut entry.take(listed.bytes.saturating_add(1)), &mut hashed)?;
        hashed.inner.sync_all()?;
        Ok((hashed.bytes, hex(&hashed.hash.finalize())))
    }

    fn broken(&self, why: &str) -> Problem {
        unreadable(self.path, why)
    }
}

fn unreadable(path: &Path, why: &str) -> Problem {
    let text = format!("{} is not a backup that can be read", path.display());
    Problem::new(Code::Usage, text).because(why)
}

fn failed(error: &io::Error) -> Problem {
    let code = match error.kind() {
        io::ErrorKind::StorageFull => Code::StoreFull,
        _ => Code::Store,
    };
    Problem::new(code, "a file of the backup cannot be read or written").because(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive with one file of this name, listed by it, as no well-behaved packer makes it.
    fn hostile(name: &str, listed_bytes: u64, body: &[u8]) -> Vec<u8> {
        let listing = Listing {
            format: FORMAT,
            program: String::new(),
            created: 0,
            log_key: String::new(),
            leaves: 0,
            head: String::new(),
            files: vec![Listed {
                path: name.to_owned(),
                bytes: listed_bytes,
                sha256: hex(&Sha256::digest(body)),
            }],
        };
        let mut tar = tar::Builder::new(Vec::new());
        for (name, body) in
            [(LISTING_FILE, serde_json::to_vec(&listing).unwrap()), (name, body.to_vec())]
        {
            let mut header = tar::Header::new_gnu();
            header.set_size(body.len() as u64);
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, body.as_slice()).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn unpacked(archive: &[u8]) -> (Result<Listing, Problem>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("a/b");
        fs_err::create_dir_all(&inside).unwrap();
        (Unpacker { path: Path::new("x"), to: &inside }.run(archive), folder)
    }

    #[test]
    fn a_plain_file_is_written_closed_to_others() {
        let (result, folder) = unpacked(&hostile("keys/k", 5, b"hello"));
        result.unwrap();
        let path = folder.path().join("a/b/keys/k");
        assert_eq!(fs_err::read(&path).unwrap(), b"hello");
        assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for name in ["../out", "/tmp/if-out", "a/../../out", "./x"] {
            let (result, folder) = unpacked(&hostile(name, 5, b"hello"));
            let problem = result.unwrap_err();
            assert_eq!(problem.code, Code::Usage, "{name}");
            assert!(!folder.path().join("a/out").exists() && !folder.path().join("out").exists());
            assert_eq!(fs_err::read_dir(folder.path().join("a/b")).unwrap().count(), 0, "{name}");
        }
    }

    #[test]
    fn a_file_of_another_size_or_content_is_refused() {
        for (bytes, body) in [(4, &b"hello"[..]), (6, &b"hello"[..])] {
            assert!(unpacked(&hostile("k", bytes, body)).0.is_err());
        }
        let mut archive = hostile("k", 5, b"hello");
        let at = archive.windows(5).rposition(|part| part == b"hello").unwrap();
        archive[at] = b'j';
        assert!(unpacked(&archive).0.is_err());
    }
}
