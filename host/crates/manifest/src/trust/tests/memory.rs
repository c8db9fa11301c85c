//! What is remembered of an allow-list: the same decisions, and nothing of another list.

use super::*;

const KEY: [u8; 32] = [7; 32];

fn word(text: &str) -> Word {
    Word::new(text).unwrap()
}

fn of<'a>(files: &'a Files, provider: &'a Word) -> Remembered<'a> {
    Remembered { provider, root: &files.root, allow: &files.allow, key: &KEY }
}

fn remember(files: &Files, provider: &Word) -> Option<Vec<u8>> {
    let root = verify_root(&files.root, None).ok()?;
    of(files, provider).write(&verify_allow(&files.allow, &root).ok()?)
}

/// The decision by what is remembered; `None` where the list itself is not believed.
pub(super) fn judge(world: &World, files: &Files) -> Option<Result<Trusted, TrustError>> {
    let provider = crate::parse_manifest(&files.manifest).unwrap().predicate.provider;
    let memory = remember(files, &provider)?;
    let root = verify_root(&files.root, None).ok()?;
    Some(world.judge_by(files, &root, &of(files, &provider).read(&memory).unwrap()))
}

/// A world whose allow-list names other plugins too.
fn crowd() -> World {
    let mut world = world();
    let own = world.allow.entries[0].clone();
    let other = |number: u8| AllowEntry {
        id: if_core::CapabilityId::new(format!("if://capability/other.p{number}")).unwrap(),
        provider: word(&format!("p{number}")),
        manifest_sha256: sha256(&[number]),
        ..own.clone()
    };
    world.allow.entries.splice(0..0, (0..40).map(other));
    world
}

#[test]
fn what_is_remembered_is_little_and_decides_the_same() {
    let world = crowd();
    let files = world.files();
    let whole = world.judge(&files).unwrap();
    let remembered = judge(&world, &files).unwrap().unwrap();
    assert_eq!(format!("{whole:?}"), format!("{remembered:?}"));
    let provider = &whole.predicate.provider;
    let memory = remember(&files, provider).unwrap();
    assert_eq!(of(&files, provider).read(&memory).unwrap().entries.len(), 1);
}

/// Another's entry for the same manifest stands first: the list refuses, and so does its memory.
#[test]
fn an_entry_for_the_same_bytes_is_not_forgotten() {
    let mut world = crowd();
    world.allow.entries[0].manifest_sha256 = sha256(&world.manifest);
    let files = world.files();
    assert!(matches!(world.judge(&files), Err(TrustError::EntryMismatch { .. })));
    assert!(matches!(judge(&world, &files), Some(Err(TrustError::EntryMismatch { .. }))));
}

#[test]
fn nothing_is_remembered_of_another_list_root_word_or_key() {
    let world = crowd();
    let files = world.files();
    let mine = world.judge(&files).unwrap().predicate.provider.clone();
    let other = word("p3");
    let memory = remember(&files, &mine).unwrap();
    assert!(of(&files, &mine).read(&memory).is_some());
    assert!(of(&files, &other).read(&memory).is_none());
    let key = [8; 32];
    assert!(Remembered { key: &key, ..of(&files, &mine) }.read(&memory).is_none());
    for change in [|w: &mut World| w.allow.version += 1, |w: &mut World| w.root.version += 1] {
        let mut changed = world.clone();
        change(&mut changed);
        assert!(of(&changed.files(), &mine).read(&memory).is_none());
    }
    for at in 0..memory.len() {
        for bit in 0..8 {
            let mut flipped = memory.clone();
            flipped[at] ^= 1 << bit;
            assert!(of(&files, &mine).read(&flipped).is_none(), "byte {at} bit {bit}");
        }
        assert!(of(&files, &mine).read(&memory[..at]).is_none(), "cut at {at}");
    }
}
