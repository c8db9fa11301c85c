//! A package as bytes: read once, whole, within bounds. What was hashed is what is used.

use crate::files::{names, read_capped};
use crate::{RegistryError, TrustFiles};
use if_core::{Digest, UnixMillis};
use if_manifest::model::COMPONENT_FILE;
use if_manifest::trust::{APPROVAL_BYTES_MAX, Seen, Trusted};
use if_manifest::{MANIFEST_BYTES_MAX, sha256};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Largest component. The largest useful ones carry a JavaScript engine: 12 MiB.
pub(crate) const COMPONENT_BYTES_MAX: usize = 64 << 20;

/// Largest data file, and all of them together: they are read to memory to be hashed.
pub(crate) const DATA_BYTES_MAX: usize = 32 << 20;

/// Most data files.
const DATA_COUNT_MAX: usize = 127;

/// Deepest folder below `data/`.
const DATA_DEPTH_MAX: u32 = 4;

/// Most approvals; each costs a signature check on every start.
const APPROVALS_MAX: usize = 32;

pub(crate) const MANIFEST_FILE: &str = "manifest.json";
pub(crate) const APPROVALS_DIR: &str = "approvals";

/// A component begins with the wasm magic, version 13, layer 1 (component-model Binary.md).
const COMPONENT_MAGIC: [u8; 8] = [0x00, b'a', b's', b'm', 0x0d, 0x00, 0x01, 0x00];

/// All files of a package.
#[derive(Debug, Clone)]
pub struct Package {
    pub dir: PathBuf,
    pub component: Vec<u8>,
    pub manifest: Vec<u8>,
    /// By name inside the package: `data/sbom.json`.
    pub data: BTreeMap<String, Vec<u8>>,
    /// By file name.
    pub approvals: BTreeMap<String, Vec<u8>>,
}

impl Package {
    /// Reads the package in `dir`. Nothing is verified yet but sizes, links and the magic.
    pub fn read(dir: &Path) -> Result<Package, RegistryError> {
        let component = match read_capped(&dir.join(COMPONENT_FILE), COMPONENT_BYTES_MAX) {
            Err(RegistryError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                let what = "is missing: `ifctl plugin pack` makes one";
                return Err(RegistryError::malformed(COMPONENT_FILE, what));
            }
            component => component?,
        };
        check_magic(&component)?;
        let mut data = BTreeMap::new();
        read_data(dir, "data", DATA_DEPTH_MAX, &mut data)?;
        Ok(Package {
            dir: dir.to_owned(),
            component,
            manifest: read_manifest(dir)?,
            data,
            approvals: read_approvals(dir)?,
        })
    }

    /// A package of these files, by their names inside it, in the bounds of [`Package::read`].
    /// Nothing is verified yet.
    pub(crate) fn of(
        dir: &Path,
        mut files: BTreeMap<String, Vec<u8>>,
    ) -> Result<Package, RegistryError> {
        let mut take = |name: &str, bytes_max: usize| {
            let bytes = files.remove(name).unwrap_or_default();
            let bounded = !bytes.is_empty() && bytes.len() <= bytes_max;
            let what = "is missing, or larger than it may be";
            if bounded { Ok(bytes) } else { Err(RegistryError::malformed(name, what)) }
        };
        let component = take(COMPONENT_FILE, COMPONENT_BYTES_MAX)?;
        let manifest = take(MANIFEST_FILE, MANIFEST_BYTES_MAX)?;
        check_magic(&component)?;
        let (mut data, mut approvals) = (BTreeMap::new(), BTreeMap::new());
        for (name, bytes) in files {
            let foreign = || RegistryError::malformed(&name, "is no part of a package");
            let parts: Vec<&str> = name.split('/').collect();
            if parts.iter().any(|part| ["", ".", ".."].contains(part)) {
                return Err(foreign());
            }
            match parts.as_slice() {
                [APPROVALS_DIR, approval] if bytes.len() <= APPROVAL_BYTES_MAX => {
                    approvals.insert((*approval).to_owned(), bytes);
                }
                ["data", deeper @ ..] if deeper.len() <= DATA_DEPTH_MAX as usize + 1 => {
                    data.insert(name, bytes);
                }
                _ => return Err(foreign()),
            }
        }
        let data_bytes: usize = data.values().map(Vec::len).sum();
        let bounded = approvals.len() <= APPROVALS_MAX && data.len() <= DATA_COUNT_MAX;
        if !bounded || data_bytes > DATA_BYTES_MAX {
            return Err(RegistryError::malformed("data", "is more than a package may have"));
        }
        Ok(Package { dir: dir.to_owned(), component, manifest, data, approvals })
    }

    /// Verifies everything: the trust path, the component, every data file, and no file besides.
    pub(crate) fn trust(
        &self,
        files: &TrustFiles,
        now: UnixMillis,
        seen: Seen,
        target: &str,
    ) -> Result<Trusted, RegistryError> {
        let approvals: Vec<Vec<u8>> = self.approvals.values().cloned().collect();
        let component = Some(sha256(&self.component));
        let trusted = files.evaluate(&self.manifest, &approvals, component, now, seen, target)?;
        self.check_data(|name| trusted.subject_digest(name), trusted.subjects.len())?;
        Ok(trusted)
    }

    /// Each data file has the digest that `signed` knows, and none is missing or extra.
    pub(crate) fn check_data(
        &self,
        signed: impl Fn(&str) -> Option<Digest>,
        subjects: usize,
    ) -> Result<(), RegistryError> {
        for (name, bytes) in &self.data {
            let Some(signed) = signed(name) else {
                return Err(RegistryError::malformed(name, "is not in the manifest"));
            };
            check_digest(name, bytes, signed)?;
        }
        // Every file is a subject; so equal counts leave no subject without its file.
        if self.data.len() + 1 == subjects {
            return Ok(());
        }
        Err(RegistryError::malformed("data", "a file that the manifest names is missing"))
    }
}

/// Refuses bytes that are not the signed ones.
pub(crate) fn check_digest(file: &str, bytes: &[u8], signed: Digest) -> Result<(), RegistryError> {
    let found = sha256(bytes);
    if found == signed {
        return Ok(());
    }
    Err(RegistryError::Tampered { file: file.to_owned(), found, signed })
}

/// Refuses native code, core modules and text, each by its name.
pub(crate) fn check_magic(bytes: &[u8]) -> Result<(), RegistryError> {
    let what = match bytes {
        _ if bytes.starts_with(&COMPONENT_MAGIC) => return Ok(()),
        [0, b'a', b's', b'm', ..] => {
            "is a core module, not a component: build with --target wasm32-wasip2"
        }
        [0x7f, b'E', b'L', b'F', ..] => "is native code, not a component",
        _ => "is not a WebAssembly component",
    };
    Err(RegistryError::malformed(COMPONENT_FILE, what))
}

pub(crate) fn read_manifest(dir: &Path) -> Result<Vec<u8>, RegistryError> {
    read_capped(&dir.join(MANIFEST_FILE), MANIFEST_BYTES_MAX)
}

pub(crate) fn read_approvals(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>, RegistryError> {
    let folder = dir.join(APPROVALS_DIR);
    let mut approvals = BTreeMap::new();
    for name in names(&folder, APPROVALS_MAX)? {
        let bytes = read_capped(&folder.join(&name), APPROVAL_BYTES_MAX)?;
        approvals.insert(name, bytes);
    }
    Ok(approvals)
}

fn read_data(
    dir: &Path,
    inside: &str,
    depth: u32,
    data: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), RegistryError> {
    for entry in names(&dir.join(inside), DATA_COUNT_MAX)? {
        let name = format!("{inside}/{entry}");
        let path = dir.join(&name);
        if fs_err::symlink_metadata(&path)?.is_dir() {
            if depth == 0 {
                return Err(RegistryError::malformed(name, "is nested too deeply"));
            }
            read_data(dir, &name, depth - 1, data)?;
            continue;
        }
        let used: usize = data.values().map(Vec::len).sum();
        let bytes = read_capped(&path, DATA_BYTES_MAX.saturating_sub(used))?;
        data.insert(name, bytes);
        if data.len() > DATA_COUNT_MAX {
            return Err(RegistryError::malformed("data", "has too many files"));
        }
    }
    Ok(())
}
