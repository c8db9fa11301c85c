//! Vouching: one principal's word about a manifest, as a file beside it.

use crate::files::make_folder;
use crate::package::{APPROVALS_DIR, Package};
use crate::{Layout, RegistryError, Target};
use if_core::{Digest, UnixMillis};
use if_disk::write_atomic;
use if_manifest::model::COMPONENT_FILE;
use if_manifest::trust::{Approval, Decision, Role, seal};
use if_manifest::{KeyId, SigningKey, parse_manifest, sha256};
use std::path::{Path, PathBuf};

/// What was signed, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub manifest_digest: Digest,
    pub principal: KeyId,
    pub path: PathBuf,
}

/// Approves a package, installed or in a folder, as `role` until `expires`.
pub fn sign_target(
    layout: &Layout,
    target: &Target,
    key: &SigningKey,
    role: Role,
    expires: UnixMillis,
) -> Result<Signed, RegistryError> {
    sign(&existing(layout, target)?, key, role, expires)
}

/// Approves the package in `dir` as `role` until `expires`.
pub fn sign(
    dir: &Path,
    key: &SigningKey,
    role: Role,
    expires: UnixMillis,
) -> Result<Signed, RegistryError> {
    decide(dir, key, role, Decision::Approve, expires)
}

/// Says yes or no to the package in `dir`. Refuses a package that is not whole: nobody should put
/// a name to a manifest whose files are other files. A principal has one word per manifest: a later
/// one replaces it.
pub fn decide(
    dir: &Path,
    key: &SigningKey,
    role: Role,
    decision: Decision,
    expires: UnixMillis,
) -> Result<Signed, RegistryError> {
    if !matches!(role, Role::Publisher | Role::Reviewer) {
        let what = format!("a manifest is signed as publisher or reviewer, not as {role}");
        return Err(RegistryError::Usage(what));
    }
    let package = Package::read(dir)?;
    let manifest_digest = check_whole(&package)?;
    let approval =
        Approval { manifest_sha256: manifest_digest, principal: key.id(), role, decision, expires };
    let bytes = seal(&approval, &[key]).map_err(|error| RegistryError::Trust {
        error,
        target: Target::Folder(dir.to_owned()).to_string(),
    })?;
    let folder = dir.join(APPROVALS_DIR);
    make_folder(&folder)?;
    let path = folder.join(format!("{}.json", key.id().short()));
    write_atomic(&path, &bytes, 0o644)?;
    Ok(Signed { manifest_digest, principal: key.id(), path })
}

/// Parses the manifest and compares every file with it; gives the manifest's digest.
pub(crate) fn check_whole(package: &Package) -> Result<Digest, RegistryError> {
    let manifest = parse_manifest(&package.manifest)?;
    if let Some(signed) = manifest.subject_digest(COMPONENT_FILE) {
        crate::package::check_digest(COMPONENT_FILE, &package.component, signed)?;
    }
    package.check_data(|name| manifest.subject_digest(name), manifest.subject.len())?;
    Ok(sha256(&package.manifest))
}

/// The folder of a target, which must hold a package.
pub(crate) fn existing(layout: &Layout, target: &Target) -> Result<PathBuf, RegistryError> {
    let dir = target.dir(layout);
    match target {
        Target::Installed(word) if !dir.is_dir() => {
            Err(crate::load::unknown(layout, word.as_str()))
        }
        Target::Folder(path) if !path.join(crate::package::MANIFEST_FILE).exists() => {
            let what = "there is no manifest.json: `ifctl plugin pack` makes one";
            Err(RegistryError::malformed(path.display().to_string(), what))
        }
        _ => Ok(dir),
    }
}
