//! Ed25519 keys: the public half as text and id, the private half as a thing that signs.
//!
//! A key's id is the SHA-256 of its SPKI DER (RFC 8410), so that openssl and we agree on it. The
//! private bytes leave only as PKCS#8 PEM in a zeroing buffer; there is no `Debug` that shows them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes,
};
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use if_core::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// In front of a public key's base64: says what it is and which version of the form.
const TEXT_PREFIX: &str = "ifk1:";

/// SPKI DER of an Ed25519 key is these bytes and the 32 of the key (RFC 8410 §4).
const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A text that is no key. Never holds the text: it may be half a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("not a public key: expected ifk1:<base64 of 32 bytes> or an Ed25519 SPKI PEM")]
    Public,
    #[error("a public key of small order proves nothing and is refused")]
    Weak,
    #[error("not a private key: expected an Ed25519 PKCS#8 PEM")]
    Private,
    #[error("not a P-256 public key: expected an SPKI PEM of one, uncompressed")]
    P256,
    #[error("not a key id: expected 64 lower-case hexadecimal digits")]
    Id,
}

/// A principal: SHA-256 of a public key's SPKI DER, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(Digest);

impl KeyId {
    /// Reads 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<KeyId, KeyError> {
        if text.len() != 64 {
            return Err(KeyError::Id);
        }
        Digest::parse(text).map(KeyId).map_err(|_| KeyError::Id)
    }

    /// The id with this digest.
    pub(crate) fn from_digest(digest: Digest) -> KeyId {
        KeyId(digest)
    }

    /// The first 12 digits: enough for a person, and for a file name.
    pub fn short(&self) -> String {
        self.0.short()
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyError;
    fn try_from(text: String) -> Result<KeyId, KeyError> {
        KeyId::parse(&text)
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> String {
        id.0.hex()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.hex())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.short())
    }
}

/// A public key that is a point of the curve and not of small order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads `ifk1:<base64>` or an SPKI PEM.
    pub fn parse(text: &str) -> Result<PublicKey, KeyError> {
        let key = match text.strip_prefix(TEXT_PREFIX) {
            Some(encoded) => {
                let bytes = STANDARD.decode(encoded).map_err(|_| KeyError::Public)?;
                let bytes: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Public)?;
                VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Public)?
            }
            None => VerifyingKey::from_public_key_pem(text).map_err(|_| KeyError::Public)?,
        };
        if key.is_weak() { Err(KeyError::Weak) } else { Ok(PublicKey(key)) }
    }

    /// SPKI PEM (RFC 8410), as openssl writes it.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Public)
    }

    /// The principal this key is.
    pub fn id(&self) -> KeyId {
        let mut spki = Vec::with_capacity(SPKI_PREFIX.len() + 32);
        spki.extend_from_slice(&SPKI_PREFIX);
        spki.extend_from_slice(self.0.as_bytes());
        KeyId(crate::sha256(&spki))
    }

    /// Whether `signature` is this key's over `message`; refuses malleable forms (`verify_strict`).
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;
    fn try_from(text: String) -> Result<PublicKey, KeyError> {
        PublicKey::parse(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.to_string()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{TEXT_PREFIX}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// A private key. Zeroed when dropped.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key of these 32 random bytes; whoever calls brings the randomness.
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> SigningKey {
        SigningKey(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads PKCS#8 PEM, ours or openssl's.
    pub fn from_pem(pem: &str) -> Result<SigningKey, KeyError> {
        let key = ed25519_dalek::SigningKey::from_pkcs8_pem(pem);
        key.map(SigningKey).map_err(|_| KeyError::Private)
    }

    /// PKCS#8 version 1 PEM (RFC 8410 §7), which every openssl reads.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let mut bytes = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let pem = bytes.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Private);
        zeroize::Zeroize::zeroize(&mut bytes.secret_key);
        pem
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The principal this key is.
    pub fn id(&self) -> KeyId {
        self.public().id()
    }

    /// The 64 bytes of the signature over `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}…)", self.id().short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 §7.1 test 1: an empty message.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const SIGNATURE: &str = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555f\
                             b8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    /// RFC 8410 §10.1 and §10.3.
    const RFC_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    const RFC_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";

    fn unhex<const N: usize>(text: &str) -> [u8; N] {
        let bytes: Vec<u8> = (0..text.len() / 2)
            .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        bytes.try_into().unwrap()
    }

    #[test]
    fn signs_and_verifies_as_the_rfc_says() {
        let key = SigningKey::from_seed(&Zeroizing::new(unhex(SEED)));
        assert_eq!(key.public().0.as_bytes(), &unhex::<32>(PUBLIC));
        assert_eq!(key.sign(b""), unhex::<64>(SIGNATURE));
        assert!(key.public().verifies(b"", &unhex(SIGNATURE)));
        assert!(!key.public().verifies(b"x", &unhex(SIGNATURE)));
    }

    #[test]
    fn pem_forms_are_those_of_openssl() {
        let key = SigningKey::from_pem(RFC_PRIVATE).unwrap();
        assert_eq!(key.to_pem().unwrap().as_str(), RFC_PRIVATE);
        let public = PublicKey::parse(RFC_PUBLIC).unwrap();
        assert_eq!(key.public(), public);
        assert_eq!(public.to_pem().unwrap(), RFC_PUBLIC);
        assert_eq!(PublicKey::parse(&public.to_string()).unwrap(), public);
        // openssl pkey -pubin -outform DER | sha256sum
        let expect = "a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f";
        assert_eq!(public.id().to_string(), expect);
    }

    #[test]
    fn refuses_what_is_no_key_and_never_shows_a_private_one() {
        let zero = format!("ifk1:{}", STANDARD.encode([0u8; 32]));
        let identity = {
            let mut point = [0u8; 32];
            point[0] = 1;
            format!("ifk1:{}", STANDARD.encode(point))
        };
        for (text, error) in [
            ("", KeyError::Public),
            ("ifk1:AAAA", KeyError::Public),
            (RFC_PRIVATE, KeyError::Public),
            (&zero, KeyError::Weak),
            (&identity, KeyError::Weak),
        ] {
            assert_eq!(PublicKey::parse(text), Err(error), "{text}");
        }
        assert_eq!(SigningKey::from_pem(RFC_PUBLIC).unwrap_err(), KeyError::Private);
        let key = SigningKey::from_pem(RFC_PRIVATE).unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey({}…)", key.id().short()));
        assert!(KeyId::parse(&format!("sha256:{}", "ab".repeat(32))).is_err());
        assert!(KeyId::parse(&"AB".repeat(32)).is_err());
    }
}
