//! Changes of a root that concern Sigstore: which installations are pinned, and who signs by them.

use crate::RegistryError;
use if_manifest::KeyId;
use if_manifest::trust::TrustRoot;
use if_manifest::trust::sigstore::{Authority, Signer, check_authority};

/// Pins an installation, or puts a newer trusted root of it in the place of the old one.
pub(crate) fn pin(
    root: &mut TrustRoot,
    name: &str,
    authority: &Authority,
) -> Result<(), RegistryError> {
    check_authority(authority).map_err(|error| RegistryError::Usage(error.to_string()))?;
    root.sigstore.authorities.insert(name.to_owned(), authority.clone());
    Ok(())
}

/// Pins it no more. Nobody may be left who depends on it.
pub(crate) fn unpin(root: &mut TrustRoot, name: &str) -> Result<(), RegistryError> {
    let signers = root.sigstore.signers.values();
    if let Some(signer) = signers.into_iter().find(|signer| signer.authority == name) {
        let text = format!("{} still signs by `{name}`: remove them first", signer.who);
        return Err(RegistryError::Usage(text));
    }
    match root.sigstore.authorities.remove(name) {
        Some(_) => Ok(()),
        None => Err(RegistryError::Usage(format!("no authority `{name}` is pinned"))),
    }
}

/// Names a principal. One who is there already may change to another authority.
pub(crate) fn name(root: &mut TrustRoot, signer: &Signer) -> Result<KeyId, RegistryError> {
    if !root.sigstore.authorities.contains_key(&signer.authority) {
        let text = format!("no authority `{}` is pinned", signer.authority);
        return Err(RegistryError::Usage(text));
    }
    let id = signer.who.id();
    root.sigstore.signers.insert(id, signer.clone());
    Ok(id)
}
