//! Taking a plugin off the allow-list: it runs no more until somebody allows it again.

use crate::allow::not_ours;
use crate::lock::Lock;
use crate::package::read_manifest;
use crate::sign::existing;
use crate::{Layout, RegistryError, Target, TrustFiles, rebuild_index};
use if_core::{CapabilityId, Digest};
use if_disk::write_atomic;
use if_manifest::trust::{AllowEntry, AllowList, seal, verify_allow};
use if_manifest::{SigningKey, sha256};
use semver::Version;

/// One release that was on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    pub id: CapabilityId,
    pub version: Version,
    pub manifest_digest: Digest,
}

/// What is allowed no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disallowed {
    pub releases: Vec<Withdrawn>,
    pub list_version: u64,
}

/// Takes every release of a plugin's word off the allow-list, or the one of a manifest's digest or
/// a package's folder. The list's time stays what it was: nobody looked at the other entries. `key`
/// must hold the role `allowlist`.
pub fn disallow(
    layout: &Layout,
    what: &str,
    key: &SigningKey,
) -> Result<Disallowed, RegistryError> {
    let _lock = Lock::take(layout)?;
    let files = TrustFiles::read(layout)?;
    let mut list = AllowList::clone(&files.allow);
    let is_meant = meant(layout, &list, what)?;
    let gone = list.entries.extract_if(.., |entry| is_meant(entry));
    let releases: Vec<Withdrawn> = gone.map(withdrawn).collect();
    if releases.is_empty() {
        return Err(RegistryError::Usage(format!("`{what}` is not on the allow-list")));
    }
    list.version = list.version.saturating_add(1);
    let path = layout.allow_file();
    let bytes =
        seal(&list, &[key]).and_then(|bytes| verify_allow(&bytes, &files.root).map(|_| bytes));
    let bytes = bytes.map_err(|error| not_ours(layout, &path, error))?;
    write_atomic(&path, &bytes, 0o600)?;
    rebuild_index(layout)?;
    Ok(Disallowed { releases, list_version: list.version })
}

fn withdrawn(entry: AllowEntry) -> Withdrawn {
    Withdrawn { id: entry.id, version: entry.version, manifest_digest: entry.manifest_sha256 }
}

/// Which entries these words mean. A word needs no installed plugin: what was only allowed can be
/// taken back too.
fn meant(
    layout: &Layout,
    list: &AllowList,
    what: &str,
) -> Result<impl Fn(&AllowEntry) -> bool + use<>, RegistryError> {
    let (mut word, mut digest) = (None, Digest::parse(what).ok());
    if digest.is_none() {
        match Target::of(layout, what) {
            Target::Installed(name) => {
                let known = list.entries.iter().any(|entry| entry.provider == name);
                if !known && !layout.plugin_dir(&name).is_dir() {
                    return Err(crate::load::unknown(layout, what));
                }
                word = Some(name);
            }
            folder => digest = Some(sha256(&read_manifest(&existing(layout, &folder)?)?)),
        }
    }
    Ok(move |entry: &AllowEntry| match (&word, &digest) {
        (Some(word), _) => entry.provider == *word,
        (None, Some(digest)) => entry.manifest_sha256 == *digest,
        (None, None) => false,
    })
}
