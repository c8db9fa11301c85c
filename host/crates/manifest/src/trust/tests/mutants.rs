//! Changed bytes: every flip of one, and whatever a fuzzer makes. None may pass, none may panic.

use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

/// How many worlds and mutants each property sees: `cargo xtask test --mutants 100000` for all.
pub(super) fn cases() -> u32 {
    if_servers::Size::Mutants.asked()
}

/// The world in which everything is right, signed once.
static GOOD: LazyLock<(World, Files)> = LazyLock::new(|| {
    let world = world();
    let files = world.files();
    (world, files)
});

/// `good` with one bit of each byte flipped in turn.
fn flips(good: &[u8], bit: u8) -> impl Iterator<Item = Vec<u8>> {
    (0..good.len()).map(move |at| {
        let mut bytes = good.to_vec();
        bytes[at] ^= bit;
        bytes
    })
}

/// Each bit of a byte.
const BITS: [u8; 8] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80];

/// The one byte of an envelope that may vary is the white space behind it.
fn only_the_end_differs(bytes: &[u8], good: &[u8]) -> bool {
    bytes[..bytes.len() - 1] == good[..good.len() - 1]
        && bytes[bytes.len() - 1].is_ascii_whitespace()
}

#[test]
fn every_flipped_byte_of_an_envelope_is_refused() {
    let world = world();
    let good = world.files();
    let root = verify_root(&good.root, None).unwrap();
    let check = |good: &[u8], verify: &dyn Fn(&[u8]) -> bool| {
        assert!(verify(good));
        for bytes in BITS.into_iter().flat_map(|bit| flips(good, bit)) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert_eq!(verify(&bytes), only_the_end_differs(&bytes, good), "{text}");
        }
    };
    check(&good.root, &|bytes| verify_root(bytes, None).is_ok());
    check(&good.allow, &|bytes| verify_allow(bytes, &root).is_ok());
    check(&good.deny, &|bytes| verify_deny(bytes, &root).is_ok());
    let plugin = LockedPlugin::of(&world.judge(&good).unwrap());
    let lock = signed(&LockFile { plugins: vec![plugin] }, &world.allow_signers);
    check(&lock, &|bytes| verify_lock(bytes, &root).is_ok());
    let approval = &good.approvals[1];
    check(approval, &|bytes| verify_approval(bytes, &root).is_ok_and(|found| found.is_some()));
}

#[test]
fn every_flipped_byte_of_a_manifest_is_refused() {
    let world = world();
    let good = world.files();
    let (root, one) = (verify_root(&good.root, None).unwrap(), &good.approvals[..1]);
    let allow = verify_allow(&good.allow, &root).unwrap();
    let deny = verify_deny(&good.deny, &root).unwrap();
    for manifest in BITS.into_iter().flat_map(|bit| flips(&good.manifest, bit)) {
        let input = TrustInput {
            root: &root,
            allow: &allow,
            deny: &deny,
            manifest_bytes: &manifest,
            approvals: one,
            component_sha256: None,
            seen: Seen::default(),
            now: NOW,
        };
        assert_eq!(evaluate(&input).unwrap_err().code(), Code::SignatureInvalid);
    }
}

/// One edit of a file: what fuzzers do.
#[derive(Debug, Clone)]
enum Edit {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Delete(prop::sample::Index),
    Truncate(prop::sample::Index),
    Splice(prop::sample::Index, prop::sample::Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Insert(at, byte)),
        at().prop_map(Edit::Delete),
        at().prop_map(Edit::Truncate),
        (at(), at()).prop_map(|(from, to)| Edit::Splice(from, to)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    if bytes.is_empty() {
        return;
    }
    match edit {
        Edit::Set(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Edit::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
        Edit::Delete(at) => drop(bytes.remove(at.index(bytes.len()))),
        Edit::Truncate(at) => bytes.truncate(at.index(bytes.len())),
        Edit::Splice(from, to) => {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let piece = bytes[from.min(to)..from.max(to)].to_vec();
            let at = from.min(to);
            bytes.splice(at..at, piece);
        }
    }
}

/// The same meaning: an envelope with other white space, with a signature that stands twice, or
/// with one more of nobody known, says the same by the same people.
fn same(one: &[u8], other: &[u8]) -> bool {
    let people: Vec<KeyId> = GOOD.0.root.keys.keys().copied().collect();
    let parse = |bytes| Some(Envelope::parse(bytes, DOCUMENT_BYTES_MAX).ok()?.once(&people));
    one == other || (parse(one).is_some() && parse(one) == parse(other))
}

#[test]
fn a_signature_that_stands_twice_is_still_one_voice() {
    let world = world();
    let mut files = world.files();
    let text = String::from_utf8(files.deny.clone()).unwrap();
    let from = text.find("{\"keyid\"").unwrap();
    let to = text[from..].find('}').unwrap() + from + 1;
    let twice = format!("{},{}{}", &text[..to], &text[from..to], &text[to..]);
    files.deny = twice.into_bytes();
    assert!(same(&files.deny, &world.files().deny));
    assert!(world.judge(&files).is_ok());
}

#[test]
fn a_signature_of_a_stranger_is_no_voice() {
    let mut world = world();
    world.deny_signers.push(STRANGER);
    let files = world.files();
    assert!(same(&files.deny, &GOOD.1.deny) && world.judge(&files).is_ok());
    world.deny_signers = vec![LISTER, STRANGER];
    assert!(!same(&world.files().deny, &GOOD.1.deny));
    assert!(world.judge(&world.files()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn mutants_neither_panic_nor_pass(
        which in 0..5_usize,
        edits in prop::collection::vec(edit(), 1..4),
    ) {
        let (world, good) = &*GOOD;
        let mut bad = good.clone();
        let file = match which {
            0 => &mut bad.manifest,
            1 => &mut bad.root,
            2 => &mut bad.allow,
            3 => &mut bad.deny,
            _ => &mut bad.approvals[2],
        };
        edits.iter().for_each(|edit| apply(file, edit));
        if world.judge(&bad).is_ok() {
            prop_assert_eq!(&bad.manifest, &good.manifest);
            prop_assert!(same(&bad.root, &good.root));
            prop_assert!(same(&bad.allow, &good.allow));
            prop_assert!(same(&bad.deny, &good.deny));
            prop_assert!(same(&bad.approvals[2], &good.approvals[2]));
        }
    }

    /// Mutants of a manifest that somebody signed all the same: the parser alone stands.
    #[test]
    fn parsers_never_panic(edits in prop::collection::vec(edit(), 1..6)) {
        let mut manifest = EXAMPLE.as_bytes().to_vec();
        edits.iter().for_each(|edit| apply(&mut manifest, edit));
        if let Ok(parsed) = crate::parse_manifest(&manifest) {
            let written = serde_json::to_vec(&parsed).unwrap();
            prop_assert_eq!(crate::parse_manifest(&written).unwrap(), parsed);
        }
    }
}
