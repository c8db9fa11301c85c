//! Signed documents.
//!
//! No fuzzer finds a signature. So the input is what a signer may have signed: it is sealed with a
//! known key, and what is believed then must make sense. The bytes are also tried as they are, as
//! an envelope that nobody signed.

use crate::input::text;
use if_core::UnixMillis;
use if_manifest::dsse::{self, Envelope};
use if_manifest::trust::{
    self, AllowList, Approval, DenyList, Document, LockFile, PublisherScope, Revocations, Role,
    RoleKeys, Roles, TrustRoot, Verified,
};
use if_manifest::{SigningKey, TrustError};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// Larger than what the fuzzer makes.
const BYTES_MAX: usize = 1 << 20;

/// Who signs everything here.
static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_seed(&Zeroizing::new([7; 32])));

/// A root in which that key may do everything.
static ROOT: LazyLock<TrustRoot> = LazyLock::new(|| {
    let alone = RoleKeys { keys: vec![KEY.id()], threshold: 1 };
    TrustRoot {
        version: 1,
        issued: UnixMillis(1),
        expires: UnixMillis(u64::from(u32::MAX) * 1_000),
        roles: Roles {
            root: alone.clone(),
            publisher: alone.clone(),
            reviewer: alone.clone(),
            allowlist: alone.clone(),
            policy: Some(alone.clone()),
            approver: Some(alone.clone()),
        },
        keys: BTreeMap::from([(KEY.id(), KEY.public())]),
        publisher_scopes: vec![PublisherScope {
            prefix: "if://capability/".into(),
            keys: alone.keys,
        }],
        revoked: Revocations::default(),
        sigstore: Default::default(),
    }
});

/// What these bytes are worth if they were signed; whatever is believed is believed again when it
/// is written anew, and says the same.
fn believed<T: Document + PartialEq + Debug>(
    payload: &[u8],
    verify: impl Fn(&[u8]) -> Result<Verified<T>, TrustError>,
) -> Option<T> {
    let sealed = Envelope::seal(T::TYPE, payload.to_vec(), &[&KEY]).to_bytes();
    let found: T = serde_json::from_value(serde_json::to_value(&*verify(&sealed).ok()?).unwrap())
        .expect("what was believed can be written and read");
    let anew = verify(&trust::seal(&found, &[&KEY]).unwrap()).expect("it is believed again");
    assert_eq!(*anew, found);
    // As another kind of document it says nothing.
    let other =
        if T::TYPE == dsse::DENY_LIST_TYPE { dsse::LOCK_FILE_TYPE } else { dsse::DENY_LIST_TYPE };
    assert!(verify(&Envelope::seal(other, payload.to_vec(), &[&KEY]).to_bytes()).is_err());
    // Nor signed by nobody.
    assert!(verify(&Envelope::seal(T::TYPE, payload.to_vec(), &[]).to_bytes()).is_err());
    Some(found)
}

/// `trust-root`: the first one, and the successor of another.
pub fn trust_root(data: &[u8]) {
    let Some(root) = believed(data, |bytes| trust::verify_root(bytes, None)) else { return };
    for role in [Role::Root, Role::Publisher, Role::Reviewer, Role::Allowlist] {
        let RoleKeys { keys, threshold } = root.role(role);
        let known: BTreeSet<_> = keys.iter().filter(|id| root.names(id)).collect();
        assert!((1..=known.len()).contains(&(*threshold as usize)), "{role} can never speak");
    }
    assert!(root.holds(&KEY.id(), Role::Root), "it was signed by who has no say");
    let sealed = trust::seal(&root, &[&KEY]).unwrap();
    if trust::verify_root(&sealed, Some(&*ROOT)).is_ok() {
        assert_eq!(root.version, ROOT.version + 1, "it follows on another than its predecessor");
    }
}

/// `allow-list`.
pub fn allow_list(data: &[u8]) {
    let Some(list) = believed(data, |bytes| trust::verify_allow(bytes, &ROOT)) else { return };
    let AllowList { version, issued, expires, entries } = list;
    assert!(version > 0 && issued < expires);
    let mut words = BTreeMap::new();
    for entry in &entries {
        let before = words.insert(&entry.provider, &entry.id);
        assert!(before.is_none_or(|id| *id == entry.id), "one word for two plugins");
        assert!(!entry.hosts.iter().any(|host| host.contains(['*', '/', '@', ' '])));
        assert!(entry.hosts.iter().all(|host| host.contains(':')));
        assert!(!entry.caps("") || entry.scopes_cap.iter().any(|cap| cap == "*" || cap.is_empty()));
    }
}

/// `deny-list`.
pub fn deny_list(data: &[u8]) {
    let list: Option<DenyList> = believed(data, |bytes| trust::verify_deny(bytes, &ROOT));
    assert!(list.is_none_or(|list| list.version > 0));
}

/// `lock-file`.
pub fn lock_file(data: &[u8]) {
    let Some(lock) = believed(data, |bytes| trust::verify_lock(bytes, &ROOT)) else { return };
    let LockFile { plugins } = &lock;
    assert!(plugins.is_sorted_by(|one, next| one.provider < next.provider));
    assert!(lock.drift_of_all(plugins).is_empty(), "it differs from itself");
}

/// `approval`.
pub fn approval(data: &[u8]) {
    let sealed = Envelope::seal(Approval::TYPE, data.to_vec(), &[&KEY]).to_bytes();
    if let Ok(Some(approval)) = trust::verify_approval(&sealed, &ROOT) {
        assert_eq!(approval.principal, KEY.id(), "it speaks for somebody else");
        assert!(matches!(approval.role, Role::Publisher | Role::Reviewer));
        let anew = trust::seal(&approval, &[&KEY]).unwrap();
        assert_eq!(trust::verify_approval(&anew, &ROOT), Ok(Some(approval)));
    }
    // Unsigned it is heard by nobody, whatever it says.
    let unsigned = Envelope::seal(Approval::TYPE, data.to_vec(), &[]).to_bytes();
    assert!(!matches!(trust::verify_approval(&unsigned, &ROOT), Ok(Some(_))));
}

/// `envelope`: the bytes as a whole file that comes with a package.
pub fn envelope(data: &[u8]) {
    let Ok(envelope) = Envelope::parse(data, BYTES_MAX) else { return };
    assert!(text(data).is_some());
    let anew = envelope.to_bytes();
    assert_eq!(Envelope::parse(&anew, BYTES_MAX).as_ref(), Ok(&envelope));
    assert!(Envelope::parse(data, data.len() - 1).is_err());
    // One payload is one kind of document.
    let kinds = [
        dsse::APPROVAL_TYPE,
        dsse::TRUST_ROOT_TYPE,
        dsse::ALLOW_LIST_TYPE,
        dsse::DENY_LIST_TYPE,
        dsse::LOCK_FILE_TYPE,
    ];
    let known = |kind: &&&'static str| envelope.verify(kind, |_| None).is_ok();
    assert!(kinds.iter().filter(known).count() <= 1, "it is two kinds of document");
}
