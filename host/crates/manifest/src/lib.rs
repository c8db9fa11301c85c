//! What a plugin declares, as checked types, and the documents that are signed about it.
//!
//! Bytes are verified first and parsed afterwards: [`dsse`] knows signatures and no schema,
//! [`model`] knows the schema and no signatures, [`trust`] puts both in the one order in which a
//! plugin is believed. Unknown fields and doubled keys are refused. This crate reads no file and
//! asks no clock; the registry brings bytes and time.

pub mod diff;
pub mod dsse;
mod effect;
mod error;
pub mod keys;
mod kind;
pub mod model;
pub mod schema;
mod strict;
pub mod template;
pub mod trust;
pub mod url;
mod validate;

pub use error::{ManifestError, TrustError};
pub use keys::{KeyError, KeyId, PublicKey, SigningKey};
pub use strict::{StrictError, parse_strict};
pub use validate::{GLOBAL_FLAGS, RESERVED_COMMANDS, RESERVED_PROVIDERS, validate};

use if_core::Digest;
use sha2::{Digest as _, Sha256};

/// Largest `manifest.json`. The largest real one (797 functions, each with its effect) has 60 KiB;
/// whatever is larger only costs the verifier time.
pub const MANIFEST_BYTES_MAX: usize = 256 << 10;

/// Reads a manifest whose signatures were verified: strict JSON, then [`validate`].
pub fn parse_manifest(bytes: &[u8]) -> Result<model::Manifest, ManifestError> {
    let manifest = parse_strict(bytes, MANIFEST_BYTES_MAX)?;
    validate(&manifest)?;
    Ok(manifest)
}

/// SHA-256 of these bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}
