//! Files of one operation: those the user named as parameters, and the package's data. The host
//! opens them; a guest knows them by name only and cannot say a path.

use if_core::{BlobSource, Code, Problem, Refusal, RefusalKind};
use if_manifest::model::{Kind, Parameter};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Most bytes of one read: what a guest may make the host hold at once.
const READ_BYTES_MAX: u32 = 256 << 10;

/// Reads a data file of the package, by name, its digest checked.
pub type DataReader = Box<dyn Fn(&str) -> Result<Option<Vec<u8>>, Problem> + Send + Sync>;

/// The files of one operation.
pub struct Files {
    parameters: Mutex<BTreeMap<String, Open>>,
    data: DataReader,
    loaded: Mutex<BTreeMap<String, Vec<u8>>>,
}

struct Open {
    file: fs_err::File,
    writable: bool,
    bytes_left: u64,
    /// Still holds what was in it before: a command that fails first must not have emptied it.
    old: bool,
}

impl Files {
    /// Opens every file parameter, before anything else happens: a missing file is a usage error.
    /// In a dry run an output file is not made.
    pub fn open(
        paths: &BTreeMap<String, PathBuf>,
        parameters: &[Parameter],
        dry_run: bool,
        data: DataReader,
    ) -> Result<Self, Problem> {
        let mut opened = BTreeMap::new();
        for (name, path) in paths {
            let kind = parameters.iter().find(|p| p.name.as_str() == name).map(|p| &p.kind);
            let failed = |e: std::io::Error| {
                Problem::new(Code::Usage, format!("the file for --{name} cannot be opened"))
                    .because(e.to_string())
            };
            let open = match kind {
                Some(Kind::FileIn { bytes_max }) => Open {
                    file: fs_err::File::open(path).map_err(failed)?,
                    writable: false,
                    bytes_left: *bytes_max,
                    old: false,
                },
                Some(Kind::FileOut { bytes_max }) if !dry_run => Open {
                    file: fs_err::OpenOptions::new()
                        .write(true)
                        .create(true)
                        .truncate(false)
                        .open(path)
                        .map_err(failed)?,
                    writable: true,
                    bytes_left: *bytes_max,
                    old: true,
                },
                _ => continue,
            };
            opened.insert(name.clone(), open);
        }
        Ok(Self { parameters: Mutex::new(opened), data, loaded: Mutex::default() })
    }

    fn read_parameter(
        &self,
        name: &str,
        offset: u64,
        bytes_max: u32,
    ) -> Result<(Vec<u8>, bool), Refusal> {
        let mut parameters = self.parameters.lock().unwrap_or_else(PoisonError::into_inner);
        let open =
            parameters.get_mut(name).filter(|open| !open.writable).ok_or_else(|| unknown(name))?;
        let wanted = u64::from(bytes_max.min(READ_BYTES_MAX));
        let end = offset.saturating_add(wanted);
        if end > open.bytes_left.saturating_add(wanted) {
            return Err(too_large(name));
        }
        let mut bytes = Vec::new();
        open.file.seek(SeekFrom::Start(offset)).map_err(|e| failed(name, &e))?;
        Read::by_ref(&mut open.file)
            .take(wanted)
            .read_to_end(&mut bytes)
            .map_err(|e| failed(name, &e))?;
        let at_end = (bytes.len() as u64) < wanted;
        Ok((bytes, at_end))
    }

    fn read_data(
        &self,
        name: &str,
        offset: u64,
        bytes_max: u32,
    ) -> Result<(Vec<u8>, bool), Refusal> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if !loaded.contains_key(name) {
            let bytes = (self.data)(name)
                .map_err(|p| Refusal::fatal(RefusalKind::Invalid, p.code, p.message))?
                .ok_or_else(|| unknown(name))?;
            loaded.insert(name.to_owned(), bytes);
        }
        let bytes = loaded.get(name).map_or(&[][..], Vec::as_slice);
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let rest = bytes.get(start..).unwrap_or_default();
        let piece = rest.get(..bytes_max.min(READ_BYTES_MAX) as usize).unwrap_or(rest);
        Ok((piece.to_vec(), piece.len() == rest.len()))
    }
}

impl BlobSource for Files {
    fn read(&self, blob: &str, offset: u64, bytes_max: u32) -> Result<(Vec<u8>, bool), Refusal> {
        match blob.split_once(':') {
            Some(("parameter", name)) => self.read_parameter(name, offset, bytes_max),
            Some(("data", name)) => self.read_data(name, offset, bytes_max),
            _ => Err(unknown(blob)),
        }
    }

    fn append(&self, blob: &str, bytes: &[u8]) -> Result<(), Refusal> {
        let name = blob.strip_prefix("parameter:").unwrap_or(blob);
        let mut parameters = self.parameters.lock().unwrap_or_else(PoisonError::into_inner);
        let open =
            parameters.get_mut(name).filter(|open| open.writable).ok_or_else(|| unknown(name))?;
        open.bytes_left =
            open.bytes_left.checked_sub(bytes.len() as u64).ok_or_else(|| too_large(name))?;
        if std::mem::take(&mut open.old) {
            open.file.set_len(0).map_err(|e| failed(name, &e))?;
        }
        open.file.write_all(bytes).map_err(|e| failed(name, &e))
    }
}

fn unknown(name: &str) -> Refusal {
    Refusal::new(
        RefusalKind::Invalid,
        Code::CapabilityDenied,
        format!("there is no file `{name}` here"),
    )
}

fn too_large(name: &str) -> Refusal {
    Refusal::fatal(
        RefusalKind::Limit,
        Code::LimitOutput,
        format!("the file `{name}` is larger than the manifest allows"),
    )
}

fn failed(name: &str, error: &std::io::Error) -> Refusal {
    let code =
        if error.kind() == std::io::ErrorKind::StorageFull { Code::StoreFull } else { Code::Store };
    Refusal::fatal(RefusalKind::Invalid, code, format!("the file `{name}` cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::Word;

    fn files(folder: &std::path::Path) -> Files {
        let parameter = |name: &str, kind| Parameter {
            name: Word::new(name).unwrap(),
            summary: String::new(),
            kind,
            required: false,
            positional: false,
            default: None,
            complete: None,
        };
        let parameters = [
            parameter("in", Kind::FileIn { bytes_max: 6 }),
            parameter("out", Kind::FileOut { bytes_max: 4 }),
        ];
        fs_err::write(folder.join("in"), b"abcdef").unwrap();
        fs_err::write(folder.join("out"), b"what was there before").unwrap();
        let paths = BTreeMap::from([
            ("in".to_owned(), folder.join("in")),
            ("out".to_owned(), folder.join("out")),
        ]);
        let data: DataReader = Box::new(|name| match name {
            "table" => Ok(Some(b"0123456789".to_vec())),
            "../../key" => Ok(None),
            other => Err(Problem::new(Code::Tampered, other.to_owned())),
        });
        Files::open(&paths, &parameters, false, data).unwrap()
    }

    #[test]
    fn a_guest_reads_and_writes_only_what_was_named_and_within_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        assert_eq!(files.read("parameter:in", 4, 10).unwrap(), (b"ef".to_vec(), true));
        assert_eq!(files.read("parameter:in", 7, 10).unwrap_err().code, Code::LimitOutput);
        assert_eq!(files.read("parameter:out", 0, 10).unwrap_err().code, Code::CapabilityDenied);
        assert_eq!(
            files.read("parameter:/etc/passwd", 0, 10).unwrap_err().code,
            Code::CapabilityDenied
        );
        assert_eq!(fs_err::read(folder.path().join("out")).unwrap(), b"what was there before");
        files.append("parameter:out", b"1234").unwrap();
        assert_eq!(files.append("parameter:out", b"5").unwrap_err().code, Code::LimitOutput);
        assert_eq!(files.append("parameter:in", b"5").unwrap_err().code, Code::CapabilityDenied);
        assert_eq!(fs_err::read(folder.path().join("out")).unwrap(), b"1234");
    }

    #[test]
    fn package_data_is_read_in_pieces_after_its_digest_was_checked() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        assert_eq!(files.read("data:table", 8, 10).unwrap(), (b"89".to_vec(), true));
        assert_eq!(files.read("data:table", 0, 3).unwrap(), (b"012".to_vec(), false));
        assert_eq!(files.read("data:other", 0, 3).unwrap_err().code, Code::Tampered);
        let unlisted = files.read("data:../../key", 0, 3).unwrap_err();
        assert_eq!((unlisted.code, unlisted.ends_call), (Code::CapabilityDenied, false));
    }
}
