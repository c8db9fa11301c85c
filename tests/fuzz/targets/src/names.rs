//! Names, ids, digests and keys: what is accepted prints as it was written, and is harmless.

use crate::input::text;
use if_core::{CapabilityId, Digest, OperationId, Word};
use if_manifest::{KeyId, PublicKey, SigningKey};
use std::fmt::Display;

/// What a name may consist of, whatever kind it is: nothing that a path, a terminal or a table
/// would read otherwise.
fn harmless(name: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    !name.is_empty() && name.split('.').all(|part| !part.is_empty() && part.chars().all(plain))
}

fn as_written(accepted: &impl Display, text: &str) {
    assert_eq!(accepted.to_string(), text, "an accepted name prints otherwise");
}

/// `name`: words, capability ids, operation ids, digests, key ids.
pub fn name(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(word) = Word::new(text) {
        as_written(&word, text);
        assert!(harmless(text) && !text.contains('.') && text.len() <= 63);
    }
    if let Ok(id) = CapabilityId::new(text) {
        as_written(&id, text);
        assert!(harmless(id.name()), "{:?} is no folder's name", id.name());
    }
    if let Ok(id) = OperationId::new(text) {
        as_written(&id, text);
        assert!(harmless(text) && text.len() == 32);
    }
    if let Ok(digest) = Digest::parse(text) {
        assert_eq!(Digest::parse(&digest.to_string()), Ok(digest));
        assert_eq!(digest.hex(), text.strip_prefix("sha256:").unwrap_or(text));
    }
    if let Ok(id) = KeyId::parse(text) {
        as_written(&id, text);
    }
}

/// `key`: public keys as text and PEM, private ones as PEM.
pub fn key(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(key) = PublicKey::parse(text) {
        assert_eq!(PublicKey::parse(&key.to_string()).as_ref(), Ok(&key));
        assert_eq!(PublicKey::parse(&key.to_pem().unwrap()).as_ref(), Ok(&key));
        assert_eq!(KeyId::parse(&key.id().to_string()), Ok(key.id()));
        assert!(!key.verifies(data, &[0; 64]), "a signature of zeros is nobody's");
    }
    if let Ok(key) = SigningKey::from_pem(text) {
        let again = SigningKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(again.id(), key.id());
        assert!(key.public().verifies(data, &again.sign(data)));
    }
}
