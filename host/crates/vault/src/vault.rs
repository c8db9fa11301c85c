//! The vault: one encrypted file, its key, and the operations on what is inside.
//!
//! Nothing is read until the first question. What was decrypted is kept, and asked again of the
//! disk
//! only when the file is another one; it is zeroed with the vault. A change is made under a lock,
//! on
//! what is on disk at that moment, so two processes at once lose nothing. A missing vault file is
//! an
//! error and never an empty vault: silence would hide that the secrets are gone.

use crate::contents::{Bytes, CONTENTS_BYTES_MAX, Contents, Entry};
use crate::file::{Closed, Links, Stamp, lock, read_private, replace};
use crate::{SecretName, VaultError, seal};
use if_core::{SecretValue, UnixMillis};
use if_disk::Lock;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Largest value: an RSA key with its certificate chain is below 16 KiB. Larger things are files.
pub const VALUE_BYTES_MAX: usize = 64 << 10;

/// Largest vault file: the plain text, 16 bytes for each 64 KiB of it, and age's header.
const FILE_BYTES_MAX: usize = CONTENTS_BYTES_MAX + (64 << 10);

/// The secrets of one installation. No `Debug`: it may hold them decrypted.
pub struct Vault {
    key_path: PathBuf,
    vault_path: PathBuf,
    decrypted: Mutex<Option<(Stamp, Arc<Contents>)>>,
}

/// What may be told about a stored secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub name: SecretName,
    /// 1 for the first value; rises with every new one.
    pub version: u64,
    pub set_at: UnixMillis,
    /// The operator's own words.
    pub note: Option<String>,
}

impl Vault {
    /// The vault in these two files. Costs nothing and touches no disk.
    pub fn open(key_path: impl Into<PathBuf>, vault_path: impl Into<PathBuf>) -> Self {
        Self {
            key_path: key_path.into(),
            vault_path: vault_path.into(),
            decrypted: Mutex::new(None),
        }
    }

    /// Makes a key and an empty vault, both 0600. A key that is there without a vault is kept and
    /// used: a creation that was interrupted can be repeated.
    ///
    /// # Errors
    /// [`VaultError::Exists`] when there is a vault file: it is never overwritten.
    pub fn create(
        key_path: impl Into<PathBuf>,
        vault_path: impl Into<PathBuf>,
    ) -> Result<Self, VaultError> {
        let vault = Self::open(key_path, vault_path);
        let lock = lock(&vault.vault_path)?;
        if exists(&vault.vault_path)? {
            return Err(VaultError::Exists(vault.vault_path));
        }
        if !exists(&vault.key_path)? {
            replace(&vault.key_path, seal::new_key_text().as_bytes(), &lock)?;
        }
        vault.write(&Contents::empty(), &lock)?;
        drop(lock);
        Ok(vault)
    }

    /// The value under `name` (`<provider>/<instance>/<secret>`).
    pub fn get(&self, name: &str) -> Result<SecretValue, VaultError> {
        let name = SecretName::parse(name)?;
        match self.contents()?.secrets.get(&name) {
            Some(entry) => Ok(SecretValue::new(entry.value.expose().to_vec())),
            None => Err(VaultError::Missing(name)),
        }
    }

    /// Whether a value is stored under `name`.
    pub fn contains(&self, name: &str) -> Result<bool, VaultError> {
        let name = SecretName::parse(name)?;
        Ok(self.contents()?.secrets.contains_key(&name))
    }

    /// Stores a value, new or in place of another; the note stays. Returns the value's version.
    pub fn set(&self, name: &str, value: SecretValue, now: UnixMillis) -> Result<u64, VaultError> {
        let name = SecretName::parse(name)?;
        check_size(&name, value.expose())?;
        self.change(|contents| Ok(store(contents, name, &value, now)))
    }

    /// Stores a new value in place of one that must be there. Returns the value's version.
    ///
    /// # Errors
    /// [`VaultError::Missing`] when there is nothing to rotate.
    pub fn rotate(
        &self,
        name: &str,
        value: SecretValue,
        now: UnixMillis,
    ) -> Result<u64, VaultError> {
        let name = SecretName::parse(name)?;
        check_size(&name, value.expose())?;
        self.change(|contents| {
            if !contents.secrets.contains_key(&name) {
                return Err(VaultError::Missing(name));
            }
            Ok(store(contents, name, &value, now))
        })
    }

    /// Writes or takes away the operator's note on a secret.
    pub fn set_note(&self, name: &str, note: Option<String>) -> Result<(), VaultError> {
        let name = SecretName::parse(name)?;
        self.change(|contents| match contents.secrets.get_mut(&name) {
            Some(entry) => {
                entry.note = note;
                Ok(())
            }
            None => Err(VaultError::Missing(name)),
        })
    }

    /// Takes a secret away.
    ///
    /// # Errors
    /// [`VaultError::Missing`] when there is none.
    pub fn remove(&self, name: &str) -> Result<(), VaultError> {
        let name = SecretName::parse(name)?;
        self.change(|contents| match contents.secrets.remove(&name) {
            Some(_) => Ok(()),
            None => Err(VaultError::Missing(name)),
        })
    }

    /// All secrets by name, without their values.
    pub fn list(&self) -> Result<Vec<Listed>, VaultError> {
        let listed = |(name, entry): (&SecretName, &Entry)| Listed {
            name: name.clone(),
            version: entry.version,
            set_at: entry.set_at,
            note: entry.note.clone(),
        };
        Ok(self.contents()?.secrets.iter().map(listed).collect())
    }

    /// Reads, changes and replaces the file while nobody else can.
    fn change<T>(
        &self,
        edit: impl FnOnce(&mut Contents) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        // Before the lock, whose file would otherwise be made in a home that has no vault.
        self.require_both()?;
        let lock = lock(&self.vault_path)?;
        let (mut contents, _) = self.read()?;
        let result = edit(&mut contents)?;
        self.write(&contents, &lock)?;
        Ok(result)
    }

    /// What is on disk, decrypted now or before.
    fn contents(&self) -> Result<Arc<Contents>, VaultError> {
        self.require_both()?;
        let mut decrypted = self.decrypted.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::now(&self.vault_path)?;
        if let Some((seen, contents)) = decrypted.as_ref()
            && *seen == stamp
        {
            return Ok(Arc::clone(contents));
        }
        let (contents, stamp) = self.read()?;
        let contents = Arc::new(contents);
        *decrypted = Some((stamp, Arc::clone(&contents)));
        Ok(contents)
    }

    fn read(&self) -> Result<(Contents, Stamp), VaultError> {
        let identity = seal::read_key(&self.key_path)?;
        let (sealed, stamp) =
            read_private(&self.vault_path, Closed::ToWriters, Links::Refuse, FILE_BYTES_MAX)?;
        let plain = seal::unseal(&identity, &sealed, &self.vault_path)?;
        Ok((Contents::from_json(&plain, &self.vault_path)?, stamp))
    }

    fn write(&self, contents: &Contents, lock: &Lock) -> Result<(), VaultError> {
        let identity = seal::read_key(&self.key_path)?;
        let sealed = seal::seal(&identity, &contents.to_json()?)?;
        replace(&self.vault_path, &sealed, lock)
    }

    /// Names the missing half, or says that there is no vault at all.
    fn require_both(&self) -> Result<(), VaultError> {
        match (exists(&self.key_path)?, exists(&self.vault_path)?) {
            (true, true) => Ok(()),
            (false, false) => Err(VaultError::NoVault(self.vault_path.clone())),
            (false, true) => Err(VaultError::PartMissing(self.key_path.clone())),
            (true, false) => Err(VaultError::PartMissing(self.vault_path.clone())),
        }
    }
}

/// Puts the value in place, one version further.
fn store(contents: &mut Contents, name: SecretName, value: &SecretValue, now: UnixMillis) -> u64 {
    let before = contents.secrets.remove(&name);
    let version = before.as_ref().map_or(1, |entry| entry.version.saturating_add(1));
    let note = before.and_then(|entry| entry.note);
    let value = Bytes::new(value.expose());
    contents.secrets.insert(name, Entry { value, version, set_at: now, note });
    version
}

/// An empty value is always a mistake: an empty file, a prompt answered with return.
pub(crate) fn check_size(name: &SecretName, value: &[u8]) -> Result<(), VaultError> {
    if value.is_empty() {
        return Err(VaultError::Empty(name.clone()));
    }
    if value.len() > VALUE_BYTES_MAX {
        return Err(VaultError::ValueTooLarge { name: name.clone(), bytes_max: VALUE_BYTES_MAX });
    }
    Ok(())
}

/// Whether something stands at `path`, a broken link included.
fn exists(path: &Path) -> Result<bool, VaultError> {
    match fs_err::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
