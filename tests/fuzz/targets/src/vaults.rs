//! Secrets at rest and backups: files that somebody may have put in the place of ours.

use crate::input::text;
use if_core::SecretValue;
use if_vault::{SecretName, VaultError, fuzzing as vault};

/// The key of the seeds' vault. It opens nothing else.
const KEY: &str = include_str!("vault-key.txt");
/// The passphrase of the seeds' archive.
const PASSPHRASE: &[u8] = b"seeds of a fuzzer";

/// `secret-name`.
pub fn name(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(name) = SecretName::parse(text) {
        assert_eq!(name.to_string(), text);
        assert_eq!(text.split('/').count(), 3);
    }
}

/// `vault-key`: the file with the key.
pub fn key(data: &[u8]) {
    if let Some(public) = vault::key(data) {
        assert!(public.starts_with("age1") && public.is_ascii());
    }
}

/// `vault-sealed`: the age format. It opens for one key and one text only.
pub fn sealed(data: &[u8]) {
    if let Some(Ok(plain)) = vault::unsealed(KEY.trim(), data) {
        assert_eq!(plain.as_slice(), include_bytes!("../../seeds/vault-contents/two.json"));
    }
}

/// `vault-contents`: the plain text of a vault, as any age tool may have made it.
pub fn contents(data: &[u8]) {
    let Ok(written) = vault::contents(data) else { return };
    let again = vault::contents(&written).expect("its own writing is a vault");
    assert_eq!(*again, *written);
}

/// `archive-sealed`: the header of a passphrase must not cost more than is paid for it, and
/// nothing but the whole file opens.
pub fn archive(data: &[u8]) {
    match vault::opened(data, &SecretValue::new(PASSPHRASE.to_vec())) {
        Ok(plain) => assert_eq!(plain, b"a backup"),
        Err(VaultError::Passphrase) => panic!("the passphrase is text"),
        Err(error) => assert!(!error.to_string().contains('\n')),
    }
}
