//! The trust root: which keys exist, what each may do, and how the next root replaces this one.

use super::sigstore::Sigstore;
use super::unsigned;
use super::{DOCUMENT_BYTES_MAX, Role, TRUST_ROOT, Verified, malformed, open, payload_of, reaches};
use crate::dsse::TRUST_ROOT_TYPE;
use crate::keys::{KeyId, PublicKey};
use crate::{TrustError, parse_strict};
use if_core::{CapabilityId, Digest, UnixMillis};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How long a root made by `init` holds. Long, because renewing it is a ceremony with the key at
/// hand, while the allow-list, which limits what a frozen copy can do, expires after 90 days.
pub const ROOT_VALIDITY_MS: u64 = 5 * 365 * 24 * 3_600_000;

/// Every capability id begins so.
const PREFIX: &str = "if://capability/";

/// Who may sign what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRoot {
    /// From 1, rising by one.
    pub version: u64,
    pub issued: UnixMillis,
    pub expires: UnixMillis,
    pub roles: Roles,
    pub keys: BTreeMap<KeyId, PublicKey>,
    pub publisher_scopes: Vec<PublisherScope>,
    pub revoked: Revocations,
    /// Principals who sign with Sigstore.
    #[serde(default, skip_serializing_if = "Sigstore::is_empty")]
    pub sigstore: Sigstore,
}

/// The keys of each role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    pub root: RoleKeys,
    pub publisher: RoleKeys,
    pub reviewer: RoleKeys,
    pub allowlist: RoleKeys,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<RoleKeys>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<RoleKeys>,
}

/// A role that nobody has: nothing reaches its threshold.
const NOBODY: RoleKeys = RoleKeys { keys: Vec::new(), threshold: 1 };

/// A role: `threshold` of these keys speak for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleKeys {
    pub keys: Vec<KeyId>,
    pub threshold: u32,
}

/// Ids under `prefix` may be published by these keys only. `if://capability/` is all of them;
/// otherwise the prefix ends in a dot, so that `acme.` never covers `acme-evil`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublisherScope {
    pub prefix: String,
    pub keys: Vec<KeyId>,
}

/// What this root takes back for good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocations {
    pub keys: Vec<KeyId>,
    pub manifests: Vec<Digest>,
    pub components: Vec<Digest>,
}

impl TrustRoot {
    /// The keys and threshold of a role; no keys where nobody has it.
    pub fn role(&self, role: Role) -> &RoleKeys {
        const NONE: &RoleKeys = &NOBODY;
        match role {
            Role::Root => &self.roles.root,
            Role::Publisher => &self.roles.publisher,
            Role::Reviewer => &self.roles.reviewer,
            Role::Allowlist => &self.roles.allowlist,
            Role::Policy => self.roles.policy.as_ref().unwrap_or(NONE),
            Role::Approver => self.roles.approver.as_ref().unwrap_or(NONE),
        }
    }

    /// A key that is known and not revoked.
    pub fn key(&self, id: &KeyId) -> Option<&PublicKey> {
        self.keys.get(id).filter(|_| !self.revoked.keys.contains(id))
    }

    /// Whether this is a principal of this root: a key, or somebody who signs with Sigstore.
    pub fn names(&self, id: &KeyId) -> bool {
        self.keys.contains_key(id) || self.sigstore.signers.contains_key(id)
    }

    /// Whether this key speaks for the role.
    pub fn holds(&self, id: &KeyId, role: Role) -> bool {
        self.role(role).keys.contains(id)
    }

    /// Whether this key may publish the id. The longest prefix that covers the id decides alone.
    pub fn may_publish(&self, key: &KeyId, id: &CapabilityId) -> bool {
        self.publisher_scopes
            .iter()
            .filter(|scope| id.as_str().starts_with(&scope.prefix))
            .max_by_key(|scope| scope.prefix.len())
            .is_some_and(|scope| scope.keys.contains(key))
    }

    fn check(&self) -> Result<(), String> {
        if self.version == 0 || self.expires <= self.issued {
            return Err("version or dates make no sense".into());
        }
        if let Some((id, _)) = self.keys.iter().find(|(id, key)| key.id() != **id) {
            return Err(format!("key {id} is not the one with that id"));
        }
        let absent = |role: &Role| match role {
            Role::Policy => self.roles.policy.is_none(),
            Role::Approver => self.roles.approver.is_none(),
            _ => false,
        };
        for role in Role::ALL.into_iter().filter(|role| !absent(role)) {
            let RoleKeys { keys, threshold } = self.role(role);
            let distinct: BTreeSet<&KeyId> = keys.iter().collect();
            if distinct.len() != keys.len() {
                return Err(format!("role {role} names a key twice"));
            }
            if !(1..=distinct.len()).contains(&(*threshold as usize)) {
                return Err(format!("role {role} can never reach its threshold of {threshold}"));
            }
            if let Some(id) = keys.iter().find(|id| !self.names(id)) {
                return Err(format!("role {role} names key {id}, which is not there"));
            }
        }
        self.sigstore.check(&self.roles)?;
        let mut prefixes = BTreeSet::new();
        for PublisherScope { prefix, .. } in &self.publisher_scopes {
            if prefix != PREFIX && !(prefix.starts_with(PREFIX) && prefix.ends_with('.')) {
                return Err(format!("prefix `{prefix}` must be `{PREFIX}` or end in a dot"));
            }
            if !prefixes.insert(prefix) {
                return Err(format!("prefix `{prefix}` stands twice"));
            }
        }
        Ok(())
    }
}

/// Verifies a root against itself and, when there is one, against the root before it: thresholds of
/// both, version exactly one higher (TUF 5.3). The only document whose payload is read before it is
/// verified, because it brings the keys; nothing of it is believed until both thresholds hold.
pub fn verify_root(
    bytes: &[u8],
    previous: Option<&TrustRoot>,
) -> Result<Verified<TrustRoot>, TrustError> {
    let envelope = open::<TrustRoot>(bytes, DOCUMENT_BYTES_MAX)?;
    if let Some(previous) = previous {
        let signed = envelope.verify(TRUST_ROOT_TYPE, |id| previous.key(id));
        let (signers, _) = signed.map_err(unsigned::<TrustRoot>)?;
        reaches::<TrustRoot>(&signers, previous, Role::Root)?;
    }
    let claimed: TrustRoot = parse_strict(envelope.unverified_payload(), DOCUMENT_BYTES_MAX)
        .map_err(malformed::<TrustRoot>)?;
    claimed.check().map_err(malformed::<TrustRoot>)?;
    let root = payload_of::<TrustRoot>(&envelope, &claimed, Role::Root)?;
    if let Some(previous) = previous {
        let expected = previous.version.saturating_add(1);
        if root.version != expected {
            return Err(TrustError::RolledBack {
                document: TRUST_ROOT,
                found: root.version,
                expected: expected.to_string(),
            });
        }
    }
    Ok(Verified(root))
}
