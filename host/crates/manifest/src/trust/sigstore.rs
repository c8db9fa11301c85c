//! Principals without a key of ours: people certified by a Sigstore installation that the root
//! pins, and P-256 keys whose signatures it logs.
//!
//! Who they are is data of the signed root and the same in every host: an id, a role, a revocation
//! mean for them what they mean for an Ed25519 key. Verifying their bundles is a feature of the
//! build; without it their approvals count for nothing.

#[cfg(feature = "sigstore")]
mod heard;
mod people;

#[cfg(not(feature = "sigstore"))]
use super::TrustRoot;
use super::{Approval, Role, Roles};
#[cfg(not(feature = "sigstore"))]
use crate::TrustError;
use crate::keys::KeyId;
use if_core::UnixMillis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[cfg(feature = "sigstore")]
pub(super) use heard::heard;
#[cfg(feature = "sigstore")]
pub use heard::{adopt_bundle, check_authority};
pub use people::{P256Key, Who};

/// What an approval attests when it is attested and not just signed: the predicate's type.
pub const APPROVAL_PREDICATE: &str = "if://predicate/plugin-approval/v0.1";

/// How long the signature of a manifest counts that says nothing of it itself: a year, like an
/// approval by a key of ours.
pub const SIGNATURE_VALIDITY_MS: u64 = 365 * 24 * 3_600_000;

/// Most installations and most principals of theirs: far more than a team has.
const AUTHORITIES_MAX: usize = 16;
const SIGNERS_MAX: usize = 512;

/// What a root says about Sigstore.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sigstore {
    pub authorities: BTreeMap<String, Authority>,
    pub signers: BTreeMap<KeyId, Signer>,
}

/// A pinned installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// The text of its `trusted_root.json`.
    pub trusted_root: String,
    pub proof: Proof,
}

/// What must prove when something was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// A transparency log.
    Log,
    /// A timestamp authority (RFC 3161).
    Timestamp,
    Both,
}

/// A principal, and the installation that vouches for its bundles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    pub authority: String,
    pub who: Who,
}

/// What proved one of their approvals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vouched {
    pub who: Who,
    pub authority: String,
    /// The earliest time that was proved.
    pub signed_at: UnixMillis,
    /// A certificate by the pinned authority; else a pinned key.
    pub certificate: bool,
    /// The certificate stands in a pinned certificate log.
    pub sct: bool,
    /// Where the signature stands in a transparency log.
    pub log: Option<LogPlace>,
    /// How many timestamps by pinned authorities.
    pub timestamps: usize,
}

/// A place in a transparency log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogPlace {
    pub origin: String,
    pub index: u64,
}

impl std::fmt::Display for Vouched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut proofs = Vec::new();
        proofs.extend(self.certificate.then(|| "certificate".to_owned()));
        proofs.extend(self.sct.then(|| "certificate log".to_owned()));
        let place = |place: &LogPlace| format!("entry {} of {}", place.index, place.origin);
        proofs.extend(self.log.as_ref().map(place));
        proofs.extend((self.timestamps > 0).then(|| format!("{} timestamp", self.timestamps)));
        write!(f, "{}; by {}: {}", self.who, self.authority, proofs.join(", "))
    }
}

/// What a bundle says to this installation.
#[cfg_attr(not(feature = "sigstore"), allow(dead_code))]
pub(super) enum Heard {
    Voice(Approval, Box<Vouched>),
    /// It says nothing here, and why.
    Nothing(String),
}

impl Sigstore {
    /// Nothing is pinned.
    pub fn is_empty(&self) -> bool {
        self.authorities.is_empty() && self.signers.is_empty()
    }

    pub(super) fn check(&self, roles: &Roles) -> Result<(), String> {
        if self.authorities.len() > AUTHORITIES_MAX || self.signers.len() > SIGNERS_MAX {
            return Err("more Sigstore authorities or signers than a root may name".into());
        }
        let word = |name: &String| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            (1..=64).contains(&name.len()) && name.chars().all(plain)
        };
        if let Some(name) = self.authorities.keys().find(|name| !word(name)) {
            return Err(format!("`{name}` must be lower-case letters, digits and hyphens"));
        }
        for (id, signer) in &self.signers {
            signer.who.check()?;
            if signer.who.id() != *id {
                return Err(format!("signer {id} is not the one with that id"));
            }
            if !self.authorities.contains_key(&signer.authority) {
                return Err(format!("authority `{}` is not pinned", signer.authority));
            }
        }
        // A bundle approves a manifest; it cannot sign anything else.
        let others = [(Role::Policy, &roles.policy), (Role::Approver, &roles.approver)];
        let others = others.iter().filter_map(|(role, keys)| Some((*role, keys.as_ref()?)));
        let own = [(Role::Root, &roles.root), (Role::Allowlist, &roles.allowlist)];
        for (role, keys) in own.into_iter().chain(others) {
            if let Some(id) = keys.keys.iter().find(|id| self.signers.contains_key(*id)) {
                return Err(format!("{id} signs with Sigstore, which the role {role} cannot"));
            }
        }
        Ok(())
    }
}

/// A host without the feature hears nobody.
#[cfg(not(feature = "sigstore"))]
pub(super) fn heard(
    _bundle: &[u8],
    _manifest: &[u8],
    _root: &TrustRoot,
    _now: UnixMillis,
) -> Result<Heard, TrustError> {
    Ok(Heard::Nothing("this host was built without Sigstore".into()))
}

/// Nor can it say whether a trusted root would ever prove anything.
#[cfg(not(feature = "sigstore"))]
pub fn check_authority(_authority: &Authority) -> Result<(), TrustError> {
    Err(without())
}

/// Nor attach what it cannot verify.
#[cfg(not(feature = "sigstore"))]
pub fn adopt_bundle(
    _foreign: &[u8],
    _manifest: &[u8],
    _root: &TrustRoot,
    _now: UnixMillis,
) -> Result<(Vec<u8>, Approval, Vouched), TrustError> {
    Err(without())
}

#[cfg(not(feature = "sigstore"))]
fn without() -> TrustError {
    TrustError::SignerUnknown { why: "this host was built without Sigstore".into() }
}

/// Whether a file beside a manifest is a bundle: it begins like one, and no envelope of ours does.
pub(super) fn is_bundle(bytes: &[u8]) -> bool {
    bytes.starts_with(b"{\"mediaType\":")
}
