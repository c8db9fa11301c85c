//! Long allow-lists are remembered: what is loaded is the same, and what is refused stays refused.

use super::*;
use if_manifest::sha256;
use if_manifest::trust::{AllowEntry, AllowList, seal};

const MEMORY_TOO_LARGE: usize = 64 * 1024 + 1;

/// A home with a list of four hundred, and a folder for what is remembered of it.
struct Remembering {
    world: World,
    memory: Memory,
    _cache: tempfile::TempDir,
}

impl Remembering {
    fn new() -> Self {
        let cache = tempfile::tempdir().unwrap();
        let memory = Memory { folder: cache.path().to_owned(), key: [7; 32] };
        let it = Self { world: World::installed(), memory, _cache: cache };
        it.change(|list| {
            let own = list.entries[0].clone();
            list.entries.extend((0..400).map(|number| AllowEntry {
                id: if_core::CapabilityId::new(format!("if://capability/other.p{number}")).unwrap(),
                provider: word(&format!("p{number}")),
                manifest_sha256: sha256(&[number as u8, 1]),
                ..own.clone()
            }));
        });
        it
    }

    fn change(&self, change: impl FnOnce(&mut AllowList)) {
        let layout = &self.world.layout;
        let mut list = AllowList::clone(&TrustFiles::read(layout).unwrap().allow);
        change(&mut list);
        list.version += 1;
        fs_err::write(layout.allow_file(), seal(&list, &[&self.world.key()]).unwrap()).unwrap();
    }

    fn load(&self) -> Result<Loaded, RegistryError> {
        load_remembering(&self.world.layout, Some(&self.memory), &word("mixer"), NOW, None)
    }

    fn file(&self) -> PathBuf {
        self.memory.folder.join("mixer.allow")
    }

    /// Whether the list of today is remembered.
    fn knows(&self) -> bool {
        let bytes = TrustBytes::read(&self.world.layout).unwrap();
        self.memory.recall(&bytes, &word("mixer")).is_some()
    }
}

#[test]
fn a_long_list_is_remembered_until_it_changes() {
    let it = Remembering::new();
    assert!(!it.knows());
    let first = it.load().unwrap();
    assert!(it.knows());
    let second = it.load().unwrap();
    assert_eq!(format!("{:?}", first.trusted), format!("{:?}", second.trusted));
    it.change(|list| list.entries[0].hosts = vec!["new.example:1".to_owned()]);
    assert!(!it.knows());
    assert_eq!(it.load().unwrap().trusted.hosts, ["new.example:1"]);
    assert!(it.knows());
}

#[test]
fn short_lists_are_not_remembered() {
    let it = Remembering::new();
    it.change(|list| list.entries.truncate(1));
    it.load().unwrap();
    assert!(!it.file().exists());
}

#[test]
fn what_was_taken_back_is_refused_at_once() {
    let it = Remembering::new();
    it.load().unwrap();
    revoke(&it.world.layout, "mixer", "it lied", &it.world.key(), NOW).unwrap();
    assert!(it.knows(), "revoking changes another list");
    refused(it.load(), Code::Revoked, "it lied");
    let it = Remembering::new();
    it.load().unwrap();
    it.change(|list| drop(list.entries.remove(0)));
    refused(it.load(), Code::NotAllowed, "mixer");
}

/// What is remembered says yes or nothing: it refuses nobody whom the list does not.
#[test]
fn a_refusal_is_the_whole_lists() {
    let it = Remembering::new();
    let (bytes, files) = {
        let layout = &it.world.layout;
        (TrustBytes::read(layout).unwrap(), TrustFiles::read(layout).unwrap())
    };
    it.change(|list| list.entries.clear());
    let empty = TrustFiles::read(&it.world.layout).unwrap().allow;
    fs_err::write(it.world.layout.allow_file(), &bytes.allow).unwrap();
    it.memory.keep(&bytes, &empty, &word("mixer"));
    assert!(it.knows());
    assert_eq!(it.load().unwrap().trusted.allow_version, files.allow.version);
}

#[test]
fn a_forged_or_foreign_memory_is_no_memory() {
    let it = Remembering::new();
    it.load().unwrap();
    let good = fs_err::read(it.file()).unwrap();
    let mut forged = good.clone();
    let at = good.len() - 20;
    forged[at] ^= 1;
    for bytes in [&forged[..], &good[..good.len() / 2], b"", &[0; MEMORY_TOO_LARGE]] {
        fs_err::write(it.file(), bytes).unwrap();
        assert!(!it.knows());
        it.load().unwrap();
        assert!(it.knows(), "made anew");
    }
    // Another word's memory, a link to a good one, a key that is not this home's.
    fs_err::copy(it.file(), it.memory.folder.join("p1.allow")).unwrap();
    let bytes = TrustBytes::read(&it.world.layout).unwrap();
    assert!(it.memory.recall(&bytes, &word("p1")).is_none());
    let aside = it.memory.folder.join("aside");
    fs_err::rename(it.file(), &aside).unwrap();
    fs_err::os::unix::fs::symlink(&aside, it.file()).unwrap();
    assert!(!it.knows());
    fs_err::rename(&aside, it.file()).unwrap();
    assert!(it.knows());
    let other = Memory { folder: it.memory.folder.clone(), key: [8; 32] };
    assert!(other.recall(&bytes, &word("mixer")).is_none());
}

/// A cache that cannot be written costs time, nothing else.
#[test]
fn no_cache_no_memory_no_failure() {
    let mut it = Remembering::new();
    it.memory.folder = it.memory.folder.join("nowhere");
    it.load().unwrap();
    it.load().unwrap();
    assert!(!it.knows());
}
