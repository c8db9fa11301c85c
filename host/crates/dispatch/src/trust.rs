//! The trust root of this home: who may sign what, and how that changes.

use crate::host::Host;
use crate::job::explain;
use crate::plugin::APPROVAL_MILLIS;
use if_core::Problem;
use if_manifest::trust::{AllowList, DenyList, TrustRoot};
use if_manifest::{KeyId, SigningKey};
use if_registry::{RootChange, Rotated, TrustBytes, TrustFiles};
use std::path::{Path, PathBuf};

/// Everything that is believed here.
#[derive(Debug, Clone)]
pub struct Believed {
    /// Of the root as it is signed: what people compare.
    pub digest: String,
    pub root: TrustRoot,
    pub allow: AllowList,
    pub deny: DenyList,
    /// The key of this home, if it is here.
    pub own: Option<KeyId>,
}

impl Host {
    /// The verified trust files.
    pub fn trust(&self) -> Result<Believed, Problem> {
        let bytes = TrustBytes::read(&self.layout).map_err(explain)?;
        let files = TrustFiles::read(&self.layout).map_err(explain)?;
        Ok(Believed {
            digest: bytes.root_digest().to_string(),
            root: TrustRoot::clone(&files.root),
            allow: AllowList::clone(&files.allow),
            deny: DenyList::clone(&files.deny),
            own: if_registry::own_key(&self.layout),
        })
    }

    /// Makes the trust of a home that has none.
    pub fn make_trust(&self) -> Result<KeyId, Problem> {
        let key = if_registry::init_trust(&self.layout, self.now(), &*self.guard);
        let key = key.map_err(explain)?;
        self.note(&format!("trust root made, key {key}"))?;
        Ok(key)
    }

    /// Makes the next root, signed by this home's key and these.
    pub fn change_root(
        &self,
        changes: &[RootChange],
        keys: &[PathBuf],
    ) -> Result<Rotated, Problem> {
        let keys = self.signers(keys, true)?;
        let keys: Vec<&SigningKey> = keys.iter().collect();
        let rotated = if_registry::change_root(&self.layout, changes, &keys, self.now());
        let rotated = rotated.map_err(explain)?;
        self.note(&format!("trust root is version {} now", rotated.version))?;
        Ok(rotated)
    }

    /// Puts a fresh key in the place of this home's own.
    pub fn rotate_root(&self, keys: &[PathBuf]) -> Result<Rotated, Problem> {
        let others = self.signers(keys, false)?;
        let others: Vec<&SigningKey> = others.iter().collect();
        let expires = self.now().plus_millis(APPROVAL_MILLIS);
        let guard = &*self.guard;
        let rotated = if_registry::rotate_root(&self.layout, &others, guard, self.now(), expires);
        let rotated = rotated.map_err(explain)?;
        let key = rotated.key.map(|key| key.to_string()).unwrap_or_default();
        self.note(&format!("trust root is version {} now, its key {key}", rotated.version))?;
        Ok(rotated)
    }

    /// Makes a key outside the trust of this home, for a publisher or a reviewer.
    pub fn new_key(&self, path: &Path) -> Result<KeyId, Problem> {
        let key = if_registry::new_key(path, &*self.guard).map_err(explain)?;
        Ok(key.id())
    }

    /// Puts a key under another passphrase, or in the clear; the home's own where none is named.
    /// Says whose it is, and whether it has a passphrase now.
    pub fn reseal_key(&self, path: Option<&Path>) -> Result<(KeyId, bool), Problem> {
        let own = self.layout.root_key_file();
        let path = path.unwrap_or(&own);
        let (id, sealed) =
            if_registry::reseal_key(&self.layout, path, &*self.guard).map_err(explain)?;
        let how = if sealed { "under a new passphrase" } else { "in the clear" };
        self.note(&format!("key {id} is {how} now"))?;
        Ok((id, sealed))
    }

    /// The private keys in these files, and the home's own where `own` says so.
    pub(crate) fn signers(&self, files: &[PathBuf], own: bool) -> Result<Vec<SigningKey>, Problem> {
        let mut keys = Vec::new();
        if own {
            match if_registry::root_key(&self.layout, &*self.guard) {
                // Others may suffice.
                Err(if_registry::RegistryError::KeyMissing(_)) if !files.is_empty() => {}
                key => keys.push(key.map_err(explain)?),
            }
        }
        for file in files {
            keys.push(self.key(Some(file))?);
        }
        Ok(keys)
    }
}
