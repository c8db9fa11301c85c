//! Changing the lists: what may run from now on, and what may not any more.
//!
//! A new list is verified with the very function the loader uses before it replaces the old one: a
//! list that nobody would believe is never written.

use crate::lock::Lock;
use crate::lock_file;
use crate::package::Package;
use crate::sign::{check_whole, existing};
use crate::{Layout, RegistryError, Target, TrustFiles, rebuild_index};
use if_core::{CapabilityId, Digest, UnixMillis, Word};
use if_disk::write_atomic;
use if_manifest::model::{COMPONENT_FILE, Manifest};
use if_manifest::trust::sigstore::Who;
use if_manifest::trust::{
    ALLOW_VALIDITY_MS, AllowEntry, AllowList, Decision, DenyEntry, DenyList, DenyTarget,
    LockedPlugin, Role, seal, verify_allow, verify_approval, verify_deny,
};
use if_manifest::{KeyId, SigningKey, TrustError, parse_manifest, sha256};
use semver::Version;

/// What the operator grants beside the listing itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowRequest {
    /// The most scopes it may have. Empty: as before for the same manifest, else all it asks for.
    pub scopes_cap: Vec<String>,
    /// Literal places, `host:port`, added to those already granted to the same manifest.
    pub hosts: Vec<String>,
    /// Distinct reviewers it needs. `None`: as before for the same manifest, else none.
    pub reviewers_required: Option<u32>,
    /// Releases below this are refused.
    pub release_min: Option<u64>,
    /// It must be what the lock file says.
    pub locked: bool,
}

/// What is allowed now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    pub id: CapabilityId,
    pub provider: Word,
    pub version: Version,
    pub manifest_digest: Digest,
    pub list_version: u64,
    /// Whether exactly this manifest is installed already.
    pub installed: bool,
    /// How it differs from the lock file, one line per difference.
    pub drift: Vec<String>,
}

/// What is denied now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    pub targets: Vec<DenyTarget>,
    pub list_version: u64,
}

/// Puts a package on the allow-list, or renews and widens its entry, and renews the list for 90
/// days. `key` must hold the role `allowlist`.
pub fn allow(
    layout: &Layout,
    target: &Target,
    key: &SigningKey,
    request: &AllowRequest,
    now: UnixMillis,
) -> Result<Allowed, RegistryError> {
    let package = Package::read(&existing(layout, target)?)?;
    let manifest_digest = check_whole(&package)?;
    let manifest = parse_manifest(&package.manifest)?;
    let _lock = Lock::take(layout)?;
    let files = TrustFiles::read(layout)?;
    let running = installed_digest(layout, &manifest.predicate.provider);
    let mut list = AllowList::clone(&files.allow);
    refuse_other_owner(&list, &manifest)?;
    let entry = entry(&list, &manifest, manifest_digest, request)?;
    let line = LockedPlugin {
        provider: entry.provider.clone(),
        id: entry.id.clone(),
        version: entry.version.clone(),
        release: manifest.predicate.release,
        manifest_sha256: manifest_digest,
        component_sha256: entry.component_sha256,
        publishers: publishers(&package, &files, manifest_digest),
    };
    let drift = lock_file::hold(layout, &files.root, &line, request.locked)?;
    // Of this plugin stay the new entry and the one that is running until the new one is installed.
    list.entries.retain(|old| {
        let same = old.version == entry.version || old.manifest_sha256 == manifest_digest;
        old.id != entry.id || (!same && Some(old.manifest_sha256) == running)
    });
    let allowed = Allowed {
        id: entry.id.clone(),
        provider: entry.provider.clone(),
        version: entry.version.clone(),
        manifest_digest,
        list_version: list.version.saturating_add(1),
        installed: running == Some(manifest_digest),
        drift,
    };
    list.entries.push(entry);
    list.version = allowed.list_version;
    list.issued = now.max(list.issued);
    list.expires = list.issued.plus_millis(ALLOW_VALIDITY_MS);
    let path = layout.allow_file();
    let bytes =
        seal(&list, &[key]).and_then(|bytes| verify_allow(&bytes, &files.root).map(|_| bytes));
    let bytes = bytes.map_err(|error| not_ours(layout, &path, error))?;
    write_atomic(&path, &bytes, 0o600)?;
    rebuild_index(layout)?;
    Ok(allowed)
}

/// Denies the manifest and component of an installed plugin, a digest, or a key (`key:<id>`), for
/// good. `key` must hold the role `allowlist`.
pub fn revoke(
    layout: &Layout,
    what: &str,
    reason: &str,
    key: &SigningKey,
    now: UnixMillis,
) -> Result<Revoked, RegistryError> {
    if reason.trim().is_empty() || reason.chars().any(char::is_control) {
        return Err(RegistryError::Usage("a revocation needs a reason in one line".into()));
    }
    let _lock = Lock::take(layout)?;
    let files = TrustFiles::read(layout)?;
    let targets = match what.strip_prefix("identity:") {
        Some(name) => signers(&files, name)?,
        None => targets(layout, &files.allow, what)?,
    };
    let mut list = DenyList::clone(&files.deny);
    for target in &targets {
        if !list.entries.iter().any(|entry| entry.target == *target) {
            list.entries.push(DenyEntry { target: *target, reason: reason.into(), at: now });
        }
    }
    list.version = list.version.saturating_add(1);
    let path = layout.deny_file();
    let bytes =
        seal(&list, &[key]).and_then(|bytes| verify_deny(&bytes, &files.root).map(|_| bytes));
    let bytes = bytes.map_err(|error| not_ours(layout, &path, error))?;
    write_atomic(&path, &bytes, 0o600)?;
    rebuild_index(layout)?;
    Ok(Revoked { targets, list_version: list.version })
}

/// A signature that does not count means the wrong key, not a broken file.
pub(crate) fn not_ours(
    layout: &Layout,
    path: &std::path::Path,
    error: TrustError,
) -> RegistryError {
    match error {
        TrustError::Threshold { .. } => RegistryError::KeyMissing(layout.root_key_file()),
        // The old list was sound, so what is wrong came with the request.
        TrustError::Malformed { what, .. } => RegistryError::Usage(what),
        error => RegistryError::TrustFile { path: path.to_owned(), error },
    }
}

/// A word behind `if` belongs to one plugin for ever, so that `if obs` never becomes another.
fn refuse_other_owner(list: &AllowList, manifest: &Manifest) -> Result<(), RegistryError> {
    let asked = &manifest.predicate;
    let other = |entry: &&AllowEntry| entry.provider == asked.provider && entry.id != asked.id;
    match list.entries.iter().find(other) {
        None => Ok(()),
        Some(owner) => Err(RegistryError::Usage(format!(
            "the word `{}` belongs to {}; {} needs another provider word",
            asked.provider, owner.id, asked.id
        ))),
    }
}

/// Who says of this manifest that they published it, and may.
fn publishers(package: &Package, files: &TrustFiles, manifest: Digest) -> Vec<KeyId> {
    let approvals = package.approvals.values();
    let known = approvals.filter_map(|bytes| verify_approval(bytes, &files.root).ok().flatten());
    let yes = known.filter(|it| it.manifest_sha256 == manifest && it.decision == Decision::Approve);
    let theirs = yes.filter(|it| it.role == Role::Publisher);
    let mut keys: Vec<KeyId> = theirs.map(|it| it.principal).collect();
    keys.retain(|key| files.root.holds(key, Role::Publisher));
    keys.sort();
    keys
}

fn entry(
    list: &AllowList,
    manifest: &Manifest,
    digest: Digest,
    request: &AllowRequest,
) -> Result<AllowEntry, RegistryError> {
    let asked = &manifest.predicate;
    let before = list.entries.iter().find(|entry| entry.manifest_sha256 == digest);
    let component = manifest.subject_digest(COMPONENT_FILE);
    let component =
        component.ok_or_else(|| RegistryError::malformed("manifest.json", "no component"))?;
    let scopes_cap = match (&request.scopes_cap, before) {
        (cap, _) if !cap.is_empty() => cap.clone(),
        (_, Some(before)) => before.scopes_cap.clone(),
        (_, None) => asked.scopes.clone(),
    };
    let mut hosts = before.map(|entry| entry.hosts.clone()).unwrap_or_default();
    for host in &request.hosts {
        if !hosts.contains(host) {
            hosts.push(host.clone());
        }
    }
    Ok(AllowEntry {
        id: asked.id.clone(),
        version: asked.version.clone(),
        manifest_sha256: digest,
        component_sha256: component,
        provider: asked.provider.clone(),
        release_min: request.release_min.or(before.and_then(|entry| entry.release_min)),
        scopes_cap,
        reviewers_required: request
            .reviewers_required
            .or(before.map(|entry| entry.reviewers_required))
            .unwrap_or(0),
        hosts,
    })
}

/// The digest of the manifest installed under this word, whatever it is worth.
fn installed_digest(layout: &Layout, provider: &Word) -> Option<Digest> {
    let bytes = crate::package::read_manifest(&layout.plugin_dir(provider)).ok()?;
    Some(sha256(&bytes))
}

/// The same, and its component as it lies there: what was taken off the allow-list is in no list.
fn installed_digests(layout: &Layout, provider: &Word) -> impl Iterator<Item = Digest> + use<> {
    let component = Package::read(&layout.plugin_dir(provider)).ok();
    let component = component.map(|package| sha256(&package.component));
    installed_digest(layout, provider).into_iter().chain(component)
}

/// Everybody of this name who signs with Sigstore here, by whichever issuer.
fn signers(files: &TrustFiles, name: &str) -> Result<Vec<DenyTarget>, RegistryError> {
    let named = |who: &Who| matches!(who, Who::Identity { name: known, .. } if known == name);
    let signers = files.root.sigstore.signers.iter().filter(|(_, signer)| named(&signer.who));
    let found: Vec<DenyTarget> = signers.map(|(id, _)| DenyTarget::Key(*id)).collect();
    if found.is_empty() {
        let text = format!("the trust root names nobody `{name}` who signs with Sigstore");
        return Err(RegistryError::Usage(text));
    }
    Ok(found)
}

/// What to deny. For a word: every release the allow-list knows under it, and what is installed, so
/// that a changed file in the plugin's folder cannot shield the release it replaced.
fn targets(
    layout: &Layout,
    allow: &AllowList,
    what: &str,
) -> Result<Vec<DenyTarget>, RegistryError> {
    if let Some(id) = what.strip_prefix("key:") {
        let id = KeyId::parse(id).map_err(|error| RegistryError::Usage(error.to_string()))?;
        return Ok(vec![DenyTarget::Key(id)]);
    }
    if let Ok(digest) = Digest::parse(what) {
        return Ok(vec![DenyTarget::Digest(digest)]);
    }
    let word = Word::new(what).map_err(|error| RegistryError::Usage(error.to_string()))?;
    let listed = allow.entries.iter().filter(|entry| entry.provider == word);
    let mut digests: Vec<Digest> =
        listed.flat_map(|entry| [entry.manifest_sha256, entry.component_sha256]).collect();
    for digest in installed_digests(layout, &word) {
        if !digests.contains(&digest) {
            digests.push(digest);
        }
    }
    if digests.is_empty() {
        return Err(crate::load::unknown(layout, what));
    }
    Ok(digests.into_iter().map(DenyTarget::Digest).collect())
}
