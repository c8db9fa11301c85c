//! An approval: one principal, in one role, says yes or no to one manifest, until a day.
//!
//! It is identified by (principal, manifest digest), never by its own bytes: the same words can be
//! wrapped in many envelopes.

use super::{APPROVAL, Role, TrustRoot, malformed, open, unsigned};
use crate::dsse::APPROVAL_TYPE;
use crate::keys::KeyId;
use crate::{TrustError, parse_strict};
use if_core::{Digest, UnixMillis};
use serde::{Deserialize, Serialize};

/// Largest approval file: four digests and a signature, with room.
pub const APPROVAL_BYTES_MAX: usize = 16 << 10;

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Approve,
    /// Blocks the manifest whatever others say, and never expires.
    Reject,
}

/// What a principal signs about a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    pub manifest_sha256: Digest,
    pub principal: KeyId,
    /// `publisher` or `reviewer`.
    pub role: Role,
    pub decision: Decision,
    /// From this instant a yes no longer counts.
    pub expires: UnixMillis,
}

/// Reads an approval if a key that the root knows signed it, revoked ones included: the caller
/// decides what a revoked principal's word is worth. `None` for principals unknown here: a package
/// may carry the approvals of other installations.
pub fn verify_approval(bytes: &[u8], root: &TrustRoot) -> Result<Option<Approval>, TrustError> {
    let envelope = open::<Approval>(bytes, APPROVAL_BYTES_MAX)?;
    let signed = envelope.verify(APPROVAL_TYPE, |id| root.keys.get(id));
    let (signers, payload) = signed.map_err(unsigned::<Approval>)?;
    if signers.is_empty() {
        return Ok(None);
    }
    let approval: Approval =
        parse_strict(payload, APPROVAL_BYTES_MAX).map_err(malformed::<Approval>)?;
    let invalid =
        |what: &str| TrustError::SignatureInvalid { document: APPROVAL, what: what.into() };
    if !signers.contains(&approval.principal) {
        return Err(invalid("the principal named in it is not who signed it"));
    }
    if !matches!(approval.role, Role::Publisher | Role::Reviewer) {
        return Err(invalid("only publishers and reviewers approve manifests"));
    }
    Ok(Some(approval))
}
