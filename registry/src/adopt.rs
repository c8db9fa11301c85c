//! Taking over the trust that came with a bundle.
//!
//! Three ways, and no fourth: the bundle has the home's own root, and newer lists come with it; its
//! root is the successor that the home's root signed; or the home has allowed nothing yet, and its
//! operator names the root by its digest, learnt some other way. Older lists never replace newer.

use crate::bundle::Bundle;
use crate::install::{Verified, put, verify_package};
use crate::lock::Lock;
use crate::trust_bytes::TrustBytes;
use crate::{Describe, Installed, Layout, RegistryError, rebuild_index};
use if_core::{Digest, UnixMillis, Word};
use if_manifest::TrustError;
use if_manifest::trust::Seen;

/// What a bundle brought.
#[derive(Debug, Clone)]
pub struct Adopted {
    pub packages: Vec<Installed>,
    /// The home's trust changed with it.
    pub trust_changed: bool,
}

/// Verifies everything in the bundle, then takes over its trust and installs its packages, or only
/// those of these words. With `locked` each must be what the lock file says. Whatever fails, fails
/// before anything is written.
pub fn adopt(
    layout: &Layout,
    bundle: &Bundle,
    only: &[Word],
    root: Option<Digest>,
    (now, seen): (UnixMillis, &Seen),
    locked: bool,
    describe: &mut Describe<'_>,
) -> Result<Adopted, RegistryError> {
    if let Some(word) = only.iter().find(|word| !bundle.packages.contains_key(word)) {
        let known = bundle.packages.keys().map(Word::as_str);
        let nearest = if_config::nearest(word.as_str(), known).map(str::to_owned);
        return Err(RegistryError::Unknown { word: word.to_string(), nearest });
    }
    let _lock = Lock::take(layout)?;
    let ours = TrustBytes::read(layout)?;
    let chosen = choose(&ours, &bundle.trust, root)?;
    let files = chosen.verify(None).map_err(in_bundle)?;
    // The lock file was signed under the root that holds until now.
    let mine = ours.verify(None).map_err(in_bundle)?;
    let mut verified: Vec<Verified> = Vec::new();
    for (word, package) in &bundle.packages {
        if only.is_empty() || only.contains(word) {
            let mut one =
                verify_package(package, &files, now, seen.clone(), word.as_str(), describe)?;
            if one.trusted.predicate.provider != *word {
                let what = format!("it is `{}`, not `{word}`", one.trusted.predicate.provider);
                return Err(RegistryError::malformed("manifest.json", what));
            }
            one.hold(layout, &mine.root, locked)?;
            verified.push(one);
        }
    }
    let trust_changed = chosen.put(layout, &ours)?;
    let packages: Result<Vec<_>, _> = verified.into_iter().map(|one| put(layout, one)).collect();
    rebuild_index(layout)?;
    Ok(Adopted { packages: packages?, trust_changed })
}

/// The trust that holds from now on, or why it may not.
fn choose(
    ours: &TrustBytes,
    theirs: &TrustBytes,
    named: Option<Digest>,
) -> Result<TrustBytes, RegistryError> {
    let mine = ours.verify(None).map_err(in_bundle)?;
    let same_root = ours.root == theirs.root;
    if !same_root && theirs.verify(Some(&mine.root)).is_err() {
        let found = theirs.root_digest();
        let untouched = mine.allow.entries.is_empty();
        if named != Some(found) || !untouched {
            return Err(RegistryError::RootUnknown { found, named, untouched });
        }
        theirs.verify(None).map_err(in_bundle)?;
        return Ok(theirs.clone());
    }
    let new = theirs.verify((!same_root).then_some(&*mine.root)).map_err(in_bundle)?;
    let (allow, deny) =
        (new.allow.version > mine.allow.version, new.deny.version > mine.deny.version);
    // Under a new root the old lists may not count any more: both come from the bundle or stay.
    let mut chosen = TrustBytes {
        root: theirs.root.clone(),
        allow: if allow { &theirs.allow } else { &ours.allow }.clone(),
        deny: if deny { &theirs.deny } else { &ours.deny }.clone(),
    };
    if chosen.verify(None).is_err() && !same_root {
        chosen = theirs.clone();
    }
    Ok(chosen)
}

fn in_bundle(error: TrustError) -> RegistryError {
    RegistryError::Trust { error, target: "the bundle".to_owned() }
}
