//! What an installation remembers of versions, so that nothing older is ever believed again: the
//! highest release of each plugin that ran, and the newest root, allow-list and deny-list.
//!
//! Remembered in the intent's own transaction: nothing runs without being remembered.

use crate::host::Host;
use crate::job::explain;
use if_core::{CapabilityId, Problem};
use if_manifest::trust::{Seen, Trusted};
use if_store::{StoreError, Transaction, remember_release};

/// The trust documents stand beside the plugins in the table of floors, under ids that no manifest
/// may claim (`host.` is refused by the manifest's schema).
const ROOT: &str = "if://capability/host.trust-root";
const ALLOW: &str = "if://capability/host.allow-list";
const DENY: &str = "if://capability/host.deny-list";

impl Host {
    /// What is older than this is a rollback.
    pub(crate) fn seen(&self) -> Result<Seen, Problem> {
        let mut releases = self.store.releases_seen().map_err(explain)?;
        let mut take = |id: &str| CapabilityId::new(id).ok().and_then(|id| releases.remove(&id));
        let (root_version, allow_version, deny_version) = (take(ROOT), take(ALLOW), take(DENY));
        Ok(Seen { release: None, releases, root_version, allow_version, deny_version })
    }

    /// What was taken off the allow-list does not come back with an older one.
    pub(crate) fn remember_allow_list(&self, version: u64) -> Result<(), Problem> {
        self.remember_version(ALLOW, version)
    }

    /// What was revoked does not come back with an older deny-list, even before anything ran.
    pub(crate) fn remember_deny_list(&self, version: u64) -> Result<(), Problem> {
        self.remember_version(DENY, version)
    }

    fn remember_version(&self, document: &str, version: u64) -> Result<(), Problem> {
        let Ok(id) = CapabilityId::new(document) else { return Ok(()) };
        let remembered = self.store.transaction(|tx| remember_release(tx, &id, version));
        remembered.map_err(explain)
    }
}

/// Raises every floor to what is about to run.
pub(crate) fn remember(transaction: &Transaction<'_>, trusted: &Trusted) -> Result<(), StoreError> {
    remember_release(transaction, &trusted.predicate.id, trusted.predicate.release)?;
    let versions = [
        (ROOT, trusted.root_version),
        (ALLOW, trusted.allow_version),
        (DENY, trusted.deny_version),
    ];
    for (id, version) in versions {
        if let Ok(id) = CapabilityId::new(id) {
            remember_release(transaction, &id, version)?;
        }
    }
    Ok(())
}

/// Whether a floor is that of a trust file, not of a plugin.
#[cfg(feature = "live")]
pub(crate) fn is_trust_file(id: &CapabilityId) -> bool {
    [ROOT, ALLOW, DENY].contains(&id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserved_ids_are_ids() {
        for id in [ROOT, ALLOW, DENY] {
            assert!(CapabilityId::new(id).unwrap().name().starts_with("host."));
        }
    }
}
