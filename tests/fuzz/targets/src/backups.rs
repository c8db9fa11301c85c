//! A backup that somebody else made: what is unpacked lies in the folder, and is what was listed.

use fs_err as fs;
use if_dispatch::fuzzing::unpacked;
use std::path::{Component, Path};

/// `backup`: the archive without a passphrase.
pub fn unpack(data: &[u8]) {
    let outside = tempfile::tempdir().expect("there is room for files");
    let home = outside.path().join("home");
    fs::create_dir(&home).unwrap();
    let listed = unpacked(data, &home);
    let beside = fs::read_dir(outside.path()).unwrap().count();
    assert_eq!(beside, 1, "something was written beside the folder");
    for path in listed.unwrap_or_default() {
        let path = Path::new(&path);
        assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
        let facts = fs::symlink_metadata(home.join(path)).expect("what is listed is there");
        assert!(facts.is_file());
    }
}
