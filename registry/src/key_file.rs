//! Private keys as files: closed to others, under a passphrase unless their owner wanted none, and
//! the public half beside each.
//!
//! How a passphrase seals a key is not known here: whoever can encrypt and ask a person brings it
//! ([`KeyGuard`]). The public half (`root.key.pub`) says whose key it is without the passphrase; it
//! is a note, and nothing is believed for its sake.

use crate::files::read_capped;
use crate::lock::Lock;
use crate::{Layout, RegistryError};
use if_core::{Code, Problem};
use if_disk::write_atomic;
use if_manifest::{KeyError, KeyId, PublicKey, SigningKey};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Largest key file: a PKCS#8 PEM of an Ed25519 key has 119 bytes, sealed some 350.
const KEY_BYTES_MAX: usize = 4 << 10;

/// What a sealed key begins with: the age format, which any age tool opens.
pub const SEALED: &[u8] = b"age-encryption.org/v1\n";

/// Who knows the passphrases.
pub trait KeyGuard: Send + Sync {
    /// What of this new private key may lie on a disk; `None` leaves it in the clear.
    fn seal(&self, path: &Path, pem: &[u8]) -> Result<Option<Vec<u8>>, Problem>;

    /// The PEM of a sealed key.
    fn open(&self, path: &Path, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Problem>;
}

/// Knows no passphrase: keys are made in the clear, and sealed ones stay shut.
pub struct InTheClear;

impl KeyGuard for InTheClear {
    fn seal(&self, _: &Path, _: &[u8]) -> Result<Option<Vec<u8>>, Problem> {
        Ok(None)
    }

    fn open(&self, path: &Path, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let text = format!("the key {} is under a passphrase", path.display());
        Err(Problem::new(Code::Passphrase, text))
    }
}

/// The key `init` made.
pub fn root_key(layout: &Layout, guard: &dyn KeyGuard) -> Result<SigningKey, RegistryError> {
    read_key(&layout.root_key_file(), guard)
}

/// Whose the key of this home is, as far as can be told without a passphrase.
pub fn own_key(layout: &Layout) -> Option<KeyId> {
    let path = layout.root_key_file();
    let bytes = closed(&path).ok()?;
    if bytes.starts_with(SEALED) {
        let public = read_capped(&public_path(&path), KEY_BYTES_MAX).ok()?;
        return Some(PublicKey::parse(std::str::from_utf8(&public).ok()?).ok()?.id());
    }
    Some(parse(&path, &bytes).ok()?.id())
}

/// Reads a private key; refuses a file that others may read.
pub fn read_key(path: &Path, guard: &dyn KeyGuard) -> Result<SigningKey, RegistryError> {
    opened(path, &closed(path)?, guard)
}

/// Makes a key and writes it, with its public half. The same path is never written over.
pub fn new_key(path: &Path, guard: &dyn KeyGuard) -> Result<SigningKey, RegistryError> {
    if fs_err::symlink_metadata(path).is_ok() {
        let what = format!("{} exists and is never written over", path.display());
        return Err(RegistryError::Usage(what));
    }
    make_key(path, guard)
}

/// Puts a key under another passphrase, or in the clear. A key that changes meanwhile is left as it
/// is: a rotation may just be putting another in its place.
pub fn reseal_key(
    layout: &Layout,
    path: &Path,
    guard: &dyn KeyGuard,
) -> Result<(KeyId, bool), RegistryError> {
    let before = closed(path)?;
    let key = opened(path, &before, guard)?;
    let _lock = Lock::take(layout)?;
    if closed(path)? != before {
        return Err(RegistryError::Busy(path.to_owned()));
    }
    let sealed = write_key(path, &key, guard)?;
    Ok((key.id(), sealed))
}

/// The file of a key's public half.
pub fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// Makes a key and writes it, closed to others.
pub(crate) fn make_key(path: &Path, guard: &dyn KeyGuard) -> Result<SigningKey, RegistryError> {
    let mut seed = Zeroizing::new([0u8; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|error| io::Error::other(error.to_string()))?;
    let key = SigningKey::from_seed(&seed);
    write_key(path, &key, guard)?;
    Ok(key)
}

/// Gives the key file and its public half another name.
pub(crate) fn move_key(from: &Path, to: &Path) -> Result<(), RegistryError> {
    match fs_err::rename(public_path(from), public_path(to)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    Ok(fs_err::rename(from, to)?)
}

/// Writes the public half, then the key; says whether it is sealed.
fn write_key(path: &Path, key: &SigningKey, guard: &dyn KeyGuard) -> Result<bool, RegistryError> {
    let named = |error| RegistryError::Key { path: path.to_owned(), error };
    let pem = key.to_pem().map_err(named)?;
    let sealed = guard.seal(path, pem.as_bytes())?;
    let public = key.public().to_pem().map_err(named)?;
    write_atomic(&public_path(path), public.as_bytes(), 0o644)?;
    write_atomic(path, sealed.as_deref().unwrap_or(pem.as_bytes()), 0o600)?;
    Ok(sealed.is_some())
}

/// The file's bytes, if it is closed to others.
fn closed(path: &Path) -> Result<Zeroizing<Vec<u8>>, RegistryError> {
    let bytes = match read_capped(path, KEY_BYTES_MAX) {
        Err(RegistryError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RegistryError::KeyMissing(path.to_owned()));
        }
        other => Zeroizing::new(other?),
    };
    if fs_err::symlink_metadata(path)?.permissions().mode() & 0o077 != 0 {
        return Err(RegistryError::KeyOpen(path.to_owned()));
    }
    Ok(bytes)
}

fn opened(path: &Path, bytes: &[u8], guard: &dyn KeyGuard) -> Result<SigningKey, RegistryError> {
    if !bytes.starts_with(SEALED) {
        return parse(path, bytes);
    }
    parse(path, &guard.open(path, bytes)?)
}

fn parse(path: &Path, pem: &[u8]) -> Result<SigningKey, RegistryError> {
    let named = |error| RegistryError::Key { path: path.to_owned(), error };
    let pem = std::str::from_utf8(pem).map_err(|_| named(KeyError::Private))?;
    SigningKey::from_pem(pem).map_err(named)
}
