//! The next trust root: signed by the thresholds of the root before it and by its own.
//!
//! The new root is verified with the very function a loader uses before it replaces the old one,
//! and the lists are signed anew where the new root's keys no longer vouch for them.

use crate::key_file::{KeyGuard, make_key, move_key, read_key};
use crate::lock::Lock;
use crate::lock_file;
use crate::trust_bytes::TrustBytes;
use crate::{Layout, Package, RegistryError, TrustFiles, list, rebuild_index, root_sigstore, sign};
use if_core::UnixMillis;
use if_manifest::trust::sigstore::{Authority, Signer};
use if_manifest::trust::{
    AllowList, DenyList, PublisherScope, ROOT_VALIDITY_MS, Role, RoleKeys, Seen, TrustRoot, seal,
    verify_allow, verify_deny, verify_root,
};
use if_manifest::{KeyId, PublicKey, SigningKey, TrustError};

/// What becomes different.
#[derive(Debug, Clone)]
pub enum RootChange {
    /// This key speaks for the role too; a publisher's for the ids that begin so.
    Add {
        role: Role,
        key: PublicKey,
        scope: Option<String>,
    },
    /// This principal speaks for the role too, by Sigstore.
    AddSigner {
        role: Role,
        signer: Signer,
        scope: Option<String>,
    },
    /// This installation of Sigstore is believed about its signers.
    Pin {
        name: String,
        authority: Authority,
    },
    Unpin {
        name: String,
    },
    /// This key speaks no more: for the role, or for none.
    Remove {
        role: Option<Role>,
        key: KeyId,
    },
    /// So many keys speak for the role together.
    Threshold {
        role: Role,
        threshold: u32,
    },
}

/// The root that holds now.
#[derive(Debug, Clone)]
pub struct Rotated {
    pub version: u64,
    /// The key that took the old one's place, if one did.
    pub key: Option<KeyId>,
    /// The lists carry a new signature.
    pub lists_signed: bool,
}

/// Makes the next root with these changes, signed by `keys`.
pub fn change_root(
    layout: &Layout,
    changes: &[RootChange],
    keys: &[&SigningKey],
    now: UnixMillis,
) -> Result<Rotated, RegistryError> {
    let _lock = Lock::take(layout)?;
    let old = TrustFiles::read(layout)?.root;
    let change = |root: &mut TrustRoot| changes.iter().try_for_each(|change| apply(root, change));
    let rotated = succeed(layout, keys, now, change)?;
    lock_file::follow(layout, &old, &TrustFiles::read(layout)?.root, keys, None)?;
    Ok(rotated)
}

/// Puts a fresh key in the place of the home's own, in every role; the old one is kept beside it.
/// What the old key approved and is installed is approved by the new one, until `expires`. One that
/// was interrupted is completed by the next.
pub fn rotate_root(
    layout: &Layout,
    others: &[&SigningKey],
    guard: &dyn KeyGuard,
    now: UnixMillis,
    expires: UnixMillis,
) -> Result<Rotated, RegistryError> {
    let own = layout.root_key_file();
    let next = own.with_extension("key.next");
    // Before the lock: a person may have to be asked, and types slowly.
    let old = match read_key(&own, guard) {
        // Interrupted when the old key had left and the new one had not yet come.
        Err(RegistryError::KeyMissing(_)) if next.exists() => None,
        old => Some(old?),
    };
    let _lock = Lock::take(layout)?;
    let new = if next.exists() { read_key(&next, guard)? } else { make_key(&next, guard)? };
    let trusted = TrustFiles::read(layout)?;
    let mut rotated = match old {
        // A rotation that was interrupted behind the new root.
        _ if trusted.root.keys.contains_key(&new.id()) => {
            Rotated { version: trusted.root.version, key: None, lists_signed: false }
        }
        None => return Err(RegistryError::KeyMissing(own)),
        Some(old) => {
            let keys: Vec<&SigningKey> =
                [&old, &new].into_iter().chain(others.iter().copied()).collect();
            // Before the new root: until then the new key's approvals count for nothing.
            approve_again(layout, &trusted, &old.id(), &new, (now, expires))?;
            let change = |root: &mut TrustRoot| replace(root, old.id(), &new.public());
            let rotated = succeed(layout, &keys, now, change)?;
            let root = TrustFiles::read(layout)?.root;
            let exchanged = Some((old.id(), new.id()));
            lock_file::follow(layout, &trusted.root, &root, &keys, exchanged)?;
            rotated
        }
    };
    if own.exists() {
        let version = rotated.version.saturating_sub(1);
        move_key(&own, &own.with_extension(format!("key.of-root-{version}")))?;
    }
    move_key(&next, &own)?;
    fs_err::File::open(layout.keys_dir())?.sync_all()?;
    rotated.key = Some(new.id());
    Ok(rotated)
}

/// Signs every installed package that counts on the old key with the new one.
fn approve_again(
    layout: &Layout,
    files: &TrustFiles,
    old: &KeyId,
    new: &SigningKey,
    (now, expires): (UnixMillis, UnixMillis),
) -> Result<(), RegistryError> {
    for installed in list(layout)? {
        let package = Package::read(&installed.dir)?;
        let trusted = package.trust(files, now, Seen::default(), installed.provider.as_str());
        // What may not run now is approved by nobody in passing.
        if let Some(role) = trusted.ok().and_then(|trusted| trusted.approvers.get(old).copied()) {
            sign(&installed.dir, new, role, expires)?;
        }
    }
    Ok(())
}

/// Verifies the successor and writes it, with lists that count under it.
fn succeed(
    layout: &Layout,
    keys: &[&SigningKey],
    now: UnixMillis,
    change: impl FnOnce(&mut TrustRoot) -> Result<(), RegistryError>,
) -> Result<Rotated, RegistryError> {
    let old = TrustBytes::read(layout)?;
    let files = TrustFiles::read(layout)?;
    let mut root = TrustRoot::clone(&files.root);
    change(&mut root)?;
    root.version = root.version.saturating_add(1);
    root.issued = now.max(root.issued);
    root.expires = root.issued.plus_millis(ROOT_VALIDITY_MS);
    let missing = |error| needs(error, &files.root, &root);
    let bytes = seal(&root, keys).map_err(missing)?;
    verify_root(&bytes, Some(&files.root)).map_err(missing)?;
    let mut new = TrustBytes { root: bytes, ..old.clone() };
    if verify_allow(&old.allow, &root).is_err() {
        let mut list = AllowList::clone(&files.allow);
        list.version = list.version.saturating_add(1);
        new.allow = seal(&list, keys).map_err(missing)?;
    }
    if verify_deny(&old.deny, &root).is_err() {
        let mut list = DenyList::clone(&files.deny);
        list.version = list.version.saturating_add(1);
        new.deny = seal(&list, keys).map_err(missing)?;
    }
    new.verify(Some(&files.root)).map_err(missing)?;
    let lists_signed = new.allow != old.allow || new.deny != old.deny;
    new.put(layout, &old)?;
    rebuild_index(layout)?;
    Ok(Rotated { version: root.version, key: None, lists_signed })
}

/// What is wrong came with the request: a root that could never hold, or too few signatures.
fn needs(error: TrustError, old: &TrustRoot, new: &TrustRoot) -> RegistryError {
    match error {
        TrustError::Malformed { what, .. } => RegistryError::Usage(what),
        TrustError::Threshold { .. } => RegistryError::SignersMissing {
            version: new.version,
            old: old.roles.root.threshold,
            new: new.roles.root.threshold,
        },
        error => RegistryError::Trust { error, target: "the new root".to_owned() },
    }
}

fn apply(root: &mut TrustRoot, change: &RootChange) -> Result<(), RegistryError> {
    match change {
        RootChange::Add { role, key, scope } => {
            add(root, *role, key.id(), scope.as_deref())?;
            root.keys.insert(key.id(), key.clone());
            Ok(())
        }
        RootChange::AddSigner { role, signer, scope } => {
            let id = root_sigstore::name(root, signer)?;
            add(root, *role, id, scope.as_deref())
        }
        RootChange::Pin { name, authority } => root_sigstore::pin(root, name, authority),
        RootChange::Unpin { name } => root_sigstore::unpin(root, name),
        RootChange::Remove { role, key } => remove(root, *role, *key),
        RootChange::Threshold { role, threshold } => {
            role_mut(root, *role).threshold = *threshold;
            Ok(())
        }
    }
}

fn add(
    root: &mut TrustRoot,
    role: Role,
    id: KeyId,
    scope: Option<&str>,
) -> Result<(), RegistryError> {
    if root.revoked.keys.contains(&id) {
        return Err(RegistryError::Usage(format!("key {id} is revoked for good")));
    }
    let there = role_mut(root, role).keys.contains(&id);
    if there && role != Role::Publisher {
        return Err(RegistryError::Usage(format!("key {id} speaks for {role} already")));
    }
    if !there {
        role_mut(root, role).keys.push(id);
    }
    match (role, scope) {
        (Role::Publisher, Some(prefix)) => {
            match root.publisher_scopes.iter_mut().find(|scope| scope.prefix == prefix) {
                Some(scope) if scope.keys.contains(&id) => {
                    let text = format!("key {id} publishes under {prefix} already");
                    return Err(RegistryError::Usage(text));
                }
                Some(scope) => scope.keys.push(id),
                None => root
                    .publisher_scopes
                    .push(PublisherScope { prefix: prefix.to_owned(), keys: vec![id] }),
            }
            Ok(())
        }
        (Role::Publisher, None) => {
            let text = "a publisher needs the beginning of its ids: --scope if://capability/acme.";
            Err(RegistryError::Usage(text.into()))
        }
        (_, Some(_)) => Err(RegistryError::Usage("only a publisher has a scope".into())),
        (_, None) => Ok(()),
    }
}

fn remove(root: &mut TrustRoot, role: Option<Role>, key: KeyId) -> Result<(), RegistryError> {
    let all = Role::ALL;
    let roles: Vec<Role> = match role {
        Some(role) => vec![role],
        None => all.into_iter().filter(|role| root.holds(&key, *role)).collect(),
    };
    if !roles.iter().any(|role| root.holds(&key, *role)) {
        let whom = role.map_or_else(|| "no role".to_owned(), |role| format!("not for {role}"));
        return Err(RegistryError::Usage(format!("key {key} speaks for {whom}")));
    }
    for role in &roles {
        role_mut(root, *role).keys.retain(|id| *id != key);
        if role_mut(root, *role).keys.is_empty() && vacate(root, *role).is_err() {
            let text = format!("key {key} is the last that speaks for {role}: add another first");
            return Err(RegistryError::Usage(text));
        }
    }
    if !root.holds(&key, Role::Publisher) {
        root.publisher_scopes.iter_mut().for_each(|scope| scope.keys.retain(|id| *id != key));
        root.publisher_scopes.retain(|scope| !scope.keys.is_empty());
    }
    if !all.iter().any(|role| root.holds(&key, *role)) {
        root.keys.remove(&key);
        root.sigstore.signers.remove(&key);
    }
    Ok(())
}

fn replace(root: &mut TrustRoot, old: KeyId, new: &PublicKey) -> Result<(), RegistryError> {
    if !root.keys.contains_key(&old) {
        return Err(RegistryError::Usage(format!("key {old} of this home speaks for nothing")));
    }
    let exchange = |keys: &mut Vec<KeyId>| {
        keys.iter_mut().filter(|id| **id == old).for_each(|id| *id = new.id());
    };
    for role in Role::ALL.into_iter().filter(|role| root.holds(&old, *role)).collect::<Vec<_>>() {
        exchange(&mut role_mut(root, role).keys);
    }
    root.publisher_scopes.iter_mut().for_each(|scope| exchange(&mut scope.keys));
    root.keys.remove(&old);
    root.keys.insert(new.id(), new.clone());
    Ok(())
}

fn role_mut(root: &mut TrustRoot, role: Role) -> &mut RoleKeys {
    match role {
        Role::Root => &mut root.roles.root,
        Role::Publisher => &mut root.roles.publisher,
        Role::Reviewer => &mut root.roles.reviewer,
        Role::Allowlist => &mut root.roles.allowlist,
        Role::Policy => root.roles.policy.get_or_insert_with(first),
        Role::Approver => root.roles.approver.get_or_insert_with(first),
    }
}

/// A role that is about to be given to its first key.
fn first() -> RoleKeys {
    RoleKeys { keys: Vec::new(), threshold: 1 }
}

/// Gives a role up that a root need not have.
fn vacate(root: &mut TrustRoot, role: Role) -> Result<(), ()> {
    match role {
        Role::Policy => root.roles.policy = None,
        Role::Approver => root.roles.approver = None,
        Role::Root | Role::Publisher | Role::Reviewer | Role::Allowlist => return Err(()),
    }
    Ok(())
}
