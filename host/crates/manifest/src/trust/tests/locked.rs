//! The lock file: its order, its signers, and what it says of others.

use super::*;

#[test]
fn a_lock_file_names_each_plugin_once_and_what_differs() {
    let world = world();
    let root = verify_root(&world.files().root, None).unwrap();
    let one = LockedPlugin::of(&world.judge(&world.files()).unwrap());
    assert_eq!(one.publishers, [id(PUBLISHER)]);
    let other = LockedPlugin { provider: Word::new("zz").unwrap(), ..one.clone() };
    let check = |plugins: Vec<LockedPlugin>, signers: &[u8]| {
        let bytes = signed(&LockFile { plugins }, signers);
        verify_lock(&bytes, &root).map(|lock| LockFile::clone(&lock))
    };
    let both = || vec![one.clone(), other.clone()];
    let lock = check(both(), &world.allow_signers).unwrap();
    for wrong in [vec![other.clone(), one.clone()], vec![one.clone(), one.clone()]] {
        let error = check(wrong, &world.allow_signers).unwrap_err();
        assert!(error.to_string().contains("out of order or stands twice"), "{error}");
    }
    // As many as the allow-list needs, and by its keys.
    for few in [&[LISTER][..], &[LISTER, LISTER], &[PUBLISHER, ALICE]] {
        let error = check(both(), few).unwrap_err();
        assert!(matches!(error, TrustError::Threshold { .. }), "{error}");
    }
    assert_eq!(lock.drift_of_all(&both()), [""; 0]);
    let newer = LockedPlugin { release: one.release + 1, publishers: vec![], ..one.clone() };
    assert_eq!(lock.drift(&newer).len(), 2);
    let gone = lock.drift_of_all(&[one]);
    assert!(gone.len() == 1 && gone[0].starts_with("`zz`"), "{gone:?}");
}
