//! The set of policies that holds in a home, by the digest of its file.

use super::{DOCUMENT_BYTES_MAX, Role, TrustRoot, Verified, malformed, open, payload_of};
use crate::TrustError;
use if_core::Digest;
use serde::{Deserialize, Serialize};

/// What those with the role `policy` sign about `policies.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySet {
    /// From 1, rising: an older set does not come back.
    pub version: u64,
    /// Of the file, byte for byte.
    pub sha256: Digest,
}

/// Verifies a set against the role `policy` of the root.
///
/// # Errors
/// It does not parse, or too few of the role signed it.
pub fn verify_policy_set(
    bytes: &[u8],
    root: &TrustRoot,
) -> Result<Verified<PolicySet>, TrustError> {
    let envelope = open::<PolicySet>(bytes, DOCUMENT_BYTES_MAX)?;
    let set: PolicySet = payload_of(&envelope, root, Role::Policy)?;
    match set.version {
        0 => Err(malformed::<PolicySet>("versions begin with 1")),
        _ => Ok(Verified(set)),
    }
}
