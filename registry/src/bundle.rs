//! A bundle: packages and the trust that vouches for them in one file, for a machine that no
//! network reaches.
//!
//! It is a plain tar, so that any system can look into it, and deterministic: the same packages and
//! the same trust make the same bytes. Reading one believes nothing: names, sizes and counts are
//! bounded here, and what is inside goes through the load path like anything else. What a tar may
//! carry beside its files (padding, owners, times, whatever follows its end) must be what is
//! written here, so that nothing travels in it that nobody looked at.

use crate::files::read_capped;
use crate::package::{APPROVALS_DIR, MANIFEST_FILE, Package};
use crate::sign::existing;
use crate::trust_bytes::TrustBytes;
use crate::{Layout, RegistryError, Target, TrustFiles, list};
use if_core::{UnixMillis, Word};
use if_manifest::model::COMPONENT_FILE;
use if_manifest::trust::{Seen, Trusted};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;

/// The form written here; a reader refuses a later one.
const FORMAT: &str = "{\"format\":1}\n";
const FORMAT_FILE: &str = "bundle.json";
const PACKAGES: &str = "packages";
const TRUST: [&str; 3] = ["trust/root.json", "trust/allow.json", "trust/deny.json"];

/// Largest bundle: some hundred packages, held in memory while they are verified.
const BUNDLE_BYTES_MAX: usize = 512 << 20;

/// Most files in one; a package seldom has ten.
const FILES_MAX: usize = 20_000;

/// What a whole tar ends with.
const END_OF_TAR: [u8; 1024] = [0; 1024];

/// Everything in a bundle, not verified.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub trust: TrustBytes,
    pub packages: BTreeMap<Word, Package>,
}

impl Bundle {
    /// The bundle of these packages, all installed ones when none is named, with this home's trust.
    /// What would not run here is refused: it would run nowhere.
    pub fn of(
        layout: &Layout,
        targets: &[Target],
        now: UnixMillis,
        seen: &Seen,
    ) -> Result<Self, RegistryError> {
        let trust = TrustBytes::read(layout)?;
        let files = TrustFiles::read(layout)?;
        let targets = match targets {
            [] => list(layout)?.into_iter().map(|it| Target::Installed(it.provider)).collect(),
            some => some.to_vec(),
        };
        let mut packages = BTreeMap::new();
        for target in targets {
            let package = Package::read(&existing(layout, &target)?)?;
            let trusted = package.trust(&files, now, seen.clone(), &target.to_string())?;
            let word = trusted.predicate.provider.clone();
            if packages.insert(word.clone(), package).is_some() {
                return Err(RegistryError::Usage(format!("`{word}` is named twice")));
            }
        }
        if packages.is_empty() {
            return Err(RegistryError::Usage("there is no plugin to put into a bundle".into()));
        }
        Ok(Self { trust, packages })
    }

    /// The verdict of this trust on each package, over every byte of it.
    pub fn trusted(
        &self,
        files: &TrustFiles,
        now: UnixMillis,
        seen: &Seen,
    ) -> Result<BTreeMap<Word, Trusted>, RegistryError> {
        let judge = |(word, package): (&Word, &Package)| {
            let trusted = package.trust(files, now, seen.clone(), word.as_str())?;
            Ok((word.clone(), trusted))
        };
        self.packages.iter().map(judge).collect()
    }

    /// Writes it: every file in the order of its name, with no owner and no time.
    pub fn write(&self, output: impl Write) -> Result<(), RegistryError> {
        let mut tar = tar::Builder::new(output);
        let mut add = |name: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            tar.append_data(&mut header, name, bytes)
        };
        add(FORMAT_FILE, FORMAT.as_bytes())?;
        for (name, bytes) in
            TRUST.iter().zip([&self.trust.root, &self.trust.allow, &self.trust.deny])
        {
            add(name, bytes)?;
        }
        for (word, package) in &self.packages {
            for (name, bytes) in package.files() {
                add(&format!("{PACKAGES}/{word}/{name}"), bytes)?;
            }
        }
        tar.into_inner()?.flush()?;
        Ok(())
    }

    /// Reads one, in bounds. Nothing is verified yet.
    pub fn read(path: &Path) -> Result<Self, RegistryError> {
        let bytes = read_capped(path, BUNDLE_BYTES_MAX)?;
        let named = |error| match error {
            RegistryError::Malformed { file, what } if file.is_empty() => {
                RegistryError::malformed(path.display().to_string(), what)
            }
            other => other,
        };
        Self::parse(&bytes).map_err(named)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, RegistryError> {
        let mut files = entries(bytes)?;
        let mut take = |name: &str| {
            let missing = || none(format!("`{name}` is missing: it is no bundle"));
            files.remove(name).ok_or_else(missing)
        };
        match take(FORMAT_FILE)?.as_slice() {
            known if known == FORMAT.as_bytes() => {}
            _ => return Err(none("its form is not known to this version")),
        }
        let [root, allow, deny] = TRUST.map(&mut take);
        let trust = TrustBytes { root: root?, allow: allow?, deny: deny? };
        let mut packages: BTreeMap<Word, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
        for (name, bytes) in files {
            let foreign = || none(format!("`{name}` belongs to nothing"));
            let rest = name.strip_prefix(PACKAGES).and_then(|rest| rest.strip_prefix('/'));
            let (word, inside) = rest.and_then(|rest| rest.split_once('/')).ok_or_else(foreign)?;
            let word = Word::new(word).map_err(|_| foreign())?;
            packages.entry(word).or_default().insert(inside.to_owned(), bytes);
        }
        let packages = packages.into_iter().map(|(word, files)| {
            let package = Package::of(Path::new(word.as_str()), files)?;
            Ok((word, package))
        });
        let bundle = Self { trust, packages: packages.collect::<Result<_, RegistryError>>()? };
        bundle.makes(bytes)?;
        Ok(bundle)
    }

    /// Writing what was read makes the same bytes again, or something else was in them.
    fn makes(&self, bytes: &[u8]) -> Result<(), RegistryError> {
        let mut same = Same { read: bytes, at: 0 };
        let written = self.write(&mut same).is_ok();
        match (written && same.at == bytes.len(), same.at) {
            (true, _) => Ok(()),
            (false, at) => Err(none(format!("byte {at} is not as a bundle has it"))),
        }
    }
}

/// A place to write to which takes only what was read, and knows how far it came.
struct Same<'a> {
    read: &'a [u8],
    at: usize,
}

impl Write for Same<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.read.get(self.at..).unwrap_or_default();
        let alike = left.iter().zip(bytes).take_while(|(read, written)| read == written).count();
        self.at += alike;
        if alike == bytes.len() { Ok(alike) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The plain files of a tar by name, each at most once.
fn entries(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, RegistryError> {
    if !bytes.ends_with(&END_OF_TAR) {
        return Err(none("it is cut short, or no bundle at all"));
    }
    let broken = |error: io::Error| none(format!("it is no tar that can be read: {error}"));
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let name = entry.path().map_err(broken)?.to_string_lossy().into_owned();
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(none(format!("`{name}` is no plain file")));
        }
        let mut content = Vec::new();
        entry.take(BUNDLE_BYTES_MAX as u64).read_to_end(&mut content).map_err(broken)?;
        if files.insert(name.clone(), content).is_some() {
            return Err(none(format!("`{name}` is in it twice")));
        }
        if files.len() > FILES_MAX {
            return Err(none(format!("it has over {FILES_MAX} files")));
        }
    }
    Ok(files)
}

/// The bundle itself is malformed; [`Bundle::read`] knows its name.
fn none(what: impl ToString) -> RegistryError {
    RegistryError::malformed("", what)
}

impl Package {
    /// Its files by their names inside it, in order.
    pub(crate) fn files(&self) -> BTreeMap<String, &[u8]> {
        let mut files = BTreeMap::from([
            (COMPONENT_FILE.to_owned(), self.component.as_slice()),
            (MANIFEST_FILE.to_owned(), self.manifest.as_slice()),
        ]);
        files.extend(self.data.iter().map(|(name, bytes)| (name.clone(), bytes.as_slice())));
        let approvals = self.approvals.iter();
        files.extend(
            approvals.map(|(name, bytes)| (format!("{APPROVALS_DIR}/{name}"), bytes.as_slice())),
        );
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &[u8])], kind: tar::EntryType) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_entry_type(kind);
            // Written past the library, which refuses some of these names.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, *bytes).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn refused(files: &[(&str, &[u8])]) -> String {
        let trust = TRUST.map(|name| (name, &b"{}"[..]));
        let all = [&[(FORMAT_FILE, FORMAT.as_bytes())][..], &trust[..], files].concat();
        Bundle::parse(&archive(&all, tar::EntryType::Regular)).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_bundle_is_refused_by_what_is_wrong() {
        const WASM: &[u8] = b"\0asm\x0d\0\x01\0";
        let component = ("packages/x/component.wasm", WASM);
        let manifest = ("packages/x/manifest.json", &b"{}"[..]);
        for (files, why) in [
            (&[("packages/../x", &b"1"[..])][..], "belongs to nothing"),
            (&[("/etc/passwd", b"1")], "belongs to nothing"),
            (&[("packages/X/manifest.json", b"1")], "belongs to nothing"),
            (&[("trust/other.json", b"1")], "belongs to nothing"),
            (&[component], "manifest.json: is missing"),
            (&[manifest], "component.wasm: is missing"),
            (&[component, manifest, ("packages/x/data/../../y", b"1")], "is no part of a package"),
            (&[component, manifest, ("packages/x/data//y", b"1")], "is no part of a package"),
            (&[component, manifest, ("packages/x/run.sh", b"1")], "is no part of a package"),
            (&[component, manifest, ("packages/x/approvals/a/b", b"1")], "is no part of a package"),
            (&[component, component, manifest], "is in it twice"),
            (&[("packages/x/component.wasm", b"\x7fELF"), manifest], "is native code"),
        ] {
            let said = refused(files);
            assert!(said.contains(why), "{files:?}: {said}");
        }
        let link = archive(&[("bundle.json", b"")], tar::EntryType::Symlink);
        assert!(Bundle::parse(&link).unwrap_err().to_string().contains("no plain file"));
        let later = archive(&[(FORMAT_FILE, b"{\"format\":2}\n")], tar::EntryType::Regular);
        assert!(Bundle::parse(&later).unwrap_err().to_string().contains("not known"));
        let empty = Bundle::parse(&END_OF_TAR).unwrap_err().to_string();
        assert!(empty.contains("bundle.json` is missing"), "{empty}");
        let cut = &archive(&[(FORMAT_FILE, FORMAT.as_bytes())], tar::EntryType::Regular);
        let cut = Bundle::parse(&cut[..cut.len() - 512]).unwrap_err().to_string();
        assert!(cut.contains("cut short"), "{cut}");
    }
}
