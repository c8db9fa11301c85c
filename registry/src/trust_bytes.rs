//! The three trust files as they are signed: what a bundle carries, and what changes places at
//! once.

use crate::files::{names, read_capped};
use crate::swap::NewFolder;
use crate::{Layout, RegistryError, TrustFiles};
use if_core::Digest;
use if_manifest::trust::{DOCUMENT_BYTES_MAX, TrustRoot};
use if_manifest::{TrustError, sha256};
use std::io;
use std::path::PathBuf;

/// Most files beside the three in their folder: the lock, and what a later version adds.
const TRUST_FILES_MAX: usize = 64;

/// The three trust files as they are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustBytes {
    pub root: Vec<u8>,
    pub allow: Vec<u8>,
    pub deny: Vec<u8>,
}

impl TrustBytes {
    /// Those of a home; none may be missing.
    pub fn read(layout: &Layout) -> Result<Self, RegistryError> {
        let root = read_capped(&layout.root_file(), DOCUMENT_BYTES_MAX);
        let root = root.map_err(|error| match is_missing(&error) {
            true => RegistryError::TrustMissing(layout.trust_dir()),
            false => error,
        })?;
        let allow = list(layout.allow_file(), "allow-list")?;
        Ok(Self { root, allow, deny: list(layout.deny_file(), "deny-list")? })
    }

    /// What people compare: the digest of the root as it is signed.
    pub fn root_digest(&self) -> Digest {
        sha256(&self.root)
    }

    /// Verified: the root against itself and `previous`, the lists against the root.
    pub fn verify(&self, previous: Option<&TrustRoot>) -> Result<TrustFiles, TrustError> {
        TrustFiles::verify(&self.root, &self.allow, &self.deny, previous)
    }

    /// Takes the place of `old` in this home; false when it is the same. The whole folder is
    /// exchanged, so that no reader and no crash sees one list with another's root.
    pub(crate) fn put(&self, layout: &Layout, old: &TrustBytes) -> Result<bool, RegistryError> {
        if old == self {
            return Ok(false);
        }
        let files = [
            (layout.root_file(), &self.root),
            (layout.allow_file(), &self.allow),
            (layout.deny_file(), &self.deny),
        ];
        let folder = NewFolder::beside(&layout.home)?;
        for name in names(&layout.trust_dir(), TRUST_FILES_MAX)? {
            let path = layout.trust_dir().join(&name);
            // The lock is among them: it stays the same file, and so stays held.
            if files.iter().all(|(replaced, _)| *replaced != path) {
                folder.link(&path, &name)?;
            }
        }
        for (path, bytes) in files {
            if let Some(name) = path.file_name() {
                folder.write(&name.to_string_lossy(), bytes)?;
            }
        }
        folder.replace(&layout.trust_dir())?;
        TrustFiles::read(layout)?;
        Ok(true)
    }
}

/// A missing list is no empty list: somebody took it away.
fn list(path: PathBuf, document: &'static str) -> Result<Vec<u8>, RegistryError> {
    read_capped(&path, DOCUMENT_BYTES_MAX).map_err(|error| match is_missing(&error) {
        true => {
            let error = TrustError::Malformed { document, what: "it is missing".into() };
            RegistryError::TrustFile { path, error }
        }
        false => error,
    })
}

fn is_missing(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Io(error) if error.kind() == io::ErrorKind::NotFound)
}
