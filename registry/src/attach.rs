//! Attaching an approval that another tool signed: a Sigstore bundle over the manifest.

use crate::files::{make_folder, read_capped};
use crate::package::{APPROVALS_DIR, Package};
use crate::sign::{check_whole, existing};
use crate::{Layout, RegistryError, Signed, Target, TrustFiles};
use if_core::UnixMillis;
use if_disk::write_atomic;
use if_manifest::trust::Role;
use if_manifest::trust::sigstore::{Vouched, adopt_bundle};
use std::path::Path;

/// Largest bundle as another tool writes it.
const BUNDLE_BYTES_MAX: usize = 128 << 10;

/// What was attached.
#[derive(Debug, Clone)]
pub struct Attached {
    pub signed: Signed,
    pub role: Role,
    pub vouched: Vouched,
}

/// Puts the bundle beside the manifest of a package, if this home's root names who signed it and it
/// proves what it must; else nothing is written.
pub fn attach(
    layout: &Layout,
    target: &Target,
    bundle: &Path,
    now: UnixMillis,
) -> Result<Attached, RegistryError> {
    let dir = existing(layout, target)?;
    let package = Package::read(&dir)?;
    let manifest_digest = check_whole(&package)?;
    let root = TrustFiles::read(layout)?.root;
    let foreign = read_capped(bundle, BUNDLE_BYTES_MAX)?;
    let target = target.to_string();
    let (bytes, approval, vouched) = adopt_bundle(&foreign, &package.manifest, &root, now)
        .map_err(|error| RegistryError::Trust { error, target })?;
    let folder = dir.join(APPROVALS_DIR);
    make_folder(&folder)?;
    let path = folder.join(format!("{}.json", approval.principal.short()));
    write_atomic(&path, &bytes, 0o644)?;
    let signed = Signed { manifest_digest, principal: approval.principal, path };
    Ok(Attached { signed, role: approval.role, vouched })
}
