//! The signature over the set of policies: made when a set is applied, asked for by every command
//! where the root names the role `policy`.

use crate::files::read_capped;
use crate::lock::Lock;
use crate::{Layout, RegistryError, TrustFiles};
use if_core::Digest;
use if_disk::write_atomic;
use if_manifest::trust::{DOCUMENT_BYTES_MAX, PolicySet, Role, seal, verify_policy_set};
use if_manifest::{SigningKey, TrustError};
use std::io;

/// The signed set, if there is one and it counts under the root of today.
pub fn signed_policy_set(layout: &Layout) -> Result<Option<PolicySet>, RegistryError> {
    let path = layout.policy_set_file();
    let bytes = match read_capped(&path, DOCUMENT_BYTES_MAX) {
        Err(RegistryError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        other => other?,
    };
    let files = TrustFiles::read(layout)?;
    let set = verify_policy_set(&bytes, &files.root);
    let set = set.map_err(|error| RegistryError::TrustFile { path, error })?;
    Ok(Some(PolicySet::clone(&set)))
}

/// Signs a set as the successor of the one before; `None` where nobody has the role `policy`, and
/// so nothing is signed. `seen`: the highest version that ever counted here.
pub fn sign_policy_set(
    layout: &Layout,
    sha256: Digest,
    seen: Option<u64>,
    keys: &[&SigningKey],
) -> Result<Option<PolicySet>, RegistryError> {
    let _lock = Lock::take(layout)?;
    let files = TrustFiles::read(layout)?;
    if files.root.role(Role::Policy).keys.is_empty() {
        return Ok(None);
    }
    let before = signed_policy_set(layout).ok().flatten().map(|set| set.version);
    let version = before.max(seen).unwrap_or_default().saturating_add(1);
    let set = PolicySet { version, sha256 };
    let path = layout.policy_set_file();
    let bytes = seal(&set, keys).and_then(|bytes| {
        verify_policy_set(&bytes, &files.root)?;
        Ok(bytes)
    });
    match bytes {
        Ok(bytes) => write_atomic(&path, &bytes, 0o600)?,
        Err(TrustError::Threshold { have, need, .. }) => {
            return Err(RegistryError::PolicySigners { have, need });
        }
        Err(error) => return Err(RegistryError::TrustFile { path, error }),
    }
    Ok(Some(set))
}
