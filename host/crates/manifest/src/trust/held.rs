//! A word on a held command: one principal says yes or no to one intent, by its hash.

use super::{APPROVAL_BYTES_MAX, Decision, HELD, Role, TrustRoot, malformed, open, seal, unsigned};
use crate::dsse::HELD_TYPE;
use crate::keys::{KeyId, SigningKey};
use crate::{TrustError, parse_strict};
use if_core::{Digest, UnixMillis};
use serde::{Deserialize, Serialize};

/// What a principal signs about a held command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldVoice {
    /// Everything that was asked, and when: see `if_governor::Held`.
    pub intent_sha256: Digest,
    pub principal: KeyId,
    pub decision: Decision,
    pub at: UnixMillis,
}

/// Signs a word.
///
/// # Errors
/// It cannot be written.
pub fn sign_held(voice: &HeldVoice, key: &SigningKey) -> Result<Vec<u8>, TrustError> {
    seal(voice, &[key])
}

/// Reads a word that counts: of a principal who may approve here and is not revoked.
///
/// # Errors
/// It does not parse, its principal did not sign it, or has no say.
pub fn verify_held(bytes: &[u8], root: &TrustRoot) -> Result<HeldVoice, TrustError> {
    let envelope = open::<HeldVoice>(bytes, APPROVAL_BYTES_MAX)?;
    let signed = envelope.verify(HELD_TYPE, |id| root.key(id));
    let (signers, payload) = signed.map_err(unsigned::<HeldVoice>)?;
    let voice: HeldVoice =
        parse_strict(payload, APPROVAL_BYTES_MAX).map_err(malformed::<HeldVoice>)?;
    if !signers.contains(&voice.principal) {
        let what =
            format!("key {} did not sign it, or the trust root does not name it", voice.principal);
        return Err(TrustError::SignatureInvalid { document: HELD, what });
    }
    if !root.holds(&voice.principal, root.approving()) {
        let what = format!("key {} does not speak for {}", voice.principal, root.approving());
        return Err(TrustError::SignatureInvalid { document: HELD, what });
    }
    Ok(voice)
}

impl TrustRoot {
    /// Whose word counts for what is held.
    pub fn approving(&self) -> Role {
        match self.role(Role::Approver).keys.is_empty() {
            true => Role::Root,
            false => Role::Approver,
        }
    }
}
