//! The key that signs the log: Ed25519, PKCS#8 PEM, readable by its owner alone.
//!
//! A signature covers a context and the leaf hash, so that no other document signed with this key
//! can pass as a leaf. An outsider checks it with OpenSSL: the PEM of the public key and the
//! 52 bytes of [`signed_bytes`] are all it takes.

use crate::{Hash32, WitnessError};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, KeypairBytes};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt;
use if_tlog::{Name, SignatureLine};
use std::fmt;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// What stands before the leaf hash in every signed message.
const CONTEXT: &[u8] = b"infrafabric leaf v1\n";

/// The public half: whose log it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(Hash32::parse(text)?.as_bytes())
    }

    /// Wraps raw bytes; `None` when they are no point of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(bytes).ok().map(Self)
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// As the formats of logs take it.
    pub(crate) fn dalek(&self) -> VerifyingKey {
        self.0
    }

    /// Subject public key info as PEM (RFC 8410), as OpenSSL reads it.
    pub fn to_pem(&self) -> Result<String, WitnessError> {
        let malformed = |_| WitnessError::KeyMalformed { path: "public key".into() };
        self.0.to_public_key_pem(LineEnding::LF).map_err(malformed)
    }

    /// Whether `signature` is this key's over the leaf hash. Refuses weak keys and malleable forms.
    pub fn verifies(&self, hash: &Hash32, signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(&signed_bytes(hash), &signature).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// The private half. Zeroed when dropped, absent from `Debug`.
pub(crate) struct LogKey(SigningKey);

impl LogKey {
    /// Reads the key file.
    pub(crate) fn load(path: &Path) -> Result<Self, WitnessError> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(WitnessError::KeyMissing { path: path.to_owned() });
            }
            Err(error) => return Err(WitnessError::File(error)),
        };
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(WitnessError::KeyUnsafe { path: path.to_owned(), mode });
        }
        let pem = Zeroizing::new(fs::read_to_string(path).map_err(WitnessError::File)?);
        SigningKey::from_pkcs8_pem(&pem)
            .map(Self)
            .map_err(|_| WitnessError::KeyMalformed { path: path.to_owned() })
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, hash: &Hash32) -> [u8; 64] {
        self.0.sign(&signed_bytes(hash)).to_bytes()
    }

    /// Signs a note, such as a checkpoint, under this name.
    pub(crate) fn sign_note(&self, text: &str, name: Name) -> SignatureLine {
        if_tlog::sign(text, name, &self.0)
    }

    /// Vouches for somebody's checkpoint under this name, at a time in seconds since 1970.
    pub(crate) fn cosign_note(&self, text: &str, at: u64, name: Name) -> SignatureLine {
        if_tlog::cosign(text, at, name, &self.0)
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn for_test(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.public())
    }
}

/// Makes the key of a new log at `path`, mode 0600, durable before it returns.
///
/// # Errors
/// [`WitnessError::KeyExists`]: a key that signed something is never overwritten.
pub fn create_key(path: &Path) -> Result<PublicKey, WitnessError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|_| WitnessError::Random)?;
    let key = SigningKey::from_bytes(&seed);
    // Without the public half (PKCS#8 version 1): every OpenSSL reads that.
    let bytes = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    let pem = bytes
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_| WitnessError::KeyMalformed { path: path.to_owned() })?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => WitnessError::KeyExists { path: path.to_owned() },
        _ => WitnessError::File(error),
    })?;
    let written = file.write_all(pem.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a key would stand in the way of the next attempt.
        let _ = fs::remove_file(path);
        return Err(WitnessError::File(error));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder).and_then(|file| file.sync_all()).map_err(WitnessError::File)?;
    }
    Ok(PublicKey(key.verifying_key()))
}

/// The exact bytes that are signed: `infrafabric leaf v1`, a line feed, the 32-byte leaf hash.
fn signed_bytes(hash: &Hash32) -> Vec<u8> {
    [CONTEXT, hash.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::{Code, Explain};

    #[test]
    fn a_key_survives_its_file_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("witness.key");
        let public = create_key(&path).unwrap();
        let key = LogKey::load(&path).unwrap();
        assert_eq!(key.public(), public);
        assert_eq!(PublicKey::parse(&public.to_string()), Some(public));
        assert!(public.to_pem().unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
        let before = fs::read(&path).unwrap();
        assert!(matches!(create_key(&path), Err(WitnessError::KeyExists { .. })));
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("witness.key");
        create_key(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, PermissionsExt::from_mode(0o604)).unwrap();
        let error = LogKey::load(&path).unwrap_err();
        assert_eq!(error.code(), Code::HomeUnsafe);
        assert_eq!(error.hints(), [format!("chmod 600 {}", path.display())]);
    }

    #[test]
    fn missing_and_broken_keys_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("witness.key");
        assert_eq!(LogKey::load(&path).unwrap_err().code(), Code::KeyMissing);
        fs::write(&path, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert!(matches!(LogKey::load(&path), Err(WitnessError::KeyMalformed { .. })));
    }

    #[test]
    fn a_signature_binds_key_and_hash() {
        let (key, hash) = (LogKey::for_test(1), Hash32::from([7; 32]));
        let signature = key.sign(&hash);
        assert!(key.public().verifies(&hash, &signature));
        assert!(!key.public().verifies(&Hash32::ZERO, &signature));
        assert!(!LogKey::for_test(2).public().verifies(&hash, &signature));
        assert!(!key.public().verifies(&hash, &signature[..63]));
    }
}
