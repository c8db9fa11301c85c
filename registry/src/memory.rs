//! Long allow-lists are read once: what a plugin needs of one lies in the cache until the list
//! changes. Whether it is believed, `if_manifest::trust` says; here it is only kept and found.

use crate::files::read_capped;
use crate::{TrustBytes, TrustFiles};
use if_core::Word;
use if_manifest::trust::{AllowList, Remembered, Verified, verify_deny, verify_root};
use std::io::Write;
use std::path::PathBuf;

/// Shorter lists are verified sooner than a memory of them is found.
const WORTHWHILE_BYTES: usize = 32 * 1024;

/// Largest memory: one plugin's entries.
const MEMORY_BYTES_MAX: usize = 64 * 1024;

/// Where the memories lie, and the key of their MAC, which lies elsewhere.
pub struct Memory {
    pub folder: PathBuf,
    pub key: [u8; 32],
}

impl Memory {
    /// The trust files, the allow-list as far as it speaks of this word; `None` where it is not
    /// remembered, and the whole list must be read.
    pub(crate) fn recall(&self, bytes: &TrustBytes, provider: &Word) -> Option<TrustFiles> {
        if bytes.allow.len() < WORTHWHILE_BYTES {
            return None;
        }
        let memory = read_capped(&self.path(provider), MEMORY_BYTES_MAX).ok()?;
        let allow = self.of(bytes, provider).read(&memory)?;
        let root = verify_root(&bytes.root, None).ok()?;
        let deny = verify_deny(&bytes.deny, &root).ok()?;
        Some(TrustFiles { root, allow, deny })
    }

    /// Keeps what `allow`, verified, says of this word. Nobody waits for a cache or stops for it:
    /// what cannot be kept is verified again.
    pub(crate) fn keep(&self, bytes: &TrustBytes, allow: &Verified<AllowList>, provider: &Word) {
        if bytes.allow.len() < WORTHWHILE_BYTES {
            return;
        }
        let Some(memory) = self.of(bytes, provider).write(allow) else { return };
        let written = tempfile::NamedTempFile::new_in(&self.folder).and_then(|mut file| {
            file.write_all(&memory)?;
            file.persist(self.path(provider)).map_err(|error| error.error)
        });
        let _ = written;
    }

    fn of<'a>(&'a self, bytes: &'a TrustBytes, provider: &'a Word) -> Remembered<'a> {
        Remembered { provider, root: &bytes.root, allow: &bytes.allow, key: &self.key }
    }

    fn path(&self, provider: &Word) -> PathBuf {
        self.folder.join(format!("{provider}.allow"))
    }
}
