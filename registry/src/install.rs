//! Installing: a package that passes everything a loader asks, and more, is copied into the home.
//!
//! The bytes that were verified are the bytes that are written; the folder they came from is not
//! read again. Beyond the load path, the component is asked to describe itself once more, and must
//! say what its signed manifest says.

use crate::lock::Lock;
use crate::lock_file;
use crate::pack::read_description;
use crate::package::{APPROVALS_DIR, MANIFEST_FILE, Package};
use crate::swap::NewFolder;
use crate::{Describe, Layout, RegistryError, TrustFiles, check_imports, rebuild_index};
use if_core::{Digest, UnixMillis};
use if_manifest::model::{COMPONENT_FILE, Description, Predicate};
use if_manifest::trust::{LockedPlugin, Seen, TrustRoot, Trusted, Warning};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was installed.
#[derive(Debug, Clone)]
pub struct Installed {
    pub manifest: Arc<Predicate>,
    pub manifest_digest: Digest,
    pub component_digest: Digest,
    pub dir: PathBuf,
    pub warnings: Vec<Warning>,
    /// How it differs from the lock file, one line per difference.
    pub drift: Vec<String>,
}

/// Verifies the package in `dir` and puts it under its provider word, in place of what was there.
/// `seen` is what the caller remembers of this plugin (its highest release); `describe` runs the
/// component with nothing granted. With `locked` it must be what the lock file says.
pub fn install(
    layout: &Layout,
    dir: &Path,
    now: UnixMillis,
    seen: impl Into<Seen>,
    locked: bool,
    describe: &mut Describe<'_>,
) -> Result<Installed, RegistryError> {
    let package = Package::read(dir)?;
    let _lock = Lock::take(layout)?;
    let files = TrustFiles::read(layout)?;
    let target = dir.display().to_string();
    let mut verified = verify_package(&package, &files, now, seen.into(), &target, describe)?;
    verified.hold(layout, &files.root, locked)?;
    let installed = put(layout, verified)?;
    rebuild_index(layout)?;
    Ok(installed)
}

/// A package that may be installed.
pub(crate) struct Verified<'a> {
    package: &'a Package,
    pub trusted: Trusted,
    drift: Vec<String>,
}

impl Verified<'_> {
    /// Holds it against the lock file, which counts under this root.
    pub fn hold(
        &mut self,
        layout: &Layout,
        root: &TrustRoot,
        locked: bool,
    ) -> Result<(), RegistryError> {
        let line = LockedPlugin::of(&self.trusted);
        self.drift = lock_file::hold(layout, root, &line, locked)?;
        Ok(())
    }
}

/// The load path over every byte, and the component's own word.
pub(crate) fn verify_package<'a>(
    package: &'a Package,
    files: &TrustFiles,
    now: UnixMillis,
    seen: Seen,
    target: &str,
    describe: &mut Describe<'_>,
) -> Result<Verified<'a>, RegistryError> {
    let trusted = package.trust(files, now, seen, target)?;
    check_description(package, &trusted.predicate, describe)?;
    Ok(Verified { package, trusted, drift: Vec::new() })
}

/// Copies it under its word. Whoever calls this makes the index anew.
pub(crate) fn put(layout: &Layout, verified: Verified<'_>) -> Result<Installed, RegistryError> {
    let dir = layout.plugin_dir(&verified.trusted.predicate.provider);
    copy(layout, verified.package, &dir)?;
    let drift = verified.drift;
    let Trusted { predicate, manifest_digest, component_digest, warnings, .. } = verified.trusted;
    Ok(Installed { manifest: predicate, manifest_digest, component_digest, dir, warnings, drift })
}

/// The component says today what was signed.
fn check_description(
    package: &Package,
    manifest: &Predicate,
    describe: &mut Describe<'_>,
) -> Result<(), RegistryError> {
    let (description, imports) = describe(&package.component)?;
    check_imports(&imports, manifest)?;
    let Description { summary, settings, commands, rules } = read_description(&description)?;
    let differs = [
        ("summary", summary != manifest.summary),
        ("settings", settings != manifest.settings),
        ("commands", commands != manifest.commands),
        ("rules", rules != manifest.rules),
    ];
    match differs.into_iter().find(|(_, differs)| *differs) {
        Some((part, _)) => Err(RegistryError::DescriptionChanged(part)),
        None => Ok(()),
    }
}

fn copy(layout: &Layout, package: &Package, to: &Path) -> Result<(), RegistryError> {
    let new = NewFolder::beside(&layout.plugins_dir())?;
    new.write(COMPONENT_FILE, &package.component)?;
    new.write(MANIFEST_FILE, &package.manifest)?;
    for (name, bytes) in &package.data {
        new.write(name, bytes)?;
    }
    for (name, bytes) in &package.approvals {
        new.write(&format!("{APPROVALS_DIR}/{name}"), bytes)?;
    }
    new.replace(to)
}
