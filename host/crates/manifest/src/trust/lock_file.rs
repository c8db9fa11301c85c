//! The lock file: which plugins stand in a home, to the digest, as its operator signed it.

use super::{DOCUMENT_BYTES_MAX, Role, TrustRoot, Trusted, Verified, malformed, open, payload_of};
use crate::TrustError;
use crate::keys::KeyId;
use if_core::{CapabilityId, Digest, Word};
use semver::Version;
use serde::{Deserialize, Serialize};

/// What is installed. It has no date and no number of its own: the same plugins give the same file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockFile {
    /// By provider, each once.
    pub plugins: Vec<LockedPlugin>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPlugin {
    pub provider: Word,
    pub id: CapabilityId,
    pub version: Version,
    pub release: u64,
    pub manifest_sha256: Digest,
    pub component_sha256: Digest,
    /// Who published it, in order.
    pub publishers: Vec<KeyId>,
}

impl LockedPlugin {
    /// The line of a plugin that is believed.
    pub fn of(trusted: &Trusted) -> LockedPlugin {
        let plugin = &trusted.predicate;
        let publishers = trusted.approvers.iter().filter(|(_, role)| **role == Role::Publisher);
        LockedPlugin {
            provider: plugin.provider.clone(),
            id: plugin.id.clone(),
            version: plugin.version.clone(),
            release: plugin.release,
            manifest_sha256: trusted.manifest_digest,
            component_sha256: trusted.component_digest,
            publishers: publishers.map(|(key, _)| *key).collect(),
        }
    }

    fn rows(&self) -> [(&'static str, String); 6] {
        let publishers: Vec<String> = self.publishers.iter().map(KeyId::short).collect();
        [
            ("id", self.id.to_string()),
            ("version", self.version.to_string()),
            ("release", self.release.to_string()),
            ("manifest", self.manifest_sha256.to_string()),
            ("component", self.component_sha256.to_string()),
            ("publishers", publishers.join(" ")),
        ]
    }
}

impl LockFile {
    /// How this plugin differs from its line here, one line per difference.
    pub fn drift(&self, found: &LockedPlugin) -> Vec<String> {
        let word = &found.provider;
        let Some(locked) = self.plugins.iter().find(|it| it.provider == *word) else {
            return vec![format!("`{word}` {} is not in the lock file", found.version)];
        };
        let rows = locked.rows().into_iter().zip(found.rows());
        let differing = rows.filter(|(locked, found)| locked != found);
        let line = |((name, locked), (_, found))| {
            format!("`{word}` has {name} {found}, the lock file {locked}")
        };
        differing.map(line).collect()
    }

    /// How all that is installed differs from it.
    pub fn drift_of_all(&self, found: &[LockedPlugin]) -> Vec<String> {
        let mut lines: Vec<String> = found.iter().flat_map(|it| self.drift(it)).collect();
        let gone = |it: &&LockedPlugin| found.iter().all(|other| other.provider != it.provider);
        let gone = self.plugins.iter().filter(gone);
        lines.extend(gone.map(|it| format!("`{}` {} is not installed", it.provider, it.version)));
        lines
    }

    fn check(&self) -> Result<(), String> {
        let pairs = self.plugins.iter().zip(self.plugins.iter().skip(1));
        match pairs.into_iter().find(|(one, next)| one.provider >= next.provider) {
            Some((_, next)) => Err(format!("`{}` is out of order or stands twice", next.provider)),
            None => Ok(()),
        }
    }
}

/// Verifies a lock file against the role `allowlist` of the root: who says what may run says what
/// does.
pub fn verify_lock(bytes: &[u8], root: &TrustRoot) -> Result<Verified<LockFile>, TrustError> {
    let envelope = open::<LockFile>(bytes, DOCUMENT_BYTES_MAX)?;
    let lock: LockFile = payload_of(&envelope, root, Role::Allowlist)?;
    lock.check().map_err(malformed::<LockFile>)?;
    Ok(Verified(lock))
}
