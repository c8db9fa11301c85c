//! The encryption: age, X25519, one identity per installation.
//!
//! The file is the age format itself (age-encryption.org/v1), so that a person with the key can
//! open
//! the vault with any age tool when this program is not at hand. age authenticates every chunk: a
//! changed, cut or swapped file does not open. The library's own working buffers are its affair.

use crate::VaultError;
use crate::file::{Closed, Links, read_private};
use age::x25519::Identity;
use age::{DecryptError, Decryptor};
use secrecy::ExposeSecret;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// An identity is one line of 74 characters; the rest is room for comments.
const KEY_BYTES_MAX: usize = 4096;

/// The text of a new key file.
pub(crate) fn new_key_text() -> Zeroizing<String> {
    let identity = Identity::generate();
    Zeroizing::new(format!(
        "# InfraFabric vault key. Without it vault.age cannot be opened; keep a copy offline.\n\
         # public key: {}\n{}\n",
        identity.to_public(),
        identity.to_string().expose_secret()
    ))
}

/// Reads the identity from its file, which must be closed to everybody else.
pub(crate) fn read_key(path: &Path) -> Result<Identity, VaultError> {
    let (bytes, _) = read_private(path, Closed::ToAll, Links::Refuse, KEY_BYTES_MAX)?;
    parse_key(&bytes).ok_or_else(|| VaultError::NotAKey(path.to_owned()))
}

/// The one line that is neither empty nor a comment.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<Identity> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let identity = lines.next()?.parse().ok()?;
    lines.next().is_none().then_some(identity)
}

/// Encrypts to the identity's own public half.
pub(crate) fn seal(identity: &Identity, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    age::encrypt(&identity.to_public(), plain).map_err(VaultError::Encrypt)
}

/// Decrypts what [`seal`] made. `path` is only named in errors.
pub(crate) fn unseal(
    identity: &Identity,
    sealed: &[u8],
    path: &Path,
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let explain = |error: DecryptError| match error {
        DecryptError::NoMatchingKeys => VaultError::WrongKey(path.to_owned()),
        DecryptError::UnknownFormat => VaultError::UnknownForm(path.to_owned()),
        _ => VaultError::Damaged(path.to_owned()),
    };
    let decryptor = Decryptor::new_buffered(sealed).map_err(explain)?;
    let mut reader =
        decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)).map_err(explain)?;
    // The plain text is shorter than the sealed one, so this never grows and leaves no copies.
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    reader.read_to_end(&mut plain).map_err(|_| VaultError::Damaged(path.to_owned()))?;
    Ok(plain)
}
