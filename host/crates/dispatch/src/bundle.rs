//! Bundles: packages and the trust that vouches for them, carried to a machine without a network.

use crate::clock::SystemClock;
use crate::host::Host;
use crate::job::explain;
use crate::plugin::describe;
use if_core::{Clock as _, Code, Digest, Problem, Word};
use if_manifest::trust::Seen;
use if_registry::{Adopted, Bundle, Target};
use serde::Serialize;
use std::io::BufWriter;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What a bundle holds, as its own trust judges it.
#[derive(Debug, Clone, Serialize)]
pub struct Inspected {
    /// Of the whole file: two bundles of the same are the same.
    pub sha256: String,
    pub bytes: u64,
    pub root: RootFacts,
    pub packages: Vec<PackageFacts>,
}

/// The trust root in a bundle.
#[derive(Debug, Clone, Serialize)]
pub struct RootFacts {
    /// What people compare.
    pub sha256: String,
    pub version: u64,
    pub expires_ms: u64,
    pub allow_version: u64,
    pub deny_version: u64,
}

/// One package in a bundle.
#[derive(Debug, Clone, Serialize)]
pub struct PackageFacts {
    pub provider: String,
    pub id: String,
    pub version: String,
    pub release: u64,
    pub manifest: String,
    pub component: String,
    /// Key and role of everybody whose approval counts.
    pub approvers: Vec<String>,
    /// The bill of materials is among its data.
    pub sbom: bool,
}

/// Looks into a bundle; needs no home. What its own trust does not vouch for is refused.
pub fn inspect(path: &Path) -> Result<Inspected, Problem> {
    let now = SystemClock.now();
    let bundle = Bundle::read(path).map_err(explain)?;
    let files = bundle.trust.verify(None).map_err(explain)?;
    let mut packages = Vec::new();
    for (word, trusted) in bundle.trusted(&files, now, &Seen::default()).map_err(explain)? {
        let approvers = trusted.approvers.iter().map(|(key, role)| format!("{key} ({role})"));
        packages.push(PackageFacts {
            provider: word.to_string(),
            id: trusted.predicate.id.to_string(),
            version: trusted.predicate.version.to_string(),
            release: trusted.predicate.release,
            manifest: trusted.manifest_digest.to_string(),
            component: trusted.component_digest.to_string(),
            approvers: approvers.collect(),
            sbom: trusted.subject_digest("data/sbom.json").is_some(),
        });
    }
    let bytes = fs_err::read(path).map_err(|error| unwritten(&error))?;
    Ok(Inspected {
        sha256: if_manifest::sha256(&bytes).to_string(),
        bytes: bytes.len() as u64,
        root: RootFacts {
            sha256: bundle.trust.root_digest().to_string(),
            version: files.root.version,
            expires_ms: files.root.expires.0,
            allow_version: files.allow.version,
            deny_version: files.deny.version,
        },
        packages,
    })
}

impl Host {
    /// Writes a bundle of these plugins (all installed ones when none is named), durably and whole.
    pub fn bundle(&self, to: &Path, plugins: &[String], replace: bool) -> Result<(), Problem> {
        if to.exists() && !replace {
            let text = format!("{} exists; --yes replaces it", to.display());
            return Err(Problem::new(Code::Usage, text));
        }
        let targets: Vec<_> = plugins.iter().map(|text| Target::of(&self.layout, text)).collect();
        let bundle = Bundle::of(&self.layout, &targets, self.now(), &self.seen()?);
        let bundle = bundle.map_err(explain)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let file = tempfile::Builder::new()
            .prefix(".new-")
            .permissions(std::fs::Permissions::from_mode(0o644))
            .tempfile_in(folder)
            .map_err(|error| unwritten(&error))?;
        bundle.write(BufWriter::new(file.as_file())).map_err(explain)?;
        file.as_file().sync_all().map_err(|error| unwritten(&error))?;
        file.persist(to).map_err(|error| unwritten(&error.error))?;
        fs_err::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| unwritten(&error))
    }

    /// Verifies everything in a bundle, takes over its trust where that may be, and installs its
    /// packages, or those of these words.
    pub fn install_bundle(
        &self,
        path: &Path,
        only: &[Word],
        root: Option<Digest>,
        locked: bool,
    ) -> Result<Adopted, Problem> {
        let bundle = Bundle::read(path).map_err(explain)?;
        let runtime = self.engine()?;
        let mut describe = |bytes: &[u8]| describe(&runtime, bytes);
        let when = (self.now(), &self.seen()?);
        let describe = &mut describe;
        let adopted = if_registry::adopt(&self.layout, &bundle, only, root, when, locked, describe);
        let adopted = adopted.map_err(explain)?;
        if adopted.trust_changed {
            self.note(&format!("trust taken over, root {}", bundle.trust.root_digest()))?;
        }
        for one in &adopted.packages {
            let plugin = &one.manifest;
            self.ready(self.engine()?, &self.load(&plugin.provider)?)?;
            self.note(&format!(
                "{} {} installed from a bundle ({})",
                plugin.id, plugin.version, one.manifest_digest
            ))?;
        }
        Ok(adopted)
    }
}

fn unwritten(error: &std::io::Error) -> Problem {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull => Code::StoreFull,
        _ => Code::Store,
    };
    Problem::new(code, "the bundle cannot be read or written").because(error.to_string())
}
