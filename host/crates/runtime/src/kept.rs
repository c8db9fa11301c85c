//! What policies made of their settings, beside the compiled code: under the digest of both, with a
//! MAC. Whoever cannot be believed is asked anew, and nobody stops for a cache.

use crate::runtime::Runtime;
use fs_err::File;
use if_core::Digest;
use std::io::{Read, Write};
use std::path::PathBuf;

/// Largest that is kept: prepared rules for a hundred pages.
const KEPT_BYTES_MAX: u64 = 8 << 20;

const MAC_BYTES: usize = 32;

/// What the MAC is for, with the version of the format.
const PURPOSE: &str = "infrafabric prepared settings 1";

impl Runtime {
    /// What this component made of these settings before.
    pub fn recall(&self, component: &Digest, settings: &str) -> Option<String> {
        let (path, name) = self.kept_at(component, settings);
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(KEPT_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        let (mac, text) = bytes.split_first_chunk::<MAC_BYTES>()?;
        // `blake3::Hash` compares in constant time.
        let genuine = self.kept_mac(&name, text) == blake3::Hash::from_bytes(*mac);
        genuine.then(|| String::from_utf8(text.to_vec()).ok()).flatten()
    }

    /// Keeps it for the next time.
    pub fn keep(&self, component: &Digest, settings: &str, made: &str) {
        let (path, name) = self.kept_at(component, settings);
        let written = tempfile::NamedTempFile::new_in(self.cache_dir()).and_then(|mut file| {
            file.write_all(self.kept_mac(&name, made.as_bytes()).as_bytes())?;
            file.write_all(made.as_bytes())?;
            file.persist(path).map_err(|error| error.error)
        });
        let _ = written;
    }

    fn kept_at(&self, component: &Digest, settings: &str) -> (PathBuf, String) {
        let settings = blake3::hash(settings.as_bytes()).to_hex();
        let name = format!("{}-{settings}.prepared", component.hex());
        (self.cache_dir().join(&name), name)
    }

    fn kept_mac(&self, name: &str, text: &[u8]) -> blake3::Hash {
        let key = blake3::derive_key(PURPOSE, self.cache_key());
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(text);
        hasher.finalize()
    }
}
