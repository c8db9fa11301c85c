//! Approvals by Sigstore in a world in which everything is right, one change, and the refusal.

#![cfg(feature = "sigstore")]

use super::*;
use crate::trust::sigstore::{
    APPROVAL_PREDICATE, Authority, P256Key, Proof, Signer, Who, adopt_bundle,
};
use if_fakes::sigstore::{Content, Subject, TestAuthority, key as p256, spki_pem};
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const ISSUER: &str = "https://login.example.com";
/// Half a year before the world's now, in seconds.
const SIGNED: u64 = 1_780_000_000;
/// Seeds of ada's two session keys and of the team's P-256 key.
const SESSION: u8 = 50;
const SESSION_TOO: u8 = 51;
const TEAM: u8 = 52;

fn ada() -> Who {
    Who::Identity { name: ADA.into(), issuer: ISSUER.into() }
}

fn team() -> Who {
    Who::Key(P256Key::parse(&spki_pem(&p256(TEAM))).unwrap())
}

fn installation() -> TestAuthority {
    TestAuthority::new(10)
}

fn blob() -> Content {
    Content::Blob(EXAMPLE.as_bytes().to_vec())
}

fn by(subject: &Subject, session: u8, content: &Content) -> Value {
    let certificate = installation().certify(&p256(session), subject);
    installation().bundle(&p256(session), &certificate, content, subject.not_before + 5)
}

fn of_ada(content: &Content) -> Value {
    by(&Subject::mail(ADA, ISSUER, SIGNED), SESSION, content)
}

fn of_team() -> Value {
    installation().key_bundle(&p256(TEAM), &blob(), SIGNED + 7)
}

fn attested(kind: &str, predicate: Value) -> Content {
    let digest = sha256(EXAMPLE.as_bytes()).hex();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "subject": [{"name": "manifest.json", "digest": {"sha256": digest}}],
        "predicateType": kind, "predicate": predicate,
    });
    Content::Statement("application/vnd.in-toto+json".into(), statement.to_string().into_bytes())
}

/// A world that also has ada and the team's key as reviewers, and needs two reviewers.
fn pinned() -> World {
    let mut world = world();
    let authority =
        Authority { trusted_root: installation().trusted_root().to_string(), proof: Proof::Log };
    world.root.sigstore.authorities.insert("test".into(), authority);
    for who in [ada(), team()] {
        world.root.roles.reviewer.keys.push(who.id());
        world.root.sigstore.signers.insert(who.id(), Signer { authority: "test".into(), who });
    }
    // Alice's and Bob's are gone: it hangs on the bundles.
    world.approvals.truncate(1);
    world
}

/// Adopts the bundles where they can be, and judges.
fn judge(world: &World, bundles: &[Value]) -> Result<Trusted, TrustError> {
    let mut files = world.files();
    for bundle in bundles {
        let bundle = if_sigstore::Bundle::adopt(bundle.to_string().as_bytes()).unwrap();
        files.approvals.push(bundle.to_bytes());
    }
    world.judge(&files)
}

/// One attack: what is changed, and what stands in the place of ada's bundle.
type Attack = (&'static str, Code, &'static str, fn(&mut World) -> Value);

fn unchanged(_: &mut World) -> Value {
    of_ada(&blob())
}

#[test]
fn bundles_count_like_any_approval_and_say_what_proved_them() {
    let trusted = judge(&pinned(), &[unchanged(&mut pinned()), of_team()]).unwrap();
    let reviewers: Vec<KeyId> =
        trusted.approvers.keys().filter(|it| **it != id(PUBLISHER)).copied().collect();
    let mut expected = vec![ada().id(), team().id()];
    expected.sort();
    assert_eq!(reviewers, expected);
    let proof = &trusted.vouched[&ada().id()];
    assert_eq!((proof.signed_at, proof.timestamps), (UnixMillis((SIGNED + 5) * 1000), 0));
    assert!(proof.certificate && proof.sct && proof.log.is_some());
    let text = "ada@example.com (https://login.example.com); by test: certificate, certificate log, \
                entry 1 of log.test - 42";
    assert_eq!(proof.to_string(), text);
    assert!(!trusted.vouched[&team().id()].certificate);
    // A native approval and one of a bundle are two.
    let mut mixed = pinned();
    mixed.approvals.push(approval(EXAMPLE.as_bytes(), ALICE, Role::Reviewer));
    assert!(judge(&mixed, &[of_team()]).is_ok());
    // The manifest's approval may be attested, with role and end.
    let said = json!({"role": "reviewer", "decision": "approve", "expires": NOW.0 + 1});
    assert!(judge(&pinned(), &[of_ada(&attested(APPROVAL_PREDICATE, said)), of_team()]).is_ok());
}

#[test]
fn a_publisher_may_sign_so_within_its_prefix() {
    let mut world = pinned();
    world.approvals = vec![
        approval(EXAMPLE.as_bytes(), ALICE, Role::Reviewer),
        approval(EXAMPLE.as_bytes(), BOB, Role::Reviewer),
    ];
    world.root.roles.reviewer.keys.retain(|key| *key != ada().id());
    world.root.roles.publisher.keys.push(ada().id());
    let error = judge(&world, &[of_ada(&blob())]).unwrap_err().to_string();
    assert!(error.contains("may not publish"), "{error}");
    world.root.publisher_scopes[0].keys.push(ada().id());
    assert_eq!(judge(&world, &[of_ada(&blob())]).unwrap().approvers[&ada().id()], Role::Publisher);
}

const ATTACKS: &[Attack] = &[
    ("ada twice is one", Code::SignatureMissing, "1 of 2 approvals", |w| {
        w.approvals.truncate(1);
        by(&Subject::mail(ADA, ISSUER, SIGNED + 60), SESSION_TOO, &blob())
    }),
    (
        "another issuer",
        Code::SignatureMissing,
        "nobody named ada@example.com by https://evil",
        |_| by(&Subject::mail(ADA, "https://evil", SIGNED), SESSION, &blob()),
    ),
    ("another name", Code::SignatureMissing, "nobody named eve@example.com", |_| {
        by(&Subject::mail("eve@example.com", ISSUER, SIGNED), SESSION, &blob())
    }),
    ("another key", Code::SignatureMissing, "is not known here", |_| {
        installation().key_bundle(&p256(SESSION), &blob(), SIGNED)
    }),
    ("authority not pinned", Code::SignatureInvalid, "authority-unknown", |_| {
        let evil = TestAuthority { certificates: p256(77), ..installation() };
        let certificate = evil.certify(&p256(SESSION), &Subject::mail(ADA, ISSUER, SIGNED));
        installation().bundle(&p256(SESSION), &certificate, &blob(), SIGNED + 5)
    }),
    ("another manifest", Code::SignatureInvalid, "payload-differs", |_| {
        of_ada(&Content::Blob(b"another".to_vec()))
    }),
    ("another attested manifest", Code::SignatureInvalid, "another manifest", |w| {
        w.manifest.push(b' ');
        w.approvals = vec![approval(&w.manifest, PUBLISHER, Role::Publisher)];
        w.allow.entries[0].manifest_sha256 = sha256(&w.manifest);
        let said = json!({"role": "reviewer", "decision": "approve", "expires": NOW.0 + 1});
        of_ada(&attested(APPROVAL_PREDICATE, said))
    }),
    ("an attestation of something else", Code::SignatureMissing, "something else", |_| {
        of_ada(&attested("https://slsa.dev/provenance/v1", json!({})))
    }),
    ("an attestation with more in it", Code::SignatureInvalid, "unknown field", |_| {
        let said = json!({"role": "reviewer", "decision": "approve", "expires": 1, "x": 1});
        of_ada(&attested(APPROVAL_PREDICATE, said))
    }),
    ("she says no", Code::Revoked, "rejected this manifest", |_| {
        let said = json!({"role": "reviewer", "decision": "reject", "expires": 1});
        of_ada(&attested(APPROVAL_PREDICATE, said))
    }),
    ("her yes has ended", Code::SignatureMissing, "1 more expired", |_| {
        let said = json!({"role": "reviewer", "decision": "approve", "expires": NOW.0});
        of_ada(&attested(APPROVAL_PREDICATE, said))
    }),
    ("her signature is a year old", Code::SignatureMissing, "1 more expired", |_| {
        by(&Subject::mail(ADA, ISSUER, NOW.0 / 1000 - 366 * 86_400), SESSION, &blob())
    }),
    ("a role she has not", Code::SignatureMissing, "1 of 2 approvals", |_| {
        let said = json!({"role": "publisher", "decision": "approve", "expires": NOW.0 + 1});
        of_ada(&attested(APPROVAL_PREDICATE, said))
    }),
    (
        "a role that approves nothing",
        Code::SignatureInvalid,
        "only publishers and reviewers",
        |_| {
            let said = json!({"role": "allowlist", "decision": "approve", "expires": NOW.0 + 1});
            of_ada(&attested(APPROVAL_PREDICATE, said))
        },
    ),
    ("a signature of who has two roles", Code::SignatureInvalid, "in which one", |w| {
        w.root.roles.publisher.keys.push(ada().id());
        of_ada(&blob())
    }),
    ("in no role", Code::SignatureMissing, "has no role here", |w| {
        w.root.roles.reviewer.keys.retain(|key| *key != ada().id());
        of_ada(&blob())
    }),
    ("revoked by the deny-list", Code::Revoked, "lost her laptop", |w| {
        let target = DenyTarget::Key(ada().id());
        w.deny.entries.push(DenyEntry { target, reason: "lost her laptop".into(), at: NOW });
        of_ada(&blob())
    }),
    ("revoked by the root", Code::Revoked, "the trust root revokes it", |w| {
        w.root.revoked.keys.push(ada().id());
        of_ada(&blob())
    }),
    ("signed after now", Code::SignatureInvalid, "time-ahead", |w| {
        w.root.issued = UnixMillis(SIGNED * 1000);
        w.allow.issued = UnixMillis(SIGNED * 1000);
        w.now = UnixMillis(SIGNED * 1000);
        of_ada(&blob())
    }),
];

#[test]
fn every_attack_on_a_bundle_is_refused_by_name() {
    for (what, code, text, attack) in ATTACKS {
        let mut world = pinned();
        let bundle = attack(&mut world);
        // The first attack needs ada's own bundle beside it, the others the team's.
        let other = if *what == "ada twice is one" { of_ada(&blob()) } else { of_team() };
        let error = judge(&world, &[bundle, other]).map(|_| ()).expect_err(what);
        assert!(error.to_string().contains(text), "{what}: {error}");
        assert_eq!(error.code(), *code, "{what}: {error}");
    }
}

#[test]
fn what_is_attached_is_proved_first() {
    let root = pinned().root;
    let now = NOW;
    let attach =
        |bundle: Value| adopt_bundle(bundle.to_string().as_bytes(), EXAMPLE.as_bytes(), &root, now);
    let (bytes, approval, vouched) = attach(of_ada(&blob())).unwrap();
    assert_eq!((approval.principal, approval.role), (ada().id(), Role::Reviewer));
    assert_eq!(vouched.who, ada());
    let mut files = pinned().files();
    files.approvals.push(bytes);
    assert!(pinned().judge(&files).unwrap_err().to_string().contains("1 of 2 approvals"));
    let stranger = attach(by(&Subject::mail("eve@example.com", ISSUER, SIGNED), SESSION, &blob()));
    let error = stranger.unwrap_err();
    assert_eq!(error.code(), Code::SignatureMissing);
    assert!(error.hints_for("x")[0].contains("trust add-identity"), "{error}");
}

#[test]
fn a_root_names_signers_only_where_they_can_speak() {
    type Change = (&'static str, fn(&mut TrustRoot));
    let changes: [Change; 6] = [
        ("which the role root cannot", |root| root.roles.root.keys.push(ada().id())),
        ("which the role allowlist cannot", |root| root.roles.allowlist.keys.push(ada().id())),
        ("is not pinned", |root| root.sigstore.authorities.clear()),
        ("not the one with that id", |root| {
            let signer = root.sigstore.signers[&ada().id()].clone();
            root.sigstore.signers.insert(id(STRANGER), signer);
        }),
        ("lower-case letters", |root| {
            let authority = root.sigstore.authorities["test"].clone();
            root.sigstore.authorities.insert("Test".into(), authority);
        }),
        ("in full", |root| {
            let who = Who::Identity { name: "ada".into(), issuer: ISSUER.into() };
            root.sigstore.signers.insert(who.id(), Signer { authority: "test".into(), who });
        }),
    ];
    for (text, change) in changes {
        let mut world = pinned();
        change(&mut world.root);
        let error = verify_root(&world.files().root, None).unwrap_err();
        assert!(error.to_string().contains(text), "{text}: {error}");
        assert_eq!(error.code(), Code::TrustMalformed);
    }
}

#[test]
fn every_flipped_byte_beside_the_manifest_is_refused() {
    let world = pinned();
    let mut files = world.files();
    for bundle in [of_ada(&blob()), of_team()] {
        let bundle = if_sigstore::Bundle::adopt(bundle.to_string().as_bytes()).unwrap();
        files.approvals.push(bundle.to_bytes());
    }
    assert!(world.judge(&files).is_ok());
    let last = files.approvals.len() - 1;
    for at in 0..files.approvals[last].len() {
        files.approvals[last][at] ^= 1 << (at % 8);
        assert!(world.judge(&files).is_err(), "byte {at}");
        files.approvals[last][at] ^= 1 << (at % 8);
    }
    assert!(world.judge(&files).is_ok());
}
