//! The attacks that The Update Framework names (specification 1.0, section 1.5.2), each as a row:
//! what the attacker has and does, and the code with which it is refused.

use super::*;

/// A row: the attack, the refusal, and what is done to a world in which all is right.
type Attack = (&'static str, Code, fn(&mut World));

const ATTACKS: &[Attack] = &[
    ("arbitrary software", Code::SignatureInvalid, |w| {
        // Other bytes behind the approvals of these.
        let at = w.manifest.len() - 3;
        w.manifest.insert(at, b' ');
    }),
    ("arbitrary software by somebody known to nobody", Code::SignatureMissing, |w| {
        w.approvals = vec![approval(&w.manifest, STRANGER, Role::Publisher)];
    }),
    ("another component behind a signed manifest", Code::Tampered, |w| {
        w.component = Some(sha256(b"evil"));
    }),
    ("rollback of the root", Code::RolledBack, |w| w.seen.root_version = Some(4)),
    ("rollback of the allow-list", Code::RolledBack, |w| w.seen.allow_version = Some(6)),
    ("rollback of the deny-list", Code::RolledBack, |w| w.seen.deny_version = Some(3)),
    ("rollback of a release", Code::RolledBack, |w| w.seen.release = Some(8)),
    ("rollback below what the list still allows", Code::RolledBack, |w| {
        w.allow.entries[0].release_min = Some(8);
    }),
    ("freeze: the old allow-list for ever", Code::AllowExpired, |w| {
        w.now = NOW.plus_millis(90 * DAY);
        w.approvals.iter_mut().for_each(|(it, _)| it.expires = NOW.plus_millis(900 * DAY));
    }),
    ("freeze: the old root for ever", Code::TrustMalformed, |w| {
        w.now = NOW.plus_millis(365 * DAY);
    }),
    ("freeze by a clock that is set back", Code::SignatureMissing, |w| {
        // The lists were made after these approvals had ended.
        w.now = UnixMillis(1);
        w.approvals.iter_mut().for_each(|(it, _)| it.expires = UnixMillis(NOW.0 - 1));
    }),
    ("fast-forward of the allow-list", Code::TrustMalformed, |w| {
        (w.seen.allow_version, w.allow.version) = (Some(5), u64::MAX);
    }),
    ("fast-forward of the deny-list", Code::TrustMalformed, |w| {
        (w.seen.deny_version, w.deny.version) = (Some(2), 3 + VERSION_STEP_MAX);
    }),
    ("fast-forward of the root", Code::TrustMalformed, |w| {
        (w.seen.root_version, w.root.version) = (Some(3), u64::MAX);
    }),
    ("fast-forward of a release", Code::TrustMalformed, |w| {
        released(w, 8 + VERSION_STEP_MAX);
        w.seen.release = Some(7);
    }),
    ("mix and match: the list's entry of another release", Code::NotAllowed, |w| {
        w.allow.entries[0].component_sha256 = sha256(b"of the last release");
    }),
    ("mix and match: the version of one, the bytes of another", Code::NotAllowed, |w| {
        w.allow.entries[0].version.minor += 1;
    }),
    ("mix and match: approvals of another manifest", Code::SignatureInvalid, |w| {
        w.approvals[2].0.manifest_sha256 = sha256(b"of the last release");
    }),
    ("the wrong software under a word that is trusted", Code::NotAllowed, |w| {
        w.allow.entries[0].provider = Word::new("other").unwrap();
    }),
    ("endless data", Code::TrustMalformed, |w| {
        let entry = w.deny.entries.first().cloned();
        let entry = entry.unwrap_or(DenyEntry {
            target: DenyTarget::Digest(sha256(b"x")),
            reason: "x".repeat(1 << 10),
            at: NOW,
        });
        w.deny.entries = vec![entry; 2 << 10];
    }),
    ("one key twice for a threshold of two", Code::TrustMalformed, |w| {
        w.allow_signers = vec![LISTER, LISTER];
    }),
    ("one reviewer twice for two", Code::SignatureMissing, |w| {
        w.approvals[2] = w.approvals[1].clone()
    }),
    ("a key of another role signs the allow-list", Code::TrustMalformed, |w| {
        w.allow_signers = vec![LISTER, PUBLISHER];
    }),
    ("a key of another role signs the root", Code::TrustMalformed, |w| {
        w.root_signers = vec![LISTER];
    }),
    ("a publisher reviews itself", Code::SignatureInvalid, |w| {
        w.approvals[2] = approval(&w.manifest, PUBLISHER, Role::Reviewer);
    }),
    ("one stolen key of two", Code::TrustMalformed, |w| w.allow_signers = vec![LISTER]),
    ("a stolen key that the root has revoked", Code::TrustMalformed, |w| {
        w.root.revoked.keys.push(id(LISTER));
    }),
    ("a stolen key of a reviewer that the list has denied", Code::Revoked, |w| {
        let target = DenyTarget::Key(id(BOB));
        w.deny.entries.push(DenyEntry { target, reason: "stolen".into(), at: NOW });
    }),
    ("an approval whose time is over", Code::SignatureMissing, |w| w.approvals[0].0.expires = NOW),
];

/// The same plugin as another release, approved and listed as such.
fn released(w: &mut World, release: u64) {
    let text = String::from_utf8(w.manifest.clone()).unwrap();
    w.manifest = text.replace("\"release\": 7", &format!("\"release\": {release}")).into_bytes();
    let digest = sha256(&w.manifest);
    w.approvals.iter_mut().for_each(|(it, _)| it.manifest_sha256 = digest);
    w.allow.entries[0].manifest_sha256 = digest;
}

#[test]
fn a_release_that_does_not_leap_is_believed() {
    let next = outcome(|w| {
        released(w, 8);
        w.seen.release = Some(7);
    });
    assert_eq!(next.unwrap().predicate.release, 8);
}

#[test]
fn every_attack_of_the_update_framework_is_refused_by_its_name() {
    let wrong: Vec<String> = ATTACKS
        .iter()
        .filter_map(|(name, code, attack)| match outcome(*attack) {
            Ok(_) => Some(format!("{name}: let through")),
            Err(error) if error.code() != *code => Some(format!("{name}: {error}")),
            Err(_) => None,
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn roots_follow_one_another() {
    let old = world();
    let before = verify_root(&old.files().root, None).unwrap();
    let next = |change: &dyn Fn(&mut World)| {
        let mut new = old.clone();
        new.root.version += 1;
        new.root.roles.root = role(&[LISTER, LISTER_TOO], 2);
        new.root_signers = vec![ROOT_KEY, LISTER, LISTER_TOO];
        change(&mut new);
        verify_root(&new.files().root, Some(&before))
    };
    assert_eq!(next(&|_| {}).unwrap().version, 4);
    for (change, code) in [
        // Signed by the new keys only, by the old key only, by too few of the new.
        (
            &(|w: &mut World| w.root_signers = vec![LISTER, LISTER_TOO]) as &dyn Fn(&mut World),
            Code::TrustMalformed,
        ),
        (&|w| w.root_signers = vec![ROOT_KEY], Code::TrustMalformed),
        (&|w| w.root_signers = vec![ROOT_KEY, LISTER, LISTER], Code::TrustMalformed),
        (&|w| w.root.version = 3, Code::RolledBack),
        (&|w| w.root.version = 5, Code::RolledBack),
        (&|w| w.root.version = 0, Code::TrustMalformed),
        (&|w| w.root.expires = w.root.issued, Code::TrustMalformed),
        (&|w| w.root.roles.reviewer.threshold = 0, Code::TrustMalformed),
        (&|w| w.root.roles.reviewer.threshold = 3, Code::TrustMalformed),
        (&|w| w.root.roles.reviewer.keys = vec![id(ALICE), id(ALICE)], Code::TrustMalformed),
        (&|w| w.root.roles.reviewer.keys = vec![id(STRANGER)], Code::TrustMalformed),
        (&|w| w.root.keys.extend([(id(STRANGER), key(ALICE).public())]), Code::TrustMalformed),
        (
            &|w| w.root.publisher_scopes[1].prefix = "if://capability/other".into(),
            Code::TrustMalformed,
        ),
        (&|w| w.root.publisher_scopes[1].prefix = String::new(), Code::TrustMalformed),
        (&|w| w.root.publisher_scopes[1].prefix = "if://capability/".into(), Code::TrustMalformed),
    ] {
        assert_eq!(next(change).unwrap_err().code(), code);
    }
}
