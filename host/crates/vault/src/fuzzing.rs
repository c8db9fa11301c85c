//! Readers of foreign bytes, reachable for `tests/fuzz`. The feature `fuzzing` switches this module
//! on; no program that ships has it (`xtask tidy`).

use crate::contents::Contents;
use crate::{VaultError, archive, seal};
use age::x25519::Identity;
use if_core::SecretValue;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// What a key file holds, as its public half.
pub fn key(bytes: &[u8]) -> Option<String> {
    seal::parse_key(bytes).map(|identity| identity.to_public().to_string())
}

/// The plain text of a sealed vault under the key in this text.
pub fn unsealed(key: &str, sealed: &[u8]) -> Option<Result<Zeroizing<Vec<u8>>, VaultError>> {
    let identity: Identity = key.parse().ok()?;
    Some(seal::unseal(&identity, sealed, Path::new("vault.age")))
}

/// The plain text of a vault, read and written anew.
pub fn contents(plain: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    Contents::from_json(plain, Path::new("vault.age"))?.to_json()
}

/// What is under a passphrase, at a cost that a fuzzer can pay.
pub fn opened(sealed: &[u8], passphrase: &SecretValue) -> Result<Vec<u8>, VaultError> {
    let mut plain = Vec::new();
    archive::open_at_most(sealed, passphrase, WORK_LOG_MAX)?.read_to_end(&mut plain)?;
    Ok(plain)
}

/// 2^4: some microseconds for a guess.
const WORK_LOG_MAX: u8 = 4;
