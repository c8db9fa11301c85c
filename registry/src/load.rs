//! The one load path, for commands, `plugin verify` and whatever comes later.
//!
//! Loading reads the manifest, its approvals and the three trust files, and decides. It does not
//! read the component: the cache of compiled code is keyed by the digest this path returns, and on
//! a miss [`Loaded::component_bytes`] hands out bytes only if they have it.

use crate::files::{names, read_capped};
use crate::package::{
    COMPONENT_BYTES_MAX, DATA_BYTES_MAX, Package, check_digest, check_magic, read_approvals,
    read_manifest,
};
use crate::sign::existing;
use crate::{Layout, Memory, RegistryError, Stamps, Standing, Target, TrustBytes, TrustFiles};
use if_core::{Digest, UnixMillis, Word};
use if_manifest::model::{COMPONENT_FILE, Predicate};
use if_manifest::parse_manifest;
use if_manifest::trust::{Seen, Trusted};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

/// Most plugins in one home; help for more is no help.
const PLUGINS_MAX: usize = 2_000;

/// A plugin that may run.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub trusted: Trusted,
    pub dir: PathBuf,
    pub manifest: Arc<Predicate>,
    pub component_digest: Digest,
    pub manifest_digest: Digest,
    /// For people, one line each.
    pub warnings: Vec<String>,
    papers: Arc<Papers>,
}

/// What was judged, as it was read: an upgrade meanwhile does not change what is running.
#[derive(Debug)]
pub(crate) struct Papers {
    pub manifest: Vec<u8>,
    pub approvals: Vec<Vec<u8>>,
}

/// Loads the plugin installed under this word. `seen` is what the caller remembers: the highest
/// release of it that ran here (`Option<u64>`), or [`Seen`] with the versions of the trust files.
pub fn load(
    layout: &Layout,
    provider: &Word,
    now: UnixMillis,
    seen: impl Into<Seen>,
) -> Result<Loaded, RegistryError> {
    load_remembering(layout, None, provider, now, seen)
}

/// The same, and sooner where `memory` knows the allow-list of today.
pub fn load_remembering(
    layout: &Layout,
    memory: Option<&Memory>,
    provider: &Word,
    now: UnixMillis,
    seen: impl Into<Seen>,
) -> Result<Loaded, RegistryError> {
    let bytes = TrustBytes::read(layout)?;
    let known = memory.and_then(|memory| memory.recall(&bytes, provider));
    let remembered = known.is_some();
    let files = known.map_or_else(|| TrustFiles::of(layout, &bytes), Ok)?;
    let dir = existing(layout, &Target::Installed(provider.clone()))?;
    let manifest = read_manifest(&dir)?;
    let approvals: Vec<Vec<u8>> = read_approvals(&dir)?.into_values().collect();
    let seen = seen.into();
    let judge = |files: &TrustFiles| {
        files.evaluate(&manifest, &approvals, None, now, seen.clone(), provider.as_str())
    };
    let trusted = match judge(&files) {
        // A memory says yes or nothing: the reason of a no stands in the whole list.
        Err(_) if remembered => judge(&TrustFiles::of(layout, &bytes)?),
        verdict => verdict,
    }?;
    if let (Some(memory), false) = (memory, remembered) {
        memory.keep(&bytes, &files.allow, provider);
    }
    same_word(provider, &trusted.predicate)?;
    Ok(Loaded {
        dir,
        manifest: trusted.predicate.clone(),
        component_digest: trusted.component_digest,
        manifest_digest: trusted.manifest_digest,
        warnings: trusted.warnings.iter().map(ToString::to_string).collect(),
        trusted,
        papers: Arc::new(Papers { manifest, approvals }),
    })
}

/// A folder renamed by hand must not make one plugin answer to another's word.
fn same_word(provider: &Word, manifest: &Predicate) -> Result<(), RegistryError> {
    if manifest.provider == *provider {
        return Ok(());
    }
    let what = format!("it is `{}`, but stands in the folder of `{provider}`", manifest.provider);
    Err(RegistryError::malformed("manifest.json", what))
}

impl Loaded {
    /// Watches over it while it runs. `before` was taken before it was loaded; trust files older
    /// than those it was loaded under count for nothing.
    pub fn standing(&self, layout: &Layout, before: Stamps) -> Standing {
        let seen = Seen {
            root_version: Some(self.trusted.root_version),
            allow_version: Some(self.trusted.allow_version),
            deny_version: Some(self.trusted.deny_version),
            ..Seen::default()
        };
        let target = self.manifest.provider.to_string();
        let (layout, dir) = (layout.clone(), self.dir.clone());
        Standing { layout, dir, papers: self.papers.clone(), target, seen, stamps: before }
    }

    /// The component, if it is the one that was signed.
    pub fn component_bytes(&self) -> Result<Vec<u8>, RegistryError> {
        let bytes = read_capped(&self.dir.join(COMPONENT_FILE), COMPONENT_BYTES_MAX)?;
        check_digest(COMPONENT_FILE, &bytes, self.component_digest)?;
        check_magic(&bytes)?;
        Ok(bytes)
    }

    /// A data file by its name under `data/`, if it is the one that was signed; `None` for a name
    /// that the manifest does not list.
    pub fn data(&self, name: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        let name = format!("data/{name}");
        // Only a name that the manifest lists is joined to a path: it was checked there.
        let Some(signed) = self.trusted.subject_digest(&name) else { return Ok(None) };
        let bytes = read_capped(&self.dir.join(&name), DATA_BYTES_MAX)?;
        check_digest(&name, &bytes, signed)?;
        Ok(Some(bytes))
    }
}

/// What `verify` found sound.
#[derive(Debug, Clone)]
pub struct VerifyReport {
    pub trusted: Trusted,
    /// Every file of the package but the manifest.
    pub files: Vec<VerifiedFile>,
    pub warnings: Vec<String>,
}

/// A file and its digest, which is the signed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifiedFile {
    pub name: String,
    pub digest: Digest,
}

/// The load path over every byte: the component and all data files too, and none besides.
pub fn verify(
    layout: &Layout,
    target: &Target,
    now: UnixMillis,
    seen: impl Into<Seen>,
) -> Result<VerifyReport, RegistryError> {
    let files = TrustFiles::read(layout)?;
    let package = Package::read(&existing(layout, target)?)?;
    let trusted = package.trust(&files, now, seen.into(), &target.to_string())?;
    if let Target::Installed(word) = target {
        same_word(word, &trusted.predicate)?;
    }
    let names = std::iter::once(COMPONENT_FILE).chain(package.data.keys().map(String::as_str));
    let files = names
        .filter_map(|name| Some((name, trusted.subject_digest(name)?)))
        .map(|(name, digest)| VerifiedFile { name: name.to_owned(), digest })
        .collect();
    let warnings = trusted.warnings.iter().map(ToString::to_string).collect();
    Ok(VerifyReport { trusted, files, warnings })
}

/// What stands in the home under a word: not verified. `None` when its manifest does not parse.
#[derive(Debug, Clone)]
pub struct Listed {
    pub provider: Word,
    pub dir: PathBuf,
    pub manifest: Option<Predicate>,
}

/// Every installed plugin, by word. Whether it may run, [`load`] says.
pub fn list(layout: &Layout) -> Result<Vec<Listed>, RegistryError> {
    let mut listed = Vec::new();
    for provider in words(layout)? {
        let dir = layout.plugin_dir(&provider);
        let manifest = read_manifest(&dir).and_then(|bytes| Ok(parse_manifest(&bytes)?)).ok();
        listed.push(Listed { provider, dir, manifest: manifest.map(|it| it.predicate) });
    }
    Ok(listed)
}

/// The words of installed plugins. Names that are no words (an interrupted installation's) are not.
fn words(layout: &Layout) -> Result<Vec<Word>, RegistryError> {
    let names = names(&layout.plugins_dir(), PLUGINS_MAX)?;
    Ok(names.into_iter().filter_map(|name| Word::new(name).ok()).collect())
}

/// There is no such plugin; perhaps another was meant.
pub(crate) fn unknown(layout: &Layout, word: &str) -> RegistryError {
    let known = words(layout).unwrap_or_default();
    let nearest = if_config::nearest(word, known.iter().map(Word::as_str)).map(str::to_owned);
    RegistryError::Unknown { word: word.to_owned(), nearest }
}
