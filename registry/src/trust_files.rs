//! The three trust files of a home: made once by `init`, read on every start.

use crate::files::make_folder;
use crate::key_file::{KeyGuard, make_key, root_key};
use crate::{Layout, RegistryError, TrustBytes};
use if_core::{Digest, UnixMillis};
use if_disk::write_atomic;
use if_manifest::trust::sigstore::Sigstore;
use if_manifest::trust::{
    ALLOW_VALIDITY_MS, AllowList, DenyList, PublisherScope, ROOT_VALIDITY_MS, Revocations,
    RoleKeys, Roles, Seen, TrustInput, TrustRoot, Trusted, Verified, Warning, evaluate, expiring,
    seal, verify_allow, verify_deny, verify_root,
};
use if_manifest::{KeyId, SigningKey, TrustError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Root, allow-list and deny-list, verified.
#[derive(Debug, Clone)]
pub struct TrustFiles {
    pub root: Verified<TrustRoot>,
    pub allow: Verified<AllowList>,
    pub deny: Verified<DenyList>,
}

impl TrustFiles {
    /// Reads and verifies all three; none may be missing.
    pub fn read(layout: &Layout) -> Result<TrustFiles, RegistryError> {
        TrustFiles::of(layout, &TrustBytes::read(layout)?)
    }

    /// Verifies what was read from this home.
    pub(crate) fn of(layout: &Layout, bytes: &TrustBytes) -> Result<TrustFiles, RegistryError> {
        let named = |path: PathBuf| |error| RegistryError::TrustFile { path, error };
        let root = verify_root(&bytes.root, None).map_err(named(layout.root_file()))?;
        let allow = verify_allow(&bytes.allow, &root).map_err(named(layout.allow_file()))?;
        let deny = verify_deny(&bytes.deny, &root).map_err(named(layout.deny_file()))?;
        Ok(TrustFiles { root, allow, deny })
    }

    /// The same of bytes that came from elsewhere, the root against `previous` too.
    pub(crate) fn verify(
        root: &[u8],
        allow: &[u8],
        deny: &[u8],
        previous: Option<&TrustRoot>,
    ) -> Result<TrustFiles, TrustError> {
        let root = verify_root(root, previous)?;
        let (allow, deny) = (verify_allow(allow, &root)?, verify_deny(deny, &root)?);
        Ok(TrustFiles { root, allow, deny })
    }

    /// What of them ends soon; an error when the allow-list has.
    pub fn expiring(&self, now: UnixMillis) -> Result<Vec<Warning>, RegistryError> {
        expiring(&self.root, &self.allow, now)
            .map_err(|error| RegistryError::Trust { error, target: "<plugin>".to_owned() })
    }

    /// The decision of `if_manifest::trust::evaluate` with these files.
    pub(crate) fn evaluate(
        &self,
        manifest: &[u8],
        approvals: &[Vec<u8>],
        component: Option<Digest>,
        now: UnixMillis,
        seen: Seen,
        target: &str,
    ) -> Result<Trusted, RegistryError> {
        let input = TrustInput {
            root: &self.root,
            allow: &self.allow,
            deny: &self.deny,
            manifest_bytes: manifest,
            approvals,
            component_sha256: component,
            seen,
            now,
        };
        let target = target.to_owned();
        evaluate(&input).map_err(|error| RegistryError::Trust { error, target })
    }
}

/// Makes the trust of a fresh home: one key with every role, and empty lists. Refuses where there
/// is a root already; completes a making that was interrupted before the root was written.
/// `guard` says what protects the key.
pub fn init_trust(
    layout: &Layout,
    now: UnixMillis,
    guard: &dyn KeyGuard,
) -> Result<KeyId, RegistryError> {
    for folder in [layout.trust_dir(), layout.keys_dir(), layout.plugins_dir()] {
        make_folder(&folder)?;
    }
    let _lock = crate::lock::Lock::take(layout)?;
    refuse_second(layout)?;
    let key = match root_key(layout, guard) {
        Err(RegistryError::KeyMissing(_)) => make_key(&layout.root_key_file(), guard)?,
        other => other?,
    };
    let allow = AllowList {
        version: 1,
        issued: now,
        expires: now.plus_millis(ALLOW_VALIDITY_MS),
        entries: Vec::new(),
    };
    let deny = DenyList { version: 1, entries: Vec::new() };
    let root = first_root(&key, now);
    // The root comes last: with it the home counts as made.
    write(&layout.deny_file(), &seal(&deny, &[&key]))?;
    write(&layout.allow_file(), &seal(&allow, &[&key]))?;
    write(&layout.root_file(), &seal(&root, &[&key]))?;
    TrustFiles::read(layout)?;
    Ok(key.id())
}

/// Refuses where there is a root already.
pub fn refuse_second(layout: &Layout) -> Result<(), RegistryError> {
    match layout.root_file().exists() {
        true => Err(RegistryError::TrustExists(layout.trust_dir())),
        false => Ok(()),
    }
}

fn write(path: &Path, sealed: &Result<Vec<u8>, TrustError>) -> Result<(), RegistryError> {
    match sealed {
        Ok(bytes) => Ok(write_atomic(path, bytes, 0o600)?),
        Err(error) => Err(RegistryError::TrustFile { path: path.to_owned(), error: error.clone() }),
    }
}

fn first_root(key: &SigningKey, now: UnixMillis) -> TrustRoot {
    let sole = || RoleKeys { keys: vec![key.id()], threshold: 1 };
    TrustRoot {
        version: 1,
        issued: now,
        expires: now.plus_millis(ROOT_VALIDITY_MS),
        roles: Roles {
            root: sole(),
            publisher: sole(),
            reviewer: sole(),
            allowlist: sole(),
            policy: None,
            approver: None,
        },
        keys: BTreeMap::from([(key.id(), key.public())]),
        publisher_scopes: vec![PublisherScope {
            prefix: "if://capability/".to_owned(),
            keys: vec![key.id()],
        }],
        revoked: Revocations::default(),
        sigstore: Sigstore::default(),
    }
}
