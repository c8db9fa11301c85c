//! What a witness says of somebody's checkpoint: C2SP tlog-cosignature, its Ed25519 form. The
//! witness has seen that the log has only grown, and nothing larger of it until that time.

use crate::note::{Algorithm, Name, SignatureLine, Verifier};
use ed25519_dalek::{Signer, SigningKey};

/// The line of a witness under a checkpoint's text, at a time in seconds since 1970.
pub fn cosign(text: &str, at: u64, name: Name, key: &SigningKey) -> SignatureLine {
    let verifier = Verifier::new(name, Algorithm::Cosignature, key.verifying_key());
    let signature = key.sign(message(at, text).as_bytes()).to_bytes();
    SignatureLine::new(&verifier, [&at.to_be_bytes()[..], &signature].concat())
}

/// What is signed.
pub(crate) fn message(at: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {at}\n{text}")
}

/// The time in front of a signature. Beyond 2^63 there is none.
pub(crate) fn split(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (at, signature) = bytes.split_first_chunk()?;
    let at = u64::from_be_bytes(*at);
    i64::try_from(at).ok().map(|_| (at, signature))
}
