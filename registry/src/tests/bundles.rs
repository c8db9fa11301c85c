//! A bundle file of which any byte was changed, cut off or added: it is refused by what is wrong
//! with it, by whoever looks into it and by every home, and nothing of it stays.

use super::*;
use if_core::Digest;
use if_manifest::SigningKey;
use if_manifest::trust::Seen;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// What each byte is changed by: its lowest and its highest bit.
const BITS: [u8; 2] = [0x01, 0x80];

/// Of the bytes inside a bundle's files, homes are asked about one in so many.
const CONTENT_STRIDE: usize = 16;

/// Where a byte stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Header,
    /// Of this file, at this place in it.
    Content(String, usize),
    Padding,
    End,
}

/// A bundle on its way: from its home, to one that has nothing yet and to one that has it already.
struct Carried {
    world: World,
    fresh: Layout,
    bytes: Vec<u8>,
    root: Digest,
}

fn ada() -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new([7; 32]))
}

impl Carried {
    /// Of one plugin that its publisher signed and Ada read; so many reviewers are asked for.
    fn new(reviewers: u32) -> Carried {
        let world = World::new();
        let add = RootChange::Add { role: Role::Reviewer, key: ada().public(), scope: None };
        change_root(&world.layout, &[add], &[&world.key()], NOW).unwrap();
        world.pack().unwrap();
        world.sign();
        let expires = NOW.plus_millis(1_000 * DAY);
        sign(&world.package(), &ada(), Role::Reviewer, expires).unwrap();
        let asked = AllowRequest { reviewers_required: Some(reviewers), ..Default::default() };
        world.allow_with(&world.package().display().to_string(), &asked).unwrap();
        world.install().unwrap();
        let fresh = Layout { home: world.path("fresh") };
        init_trust(&fresh, NOW, &InTheClear).unwrap();
        let bundle = Bundle::of(&world.layout, &[], NOW, &Seen::default()).unwrap();
        let mut bytes = Vec::new();
        bundle.write(&mut bytes).unwrap();
        Carried { root: bundle.trust.root_digest(), world, fresh, bytes }
    }

    /// As `bundle inspect` does it, with nothing but the file.
    fn inspect(&self, bytes: &[u8]) -> Result<BTreeSet<String>, RegistryError> {
        let bundle = Bundle::parse(bytes)?;
        let trust = |error| RegistryError::Trust { error, target: "the bundle".to_owned() };
        let files = bundle.trust.verify(None).map_err(trust)?;
        let trusted = bundle.trusted(&files, NOW, &Seen::default())?;
        let approvers = trusted.values().flat_map(|one| one.approvers.iter());
        Ok(approvers.map(|(key, role)| format!("{key} {role}")).collect())
    }

    fn install(&self, home: &Layout, bytes: &[u8]) -> Result<Adopted, RegistryError> {
        let bundle = Bundle::parse(bytes)?;
        let when = (NOW, &Seen::default());
        let describe = &mut self.world.describe();
        adopt(home, &bundle, &[], Some(self.root), when, false, describe)
    }

    /// Why nobody takes it: who inspects it, the home without anything, the one that has it.
    fn refused(&self, bytes: &[u8], what: &str) -> Vec<RegistryError> {
        let taken = |who: &str| format!("{what}: {who} took it");
        vec![
            self.inspect(bytes).expect_err(&taken("whoever inspects")),
            self.install(&self.fresh, bytes).expect_err(&taken("a fresh home")),
            self.install(&self.world.layout, bytes).expect_err(&taken("its own home")),
        ]
    }

    /// The same for a byte that was changed. Homes verify what an inspection does, and more: of
    /// what is inside, they are asked about every so manieth byte.
    fn refused_at(&self, bytes: &[u8], at: usize, place: &Place) -> Vec<RegistryError> {
        let what = format!("byte {at}, {place:?}");
        if matches!(place, Place::Content(..)) && !at.is_multiple_of(CONTENT_STRIDE) {
            return vec![self.inspect(bytes).expect_err(&what)];
        }
        self.refused(bytes, &what)
    }

    /// Each byte's place.
    fn places(&self) -> Vec<Place> {
        let mut places = vec![Place::End; self.bytes.len()];
        for entry in tar::Archive::new(&*self.bytes).entries().unwrap() {
            let entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().into_owned();
            let at = |position: u64| usize::try_from(position).unwrap();
            let (header, content) =
                (at(entry.raw_header_position()), at(entry.raw_file_position()));
            let end = content + at(entry.size());
            places[header..content].fill(Place::Header);
            for (byte, place) in places[content..end].iter_mut().enumerate() {
                *place = Place::Content(name.clone(), byte);
            }
            places[end..end.next_multiple_of(512)].fill(Place::Padding);
        }
        places
    }

    /// What is installed and what vouches for it, but for the lock.
    fn files(layout: &Layout) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        for folder in [layout.home.join("trust"), layout.plugins_dir()] {
            collect(&folder, &mut files);
        }
        files.sort();
        files
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    let Ok(entries) = fs_err::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => collect(&path, files),
            false => files.push((path.clone(), fs_err::read(&path).unwrap())),
        }
    }
}

/// The codes under which a change of this byte is refused, and what the sentence names.
fn expected(place: &Place) -> (&'static [Code], &'static [&'static str]) {
    use Code::{
        PackageMalformed, RootUnknown, SignatureInvalid, SignatureMissing, Tampered, TrustMalformed,
    };
    let Place::Content(name, at) = place else {
        return (&[PackageMalformed], &["tar", "bundle", "byte"]);
    };
    let document: &[Code] = &[TrustMalformed, SignatureInvalid];
    match name.strip_prefix("packages/mixer/").unwrap_or(name) {
        "bundle.json" => (&[PackageMalformed], &["its form is not known"]),
        "trust/root.json" => (&[TrustMalformed, SignatureInvalid, RootUnknown], &["trust root"]),
        "trust/allow.json" => (document, &["allow-list"]),
        "trust/deny.json" => (document, &["deny-list"]),
        "component.wasm" if *at < 8 => (&[PackageMalformed], &["component.wasm"]),
        "component.wasm" => (&[Tampered], &["component.wasm"]),
        "data/words.csv" => (&[Tampered], &["data/words.csv"]),
        "data/sbom.json" => (&[Tampered], &["data/sbom.json"]),
        "manifest.json" => (&[SignatureInvalid], &["another manifest"]),
        approval => {
            assert!(approval.starts_with("approvals/"), "{approval}");
            (&[TrustMalformed, SignatureInvalid, SignatureMissing], &["approval"])
        }
    }
}

/// Flips every byte that stands in such a place.
fn flip(such: impl Fn(&Place) -> bool) {
    let carried = Carried::new(1);
    carried.inspect(&carried.bytes).unwrap();
    let before = [&carried.fresh, &carried.world.layout].map(Carried::files);
    let mut bytes = carried.bytes.clone();
    let places = carried.places();
    let mut of_these = places.iter().enumerate().filter(|(_, place)| such(place)).peekable();
    assert!(of_these.peek().is_some());
    for (at, place) in of_these {
        let (codes, names) = expected(place);
        for bit in BITS {
            bytes[at] ^= bit;
            for error in carried.refused_at(&bytes, at, place) {
                let said = error.to_string();
                assert!(codes.contains(&error.code()), "byte {at}, {place:?}: {said}");
                let named = names.iter().any(|name| said.contains(name));
                assert!(named, "byte {at}, {place:?}: {said}");
            }
            bytes[at] ^= bit;
        }
    }
    assert_eq!([&carried.fresh, &carried.world.layout].map(Carried::files), before);
    carried.install(&carried.fresh, &bytes).unwrap();
}

fn is_of(place: &Place, folder: &str) -> bool {
    matches!(place, Place::Content(name, _) if name.starts_with(folder))
}

#[test]
fn every_flipped_byte_around_the_files_of_a_bundle_is_refused() {
    flip(|place| !is_of(place, "trust/") && !is_of(place, "packages/"));
}

#[test]
fn every_flipped_byte_of_the_trust_in_a_bundle_is_refused() {
    flip(|place| is_of(place, "trust/"));
}

#[test]
fn every_flipped_byte_of_a_package_in_a_bundle_is_refused() {
    flip(|place| is_of(place, "packages/"));
}

#[test]
fn a_bundle_that_is_cut_or_goes_on_is_refused() {
    let carried = Carried::new(1);
    let all = &carried.bytes;
    let blocks = (0..all.len()).step_by(512);
    for length in blocks.flat_map(|length| [length, length + 1, length + 511]) {
        for error in carried.refused(&all[..length], &format!("{length} bytes")) {
            assert_eq!(error.code(), Code::PackageMalformed, "{length}: {error}");
            let said = error.to_string();
            let named = said.contains("cut short") || said.contains(&format!("byte {length} "));
            assert!(named, "{length}: {said}");
        }
    }
    let twice = [&all[..], &all[..]].concat();
    for (tail, what) in [
        (&[0][..], "a zero"),
        (&[0; 512], "a block of zeros"),
        (&[0; 1024], "a second end"),
        (b"x", "a letter"),
        (&[b'x'; 512], "a block of letters"),
        (&[&[b'x'; 512][..], &[0; 1024]].concat(), "letters with an end of their own"),
        (&twice[..all.len()], "itself"),
    ] {
        for error in carried.refused(&[&all[..], tail].concat(), what) {
            assert_eq!(error.code(), Code::PackageMalformed, "{what}: {error}");
        }
    }
}

/// The same files in another tar: another order, another owner, a time, another form of header.
#[test]
fn the_same_files_in_another_tar_are_no_bundle() {
    let carried = Carried::new(1);
    let rewritten = |change: &dyn Fn(&mut tar::Header), reverse: bool| {
        let mut archive = tar::Archive::new(&*carried.bytes);
        let mut files: Vec<(tar::Header, Vec<u8>)> = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
            files.push((entry.header().clone(), content));
        }
        if reverse {
            files.reverse();
        }
        let mut tar = tar::Builder::new(Vec::new());
        for (mut header, content) in files {
            change(&mut header);
            header.set_cksum();
            tar.append(&header, &*content).unwrap();
        }
        tar.into_inner().unwrap()
    };
    assert_eq!(rewritten(&|_| {}, false), carried.bytes, "only what is changed differs");
    for (bytes, what) in [
        (rewritten(&|_| {}, true), "another order"),
        (rewritten(&|header| header.set_mtime(1), false), "a time"),
        (rewritten(&|header| header.set_uid(1_000), false), "an owner"),
        (rewritten(&|header| header.set_mode(0o755), false), "another mode"),
        (rewritten(&|header| header.as_mut_bytes()[500] = b'x', false), "words behind the header"),
    ] {
        for error in carried.refused(&bytes, what) {
            let said = error.to_string();
            assert!(said.contains("is not as a bundle has it"), "{what}: {said}");
        }
    }
}

/// A voice that nobody asked for may be taken out of a bundle by whoever carries it; changing whose
/// it is does just that and no more. Every other byte of it is refused.
#[test]
fn of_a_voice_too_many_only_its_owners_name_may_be_lost() {
    let carried = Carried::new(0);
    let whole = carried.inspect(&carried.bytes).unwrap();
    let key = ada().id();
    let file = format!("packages/mixer/approvals/{}.json", key.short());
    let places = carried.places();
    let mut lost = 0;
    for (at, place) in places.iter().enumerate() {
        if !matches!(place, Place::Content(name, _) if *name == file) {
            continue;
        }
        let mut bytes = carried.bytes.clone();
        bytes[at] ^= 1;
        let Ok(heard) = carried.inspect(&bytes) else { continue };
        lost += 1;
        let missing: Vec<_> = whole.difference(&heard).collect();
        assert_eq!(missing, [&format!("{key} reviewer")], "byte {at}");
        assert!(heard.is_subset(&whole), "byte {at}: {heard:?}");
        let name = key.to_string();
        let before = String::from_utf8_lossy(&carried.bytes[at - name.len()..at + name.len()]);
        assert!(before.contains(&name), "byte {at} is not of her name: {before}");
    }
    assert!((1..=key.to_string().len()).contains(&lost), "{lost}");
}
