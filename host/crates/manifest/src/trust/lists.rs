//! The allow-list (what may run, until when, under which cap) and the deny-list (what may not).

use super::{DOCUMENT_BYTES_MAX, Role, TrustRoot, Verified, malformed, open, payload_of};
use crate::TrustError;
use crate::keys::KeyId;
use crate::validate::is_host;
use if_core::{CapabilityId, Digest, UnixMillis, Word};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: u64 = 24 * 3_600_000;

/// How long a new allow-list holds: the longest a frozen copy can hide a revocation.
pub const ALLOW_VALIDITY_MS: u64 = 90 * DAY_MS;

/// From this long before the end every command warns: two working weeks to find the key's holder.
pub const EXPIRY_WARNING_MS: u64 = 14 * DAY_MS;

/// How long after the end a release that already ran here keeps running, with a warning: an
/// expired list must not stop a show on a weekend. Nothing new loads.
pub const EXPIRED_GRACE_MS: u64 = 7 * DAY_MS;

/// What may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowList {
    /// From 1, rising with every change.
    pub version: u64,
    pub issued: UnixMillis,
    pub expires: UnixMillis,
    pub entries: Vec<AllowEntry>,
}

/// One release that may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowEntry {
    pub id: CapabilityId,
    pub version: Version,
    pub manifest_sha256: Digest,
    pub component_sha256: Digest,
    /// The word typed behind `if`; it belongs to one id only.
    pub provider: Word,
    /// Releases below this are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_min: Option<u64>,
    /// The most it may be granted: scopes as the manifest writes them, `studio:*`, or `*`.
    pub scopes_cap: Vec<String>,
    /// Distinct reviewers whose approval it needs beside the publishers'.
    pub reviewers_required: u32,
    /// Literal places beyond the manifest's templates: `host:port`, IPv6 in brackets.
    #[serde(default)]
    pub hosts: Vec<String>,
}

/// What may not run any more. It does not expire: forgetting a revocation is never safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenyList {
    /// From 1, rising with every change.
    pub version: u64,
    pub entries: Vec<DenyEntry>,
}

/// One revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenyEntry {
    pub target: DenyTarget,
    /// One line for whoever is refused.
    pub reason: String,
    pub at: UnixMillis,
}

/// What is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DenyTarget {
    /// A manifest or a component.
    Digest(Digest),
    /// A principal: its approvals no longer count.
    Key(KeyId),
}

impl AllowEntry {
    /// Whether the cap covers this scope.
    pub fn caps(&self, scope: &str) -> bool {
        self.scopes_cap.iter().any(|cap| match cap.strip_suffix('*') {
            None => cap == scope,
            Some(prefix) => scope.starts_with(prefix),
        })
    }
}

impl AllowList {
    fn check(&self) -> Result<(), String> {
        if self.version == 0 || self.expires <= self.issued {
            return Err("version or dates make no sense".into());
        }
        let mut releases = BTreeSet::new();
        let mut words: BTreeMap<&Word, &CapabilityId> = BTreeMap::new();
        for entry in &self.entries {
            let AllowEntry { id, version, provider, .. } = entry;
            if !releases.insert((id, version)) {
                return Err(format!("{id} {version} stands twice"));
            }
            if words.insert(provider, id).is_some_and(|before| before != id) {
                return Err(format!("the word `{provider}` is given to two plugins"));
            }
            // `st*` would cover scopes nobody thought of: a star stands alone or behind a colon.
            let legal = |cap: &String| match cap.strip_suffix('*') {
                None => !cap.contains('*'),
                Some(prefix) => {
                    !prefix.contains('*') && (prefix.is_empty() || prefix.ends_with(':'))
                }
            };
            if let Some(cap) = entry.scopes_cap.iter().find(|cap| !legal(cap)) {
                return Err(format!("cap `{cap}` must be a scope, `name:*` or `*`"));
            }
            if let Some(host) = entry.hosts.iter().find(|host| !is_place(host)) {
                return Err(format!("`{host}` must be host:port, without wildcards"));
            }
        }
        Ok(())
    }
}

/// `name:443`, `192.0.2.1:80`, `[2001:db8::1]:80`.
fn is_place(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').filter(|address| address.contains(':')),
        None => Some(host).filter(|name| !name.contains(':')),
    };
    let port = port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port);
    port && host.is_some_and(is_host)
}

/// Verifies an allow-list against the role `allowlist` of the root; `evaluate` judges its dates.
pub fn verify_allow(bytes: &[u8], root: &TrustRoot) -> Result<Verified<AllowList>, TrustError> {
    let envelope = open::<AllowList>(bytes, DOCUMENT_BYTES_MAX)?;
    let list: AllowList = payload_of(&envelope, root, Role::Allowlist)?;
    list.check().map_err(malformed::<AllowList>)?;
    Ok(Verified(list))
}

/// Verifies a deny-list against the role `allowlist` of the root.
pub fn verify_deny(bytes: &[u8], root: &TrustRoot) -> Result<Verified<DenyList>, TrustError> {
    let envelope = open::<DenyList>(bytes, DOCUMENT_BYTES_MAX)?;
    let list: DenyList = payload_of(&envelope, root, Role::Allowlist)?;
    if list.version == 0 {
        return Err(malformed::<DenyList>("version makes no sense"));
    }
    Ok(Verified(list))
}
