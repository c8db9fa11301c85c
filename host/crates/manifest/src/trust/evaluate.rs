//! The one decision: may this manifest, with these approvals, run here now?
//!
//! Always in this order: approvals → strict parse → allow-list → deny-list → release floor →
//! component digest. The manifest is not parsed before somebody we know vouched for its bytes.

use super::sigstore::{self, Heard, Vouched};
use super::{
    ALLOW_LIST, APPROVAL, AllowEntry, AllowList, Approval, DENY_LIST, Decision, DenyList,
    DenyTarget, EXPIRED_GRACE_MS, EXPIRY_WARNING_MS, Role, TRUST_ROOT, TrustRoot, Verified,
    verify_approval,
};
use crate::keys::KeyId;
use crate::model::{COMPONENT_FILE, Manifest, Predicate, Subject};
use crate::{ManifestError, TrustError, parse_manifest, sha256};
use if_core::{CapabilityId, Digest, UnixMillis};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// A refused release, in the message of [`TrustError::RolledBack`].
const RELEASE: &str = "plugin";

/// How far a version or release may be above the highest one seen: no honest one comes near.
pub const VERSION_STEP_MAX: u64 = 1 << 20;

/// Highest versions this installation has seen; what is older is a rollback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Of this plugin's releases, when the caller knows which plugin it asks about.
    pub release: Option<u64>,
    /// Of every plugin's releases: the id is known only once the manifest was verified.
    pub releases: BTreeMap<CapabilityId, u64>,
    pub root_version: Option<u64>,
    pub allow_version: Option<u64>,
    pub deny_version: Option<u64>,
}

impl Seen {
    /// The highest release of this plugin that ran here.
    fn release_of(&self, id: &CapabilityId) -> Option<u64> {
        self.release.max(self.releases.get(id).copied())
    }
}

impl From<Option<u64>> for Seen {
    /// Only the plugin's release was remembered.
    fn from(release: Option<u64>) -> Seen {
        Seen { release, ..Seen::default() }
    }
}

/// Everything the decision depends on.
pub struct TrustInput<'a> {
    pub root: &'a Verified<TrustRoot>,
    pub allow: &'a Verified<AllowList>,
    pub deny: &'a Verified<DenyList>,
    pub manifest_bytes: &'a [u8],
    /// Approval files as they are, in any order.
    pub approvals: &'a [Vec<u8>],
    /// Of the component's bytes; `None` when the caller compares them itself before it uses them.
    pub component_sha256: Option<Digest>,
    pub seen: Seen,
    pub now: UnixMillis,
}

/// A manifest that may run, and what it may be granted.
#[derive(Debug, Clone)]
pub struct Trusted {
    pub predicate: Arc<Predicate>,
    /// The package's files by digest.
    pub subjects: Vec<Subject>,
    pub manifest_digest: Digest,
    pub component_digest: Digest,
    /// Manifest ∩ cap.
    pub scopes: Vec<String>,
    /// Literal places the operator granted: `host:port`.
    pub hosts: Vec<String>,
    /// Who vouched, in which role.
    pub approvers: BTreeMap<KeyId, Role>,
    /// What proved the approvals among them that were signed with Sigstore.
    pub vouched: BTreeMap<KeyId, Vouched>,
    pub root_version: u64,
    pub allow_version: u64,
    pub deny_version: u64,
    /// Whether the root names somebody who signs the set of policies.
    pub policies_signed: bool,
    pub warnings: Vec<Warning>,
}

impl Trusted {
    /// The signed digest of a packaged file.
    pub fn subject_digest(&self, name: &str) -> Option<Digest> {
        let subject = self.subjects.iter().find(|subject| subject.name == name)?;
        Digest::parse(&subject.digest.sha256).ok()
    }
}

/// True now, and a problem soon. Days are rounded down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "warning")]
pub enum Warning {
    AllowExpires {
        days: u64,
    },
    /// Expired; this release already ran here and may for so long.
    AllowGrace {
        days: u64,
    },
    RootExpires {
        days: u64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::AllowExpires { days } => write!(
                f,
                "the allow-list expires in {days} days; any `ifctl plugin allow` renews it"
            ),
            Warning::AllowGrace { days } => write!(
                f,
                "the allow-list has expired; what already ran keeps running for {days} days"
            ),
            Warning::RootExpires { days } => write!(f, "the trust root expires in {days} days"),
        }
    }
}

/// Decides. Pure: the same input gives the same answer.
pub fn evaluate(input: &TrustInput<'_>) -> Result<Trusted, TrustError> {
    // A clock set back must not revive what expired; nothing was issued in the future.
    let now = input.now.max(input.root.issued).max(input.allow.issued);
    documents(input, now)?;
    let manifest_digest = sha256(input.manifest_bytes);
    let voices = voices(input, manifest_digest, now)?;
    let manifest = parse_manifest(input.manifest_bytes)?;
    let component = manifest.subject_digest(COMPONENT_FILE).ok_or_else(no_component)?;
    let Manifest { predicate, subject: subjects, .. } = manifest;
    publishers(input, &voices, &predicate)?;
    let mut warnings = Vec::new();
    let entry = entry(input, &predicate, manifest_digest, component)?;
    expiry(input, &predicate, now, &mut warnings)?;
    reviewers(&voices, &predicate, entry)?;
    denied(input, &predicate, manifest_digest, component)?;
    floor(input, &predicate, entry)?;
    if let Some(found) = input.component_sha256.filter(|found| *found != component) {
        return Err(TrustError::Tampered { found, signed: component });
    }
    let scopes = predicate.scopes.iter().filter(|scope| entry.caps(scope)).cloned().collect();
    // A publisher of other plugins may sign this one; it does not vouch for it.
    let vouches = |key: &KeyId, role: Role| {
        role != Role::Publisher || input.root.may_publish(key, &predicate.id)
    };
    let approvers = voices.counted.iter().filter(|(key, role)| vouches(key, **role));
    let approvers: BTreeMap<KeyId, Role> = approvers.map(|(key, role)| (*key, *role)).collect();
    let mut vouched = voices.vouched;
    vouched.retain(|key, _| approvers.contains_key(key));
    Ok(Trusted {
        scopes,
        hosts: entry.hosts.clone(),
        predicate: Arc::new(predicate),
        subjects,
        manifest_digest,
        component_digest: component,
        approvers,
        vouched,
        root_version: input.root.version,
        allow_version: input.allow.version,
        deny_version: input.deny.version,
        policies_signed: !input.root.role(Role::Policy).keys.is_empty(),
        warnings,
    })
}

fn no_component() -> ManifestError {
    ManifestError::Invalid { at: "subject".into(), what: format!("has no {COMPONENT_FILE}") }
}

/// The trust documents themselves: in their time, and none older than one seen.
fn documents(input: &TrustInput<'_>, now: UnixMillis) -> Result<(), TrustError> {
    if now >= input.root.expires {
        return Err(TrustError::Expired { document: TRUST_ROOT });
    }
    for (document, found, seen) in [
        (TRUST_ROOT, input.root.version, input.seen.root_version),
        (ALLOW_LIST, input.allow.version, input.seen.allow_version),
        (DENY_LIST, input.deny.version, input.seen.deny_version),
    ] {
        if seen.is_some_and(|seen| found < seen) {
            let expected = format!("{} or higher", seen.unwrap_or_default());
            return Err(TrustError::RolledBack { document, found, expected });
        }
        if let Some(seen) = seen {
            leap(document, found, seen)?;
        }
    }
    Ok(())
}

/// Nothing runs ahead so far that its honest successors would for ever be older than it.
fn leap(document: &'static str, found: u64, seen: u64) -> Result<(), TrustError> {
    if found <= seen.saturating_add(VERSION_STEP_MAX) {
        return Ok(());
    }
    Err(TrustError::LeapsAhead { document, found, seen })
}

/// Who said yes, and whose yes does not count and why.
#[derive(Default)]
struct Voices {
    counted: BTreeMap<KeyId, Role>,
    /// Approvals by revoked principals: role and reason, should they be missed.
    revoked: Vec<(KeyId, Role, String)>,
    expired: Vec<(KeyId, Role)>,
    /// What proved those who signed with Sigstore.
    vouched: BTreeMap<KeyId, Vouched>,
    /// Why a bundle says nothing here.
    unheard: Vec<String>,
}

/// Verifies every approval before the manifest is parsed.
fn voices(input: &TrustInput<'_>, manifest: Digest, now: UnixMillis) -> Result<Voices, TrustError> {
    let mut voices = Voices::default();
    let mut roles: BTreeMap<KeyId, Role> = BTreeMap::new();
    for bytes in input.approvals {
        let Some(approval) = voices.heard(input, bytes, now)? else { continue };
        let Approval { manifest_sha256, principal, role, decision, expires } = approval;
        if manifest_sha256 != manifest {
            let what = format!("{} approved another manifest than this", principal.short());
            return Err(TrustError::SignatureInvalid { document: APPROVAL, what });
        }
        if roles.insert(principal, role).is_some_and(|before| before != role) {
            return Err(TrustError::TwoRoles(principal));
        }
        if !input.root.holds(&principal, role) {
            continue;
        }
        if let Some(reason) = revoked_key(input, &principal) {
            voices.revoked.push((principal, role, reason));
        } else if decision == Decision::Reject {
            return Err(TrustError::Rejected { role, principal });
        } else if now >= expires {
            voices.expired.push((principal, role));
        } else {
            voices.counted.insert(principal, role);
        }
    }
    if voices.counted.is_empty() {
        return Err(voices.missing("package", Role::Publisher, 0, publishers_needed(input)));
    }
    Ok(voices)
}

impl Voices {
    /// What one file says: an envelope of ours, or a Sigstore bundle.
    fn heard(
        &mut self,
        input: &TrustInput<'_>,
        bytes: &[u8],
        now: UnixMillis,
    ) -> Result<Option<Approval>, TrustError> {
        if !sigstore::is_bundle(bytes) {
            return verify_approval(bytes, input.root);
        }
        match sigstore::heard(bytes, input.manifest_bytes, input.root, now)? {
            Heard::Voice(approval, vouched) => {
                self.vouched.insert(approval.principal, *vouched);
                Ok(Some(approval))
            }
            Heard::Nothing(why) => {
                self.unheard.push(why);
                Ok(None)
            }
        }
    }

    /// Who counts in this role.
    fn of(&self, role: Role) -> impl Iterator<Item = &KeyId> {
        self.counted.iter().filter(move |(_, of)| **of == role).map(|(key, _)| key)
    }

    /// Too few: the reason is a revocation if one took a voice away.
    fn missing(&self, plugin: &str, role: Role, have: usize, need: usize) -> TrustError {
        if let Some((key, _, reason)) = self.revoked.iter().find(|(_, of, _)| *of == role) {
            return TrustError::VoiceRevoked { role, principal: *key, reason: reason.clone() };
        }
        let expired = self.expired.iter().filter(|(_, of)| *of == role).count();
        let mut detail = match expired {
            0 => String::new(),
            count => format!("; {count} more expired"),
        };
        self.unheard.iter().for_each(|why| detail.push_str(&format!("; {why}")));
        let plugin = plugin.to_owned();
        TrustError::Unapproved { plugin, role, have, need, detail }
    }
}

fn revoked_key(input: &TrustInput<'_>, key: &KeyId) -> Option<String> {
    if input.root.revoked.keys.contains(key) {
        return Some("the trust root revokes it".to_owned());
    }
    let denied = |target: &DenyTarget| *target == DenyTarget::Key(*key);
    input.deny.entries.iter().find(|entry| denied(&entry.target)).map(|entry| entry.reason.clone())
}

fn publishers_needed(input: &TrustInput<'_>) -> usize {
    input.root.role(Role::Publisher).threshold as usize
}

fn publishers(
    input: &TrustInput<'_>,
    voices: &Voices,
    predicate: &Predicate,
) -> Result<(), TrustError> {
    let need = publishers_needed(input);
    let mine = |key: &KeyId| input.root.may_publish(key, &predicate.id);
    let of_role: BTreeSet<&KeyId> = voices.of(Role::Publisher).collect();
    let have = of_role.iter().filter(|key| mine(key)).count();
    if have >= need {
        return Ok(());
    }
    let mut error = voices.missing(predicate.provider.as_str(), Role::Publisher, have, need);
    if let (TrustError::Unapproved { detail, .. }, true) = (&mut error, have < of_role.len()) {
        detail.push_str(&format!("; the others may not publish {}", predicate.id));
    }
    Err(error)
}

fn reviewers(voices: &Voices, predicate: &Predicate, entry: &AllowEntry) -> Result<(), TrustError> {
    let need = entry.reviewers_required as usize;
    let have = voices.of(Role::Reviewer).count();
    if have >= need {
        return Ok(());
    }
    Err(voices.missing(predicate.provider.as_str(), Role::Reviewer, have, need))
}

/// The entry for exactly these bytes, which must agree with the manifest in everything it names.
fn entry<'a>(
    input: &TrustInput<'a>,
    predicate: &Predicate,
    manifest: Digest,
    component: Digest,
) -> Result<&'a AllowEntry, TrustError> {
    let plugin = predicate.provider.to_string();
    let allow: &'a AllowList = input.allow;
    let Some(entry) = allow.entries.iter().find(|entry| entry.manifest_sha256 == manifest) else {
        let detail = allow.entries.iter().find(|entry| entry.id == predicate.id).map(|other| {
            format!("; it lists {} with other bytes or another version", other.version)
        });
        return Err(TrustError::NotAllowed {
            plugin,
            version: predicate.version.to_string(),
            detail: detail.unwrap_or_default(),
        });
    };
    let mismatch =
        |what: &str| TrustError::EntryMismatch { plugin: plugin.clone(), what: what.into() };
    if entry.id != predicate.id || entry.version != predicate.version {
        return Err(mismatch("another id or version"));
    }
    if entry.provider != predicate.provider {
        return Err(mismatch("another provider word"));
    }
    if entry.component_sha256 != component {
        return Err(mismatch("another component"));
    }
    Ok(entry)
}

/// What of the two documents ends soon. An allow-list that has ended already is an error: what may
/// still run then depends on what ran before.
pub fn expiring(
    root: &TrustRoot,
    allow: &AllowList,
    now: UnixMillis,
) -> Result<Vec<Warning>, TrustError> {
    let allow = allow_expires(allow, now)?;
    Ok(root_expires(root, now).into_iter().chain(allow).collect())
}

fn root_expires(root: &TrustRoot, now: UnixMillis) -> Option<Warning> {
    soon(now, root.expires).map(|days| Warning::RootExpires { days })
}

fn allow_expires(allow: &AllowList, now: UnixMillis) -> Result<Option<Warning>, TrustError> {
    if now >= allow.expires {
        return Err(TrustError::Expired { document: ALLOW_LIST });
    }
    Ok(soon(now, allow.expires).map(|days| Warning::AllowExpires { days }))
}

/// The days that are left, when they are few enough to be said.
fn soon(now: UnixMillis, end: UnixMillis) -> Option<u64> {
    (now.plus_millis(EXPIRY_WARNING_MS) >= end).then(|| days(now, end))
}

fn days(now: UnixMillis, until: UnixMillis) -> u64 {
    until.millis_since(now) / (24 * 3_600_000)
}

fn expiry(
    input: &TrustInput<'_>,
    predicate: &Predicate,
    now: UnixMillis,
    warnings: &mut Vec<Warning>,
) -> Result<(), TrustError> {
    let grace = input.allow.expires.plus_millis(EXPIRED_GRACE_MS);
    let ran = input.seen.release_of(&predicate.id) == Some(predicate.release);
    warnings.extend(root_expires(input.root, now));
    match allow_expires(input.allow, now) {
        Ok(soon) => warnings.extend(soon),
        Err(_) if ran && now < grace => {
            warnings.push(Warning::AllowGrace { days: days(now, grace) });
        }
        Err(expired) => return Err(expired),
    }
    Ok(())
}

fn denied(
    input: &TrustInput<'_>,
    predicate: &Predicate,
    manifest: Digest,
    component: Digest,
) -> Result<(), TrustError> {
    let revoked = &input.root.revoked;
    let by_root = revoked.manifests.contains(&manifest) || revoked.components.contains(&component);
    let hits = |target: &DenyTarget| {
        *target == DenyTarget::Digest(manifest) || *target == DenyTarget::Digest(component)
    };
    let by_list = input.deny.entries.iter().find(|entry| hits(&entry.target));
    let reason = match by_list {
        Some(entry) => entry.reason.clone(),
        None if by_root => "the trust root revokes it".to_owned(),
        None => return Ok(()),
    };
    let what = format!("`{}` {}", predicate.provider, predicate.version);
    Err(TrustError::Revoked { what, reason })
}

fn floor(
    input: &TrustInput<'_>,
    predicate: &Predicate,
    entry: &AllowEntry,
) -> Result<(), TrustError> {
    let floor = input.seen.release_of(&predicate.id).max(entry.release_min).unwrap_or_default();
    if predicate.release >= floor {
        let seen = input.seen.release_of(&predicate.id);
        return seen.map_or(Ok(()), |seen| leap(RELEASE, predicate.release, seen));
    }
    Err(TrustError::RolledBack {
        document: RELEASE,
        found: predicate.release,
        expected: format!("release {floor} or higher"),
    })
}
