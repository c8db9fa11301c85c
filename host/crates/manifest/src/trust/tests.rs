//! Attacks as rows: a small world in which everything is right, one change to it, and the refusal.

mod locked;
mod memory;
mod model;
mod mutants;
mod sigstore;
mod tuf;

use super::*;
use crate::{PublicKey, dsse::APPROVAL_TYPE, sha256, validate::tests::EXAMPLE};
use if_core::{Code, Digest, Explain, UnixMillis, Word};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const DAY: u64 = 24 * 3_600_000;
const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
/// Seeds of the people of this world.
const ROOT_KEY: u8 = 1;
const PUBLISHER: u8 = 2;
const ALICE: u8 = 3;
const BOB: u8 = 4;
const LISTER: u8 = 5;
const LISTER_TOO: u8 = 6;
const OTHER_PUBLISHER: u8 = 7;
const STRANGER: u8 = 9;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new([seed; 32]))
}

fn id(seed: u8) -> KeyId {
    key(seed).id()
}

fn role(seeds: &[u8], threshold: u32) -> RoleKeys {
    RoleKeys { keys: seeds.iter().copied().map(id).collect(), threshold }
}

/// Everything `evaluate` sees, before it is signed.
#[derive(Clone)]
struct World {
    root: TrustRoot,
    root_signers: Vec<u8>,
    allow: AllowList,
    allow_signers: Vec<u8>,
    deny: DenyList,
    deny_signers: Vec<u8>,
    manifest: Vec<u8>,
    approvals: Vec<(Approval, u8)>,
    component: Option<Digest>,
    seen: Seen,
    now: UnixMillis,
}

fn approval(manifest: &[u8], seed: u8, role: Role) -> (Approval, u8) {
    let approval = Approval {
        manifest_sha256: sha256(manifest),
        principal: id(seed),
        role,
        decision: Decision::Approve,
        expires: NOW.plus_millis(DAY),
    };
    (approval, seed)
}

fn world() -> World {
    let manifest = EXAMPLE.as_bytes().to_vec();
    let seeds = [ROOT_KEY, PUBLISHER, ALICE, BOB, LISTER, LISTER_TOO, OTHER_PUBLISHER];
    let keys: BTreeMap<KeyId, PublicKey> =
        seeds.into_iter().map(|seed| (id(seed), key(seed).public())).collect();
    let scope = |prefix: &str, seed| PublisherScope { prefix: prefix.into(), keys: vec![id(seed)] };
    let parsed = crate::parse_manifest(&manifest).unwrap();
    World {
        root: TrustRoot {
            version: 3,
            issued: NOW,
            expires: NOW.plus_millis(365 * DAY),
            roles: Roles {
                root: role(&[ROOT_KEY], 1),
                publisher: role(&[PUBLISHER, OTHER_PUBLISHER], 1),
                reviewer: role(&[ALICE, BOB], 1),
                allowlist: role(&[LISTER, LISTER_TOO], 2),
                policy: None,
                approver: None,
            },
            keys,
            publisher_scopes: vec![
                scope("if://capability/", PUBLISHER),
                scope("if://capability/other.", OTHER_PUBLISHER),
            ],
            revoked: Revocations::default(),
            sigstore: Default::default(),
        },
        root_signers: vec![ROOT_KEY],
        allow: AllowList {
            version: 5,
            issued: NOW,
            expires: NOW.plus_millis(90 * DAY),
            entries: vec![AllowEntry {
                id: parsed.predicate.id.clone(),
                version: parsed.predicate.version.clone(),
                manifest_sha256: sha256(&manifest),
                component_sha256: Digest::from_bytes([0x0a; 32]),
                provider: parsed.predicate.provider.clone(),
                release_min: None,
                scopes_cap: vec!["studio:*".into()],
                reviewers_required: 2,
                hosts: vec!["api.example.com:443".into()],
            }],
        },
        allow_signers: vec![LISTER, LISTER_TOO],
        deny: DenyList { version: 2, entries: Vec::new() },
        deny_signers: vec![LISTER, LISTER_TOO],
        approvals: vec![
            approval(&manifest, PUBLISHER, Role::Publisher),
            approval(&manifest, ALICE, Role::Reviewer),
            approval(&manifest, BOB, Role::Reviewer),
        ],
        manifest,
        component: Some(Digest::from_bytes([0x0a; 32])),
        seen: Seen::default(),
        now: NOW,
    }
}

/// The files of a world.
#[derive(Clone, PartialEq)]
struct Files {
    root: Vec<u8>,
    allow: Vec<u8>,
    deny: Vec<u8>,
    manifest: Vec<u8>,
    approvals: Vec<Vec<u8>>,
}

fn signed<T: Document>(document: &T, seeds: &[u8]) -> Vec<u8> {
    let keys: Vec<SigningKey> = seeds.iter().copied().map(key).collect();
    seal(document, &keys.iter().collect::<Vec<_>>()).unwrap()
}

impl World {
    fn files(&self) -> Files {
        Files {
            root: signed(&self.root, &self.root_signers),
            allow: signed(&self.allow, &self.allow_signers),
            deny: signed(&self.deny, &self.deny_signers),
            manifest: self.manifest.clone(),
            approvals: self.approvals.iter().map(|(it, seed)| signed(it, &[*seed])).collect(),
        }
    }

    fn judge(&self, files: &Files) -> Result<Trusted, TrustError> {
        let root = verify_root(&files.root, None)?;
        self.judge_by(files, &root, &verify_allow(&files.allow, &root)?)
    }

    fn judge_by(
        &self,
        files: &Files,
        root: &Verified<TrustRoot>,
        allow: &Verified<AllowList>,
    ) -> Result<Trusted, TrustError> {
        let deny = verify_deny(&files.deny, root)?;
        evaluate(&TrustInput {
            root,
            allow,
            deny: &deny,
            manifest_bytes: &files.manifest,
            approvals: &files.approvals,
            component_sha256: self.component,
            seen: self.seen.clone(),
            now: self.now,
        })
    }
}

fn outcome(change: impl FnOnce(&mut World)) -> Result<Trusted, TrustError> {
    let mut world = world();
    change(&mut world);
    world.judge(&world.files())
}

#[track_caller]
fn refused(code: Code, text: &str, change: impl FnOnce(&mut World)) {
    let error = outcome(change).map(|_| ()).expect_err(text);
    assert!(error.to_string().contains(text), "{error}\nexpected: {text}");
    assert_eq!(error.code(), code, "{error}");
}

#[test]
fn what_is_right_is_believed() {
    let out_of_scope = approval(EXAMPLE.as_bytes(), OTHER_PUBLISHER, Role::Publisher);
    let trusted = outcome(|w| w.approvals.push(out_of_scope)).unwrap();
    assert_eq!(trusted.manifest_digest, sha256(EXAMPLE.as_bytes()));
    assert_eq!(trusted.component_digest, Digest::from_bytes([0x0a; 32]));
    assert_eq!(trusted.subject_digest("data/sbom.json"), Some(Digest::from_bytes([0x0c; 32])));
    assert_eq!(trusted.scopes, ["studio:control", "studio:read"]);
    assert_eq!(trusted.hosts, ["api.example.com:443"]);
    let roles = [(PUBLISHER, Role::Publisher), (ALICE, Role::Reviewer), (BOB, Role::Reviewer)];
    assert_eq!(trusted.approvers, roles.map(|(seed, role)| (id(seed), role)).into());
    assert_eq!((trusted.root_version, trusted.allow_version, trusted.deny_version), (3, 5, 2));
    assert_eq!(trusted.warnings, []);
    assert!(outcome(|w| w.component = None).is_ok());
    assert!(outcome(|w| w.approvals.reverse()).is_ok());
    assert!(outcome(|w| w.seen = Some(7).into()).is_ok());
}

#[test]
fn the_cap_narrows_and_never_widens() {
    for (cap, expect) in [
        (&["*"][..], &["studio:control", "studio:read"][..]),
        (&["studio:read"], &["studio:read"]),
        (&["studio:rea", "other:*"], &[]),
        (&[], &[]),
        (&["studio:read", "studio:admin"], &["studio:read"]),
    ] {
        let cap = cap.iter().map(|scope| (*scope).to_owned()).collect();
        let trusted = outcome(|w| w.allow.entries[0].scopes_cap = cap).unwrap();
        assert_eq!(trusted.scopes, expect);
    }
}

#[test]
fn approvals_count_distinct_principals_in_their_role() {
    let missing = Code::SignatureMissing;
    refused(missing, "`package` has 0 of 1 approvals", |w| w.approvals.clear());
    refused(missing, "0 of 1 approvals by distinct publishers", |w| {
        w.approvals.remove(0);
    });
    refused(missing, "1 of 2 approvals by distinct reviewers", |w| {
        w.approvals.pop();
    });
    // One reviewer three times is one reviewer.
    refused(missing, "1 of 2 approvals", |w| {
        w.approvals[2] = w.approvals[1].clone();
        w.approvals.push(w.approvals[1].clone());
    });
    // A reviewer's key does not publish, and a publisher's does not review.
    refused(missing, "0 of 1 approvals by distinct publishers", |w| {
        w.approvals[0] = approval(&w.manifest, ALICE, Role::Publisher);
        w.approvals.remove(1);
    });
    refused(missing, "1 of 2 approvals by distinct reviewers", |w| {
        w.approvals[2] = approval(&w.manifest, OTHER_PUBLISHER, Role::Reviewer);
    });
    refused(missing, "1 of 2 approvals", |w| {
        w.approvals[2] = approval(&w.manifest, STRANGER, Role::Reviewer);
    });
    refused(missing, "1 more expired", |w| w.approvals[2].0.expires = NOW);
    refused(Code::SignatureInvalid, "in two roles", |w| {
        w.approvals.push(approval(&w.manifest, ALICE, Role::Publisher));
    });
    refused(Code::Revoked, "rejected this manifest", |w| {
        w.allow.entries[0].reviewers_required = 1;
        w.approvals[2].0.decision = Decision::Reject;
        w.approvals[2].0.expires = UnixMillis(0);
    });
    refused(missing, "the others may not publish", |w| {
        w.approvals[0] = approval(&w.manifest, OTHER_PUBLISHER, Role::Publisher);
    });
    // The longest prefix decides alone.
    refused(missing, "may not publish", |w| {
        w.root.publisher_scopes.push(PublisherScope {
            prefix: "if://capability/example.".into(),
            keys: vec![id(OTHER_PUBLISHER)],
        });
    });
}

#[test]
fn approvals_are_for_these_bytes_by_who_they_say() {
    let invalid = Code::SignatureInvalid;
    refused(invalid, "approved another manifest", |w| {
        w.approvals[1] = approval(b"other", ALICE, Role::Reviewer);
    });
    refused(invalid, "is not who signed it", |w| w.approvals[1].1 = BOB);
    refused(invalid, "only publishers and reviewers", |w| w.approvals[1].0.role = Role::Root);
    let world = world();
    let mut files = world.files();
    // A signature over the right bytes as another kind of document.
    let payload = serde_json::to_vec(&world.approvals[1].0).unwrap();
    for (kind, error) in
        [(dsse::ALLOW_LIST_TYPE, Some("signed as `application")), (APPROVAL_TYPE, None)]
    {
        files.approvals[1] = Envelope::seal(kind, payload.clone(), &[&key(ALICE)]).to_bytes();
        match (world.judge(&files), error) {
            (Ok(_), None) => {}
            (Err(found), Some(text)) => assert!(found.to_string().contains(text), "{found}"),
            (found, _) => panic!("{kind}: {found:?}"),
        }
    }
    files.approvals[1] = b"{}".to_vec();
    assert_eq!(world.judge(&files).unwrap_err().code(), Code::TrustMalformed);
    files.approvals[1] = vec![b' '; APPROVAL_BYTES_MAX + 1];
    assert_eq!(world.judge(&files).unwrap_err().code(), Code::TrustMalformed);
}

#[test]
fn lists_need_their_role_and_their_threshold() {
    let short = Code::TrustMalformed;
    refused(short, "allow-list has 1 of 2 signatures", |w| {
        w.allow_signers.pop();
    });
    refused(short, "allow-list has 1 of 2", |w| w.allow_signers = vec![LISTER, LISTER, LISTER]);
    refused(short, "allow-list has 1 of 2", |w| w.allow_signers = vec![LISTER, ROOT_KEY]);
    refused(short, "allow-list has 1 of 2", |w| w.allow_signers = vec![LISTER, STRANGER]);
    refused(short, "deny-list has 1 of 2", |w| w.deny_signers = vec![LISTER, PUBLISHER]);
    refused(short, "allow-list has 1 of 2", |w| w.root.revoked.keys.push(id(LISTER)));
    refused(short, "trust root has 0 of 1", |w| w.root_signers = vec![STRANGER]);
    refused(short, "trust root has 0 of 1", |w| w.root_signers = vec![LISTER]);
    refused(short, "trust root has 0 of 1", |w| w.root.revoked.keys.push(id(ROOT_KEY)));
    // A deny-list cannot be passed off as an allow-list.
    let world = world();
    let mut files = world.files();
    files.allow = files.deny.clone();
    assert_eq!(world.judge(&files).unwrap_err().code(), Code::SignatureInvalid);
}

#[test]
fn the_allow_list_names_exactly_this() {
    let not = Code::NotAllowed;
    refused(not, "`mixer` 1.2.0 is not on the allow-list", |w| w.allow.entries.clear());
    refused(not, "it lists 1.2.0 with other bytes", |w| {
        w.allow.entries[0].manifest_sha256 = sha256(b"x");
    });
    refused(not, "another id or version", |w| w.allow.entries[0].version.minor = 9);
    refused(not, "another provider word", |w| {
        w.allow.entries[0].provider = Word::new("obs").unwrap();
    });
    refused(not, "another component", |w| w.allow.entries[0].component_sha256 = sha256(b"x"));
    refused(Code::TrustMalformed, "stands twice", |w| {
        w.allow.entries.push(w.allow.entries[0].clone());
    });
    refused(Code::TrustMalformed, "given to two plugins", |w| {
        let mut other = w.allow.entries[0].clone();
        other.id = if_core::CapabilityId::new("if://capability/evil").unwrap();
        w.allow.entries.push(other);
    });
    for cap in ["st*", "*studio", "a:*:b"] {
        refused(Code::TrustMalformed, "must be a scope", |w| {
            w.allow.entries[0].scopes_cap = vec![cap.into()];
        });
    }
    for host in ["a", "a:0", "a:65536", "*.a:1", "A:1", "a:+1", "::1:80", "[a]:80", "a:1:2", ":1"] {
        refused(Code::TrustMalformed, "must be host:port", |w| {
            w.allow.entries[0].hosts = vec![host.into()];
        });
    }
    for host in ["192.0.2.1:80", "[2001:db8::1]:80", "xn--bcher-kva.example:443"] {
        assert!(outcome(|w| w.allow.entries[0].hosts = vec![host.into()]).is_ok(), "{host}");
    }
}

#[test]
fn time_and_rollback() {
    let at = |days: u64| NOW.plus_millis(days * DAY);
    let late = |w: &mut World, now: UnixMillis| {
        w.now = now;
        w.approvals.iter_mut().for_each(|(it, _)| it.expires = at(1000));
    };
    assert_eq!(outcome(|w| late(w, at(75))).unwrap().warnings, []);
    assert_eq!(
        outcome(|w| late(w, at(76))).unwrap().warnings,
        [Warning::AllowExpires { days: 14 }]
    );
    refused(Code::AllowExpired, "allow-list has expired", |w| late(w, at(90)));
    // What ran here keeps running for a stated time; nothing else does.
    let ran = |w: &mut World, days| {
        late(w, at(days));
        w.seen.release = Some(7);
    };
    assert_eq!(outcome(|w| ran(w, 90)).unwrap().warnings, [Warning::AllowGrace { days: 7 }]);
    refused(Code::AllowExpired, "allow-list has expired", |w| ran(w, 97));
    refused(Code::AllowExpired, "allow-list has expired", |w| {
        ran(w, 91);
        w.seen.release = Some(6);
    });
    refused(Code::TrustMalformed, "trust root has expired", |w| {
        late(w, at(365));
        w.allow.expires = at(1000);
    });
    let soon = outcome(|w| {
        late(w, at(360));
        w.allow.expires = at(1000);
    });
    assert_eq!(soon.unwrap().warnings, [Warning::RootExpires { days: 5 }]);
    // A clock set back does not revive an approval that was dead when the lists were made.
    refused(Code::SignatureMissing, "more expired", |w| {
        w.now = UnixMillis(0);
        w.approvals[1].0.expires = UnixMillis(NOW.0 - 1);
    });
    let old = Code::RolledBack;
    refused(old, "plugin has version 7, expected release 8 or higher", |w| w.seen = Some(8).into());
    refused(old, "release 9 or higher", |w| w.allow.entries[0].release_min = Some(9));
    refused(old, "allow-list has version 5, expected 6", |w| w.seen.allow_version = Some(6));
}

#[test]
fn revocation_beats_everything() {
    let deny = |w: &mut World, target| {
        w.deny.entries.push(DenyEntry { target, reason: "it was stolen".into(), at: NOW });
    };
    let manifest = sha256(EXAMPLE.as_bytes());
    let component = Digest::from_bytes([0x0a; 32]);
    for digest in [manifest, component] {
        refused(Code::Revoked, "`mixer` 1.2.0 was revoked: it was stolen", |w| {
            deny(w, DenyTarget::Digest(digest));
        });
    }
    refused(Code::Revoked, "the trust root", |w| w.root.revoked.manifests.push(manifest));
    refused(Code::Revoked, "the trust root", |w| w.root.revoked.components.push(component));
    refused(Code::Revoked, "was revoked: it was stolen", |w| deny(w, DenyTarget::Key(id(ALICE))));
    refused(Code::Revoked, "was revoked: it was stolen", |w| {
        deny(w, DenyTarget::Key(id(PUBLISHER)));
    });
    refused(Code::Revoked, "the trust root revokes it", |w| w.root.revoked.keys.push(id(BOB)));
    // A revoked reviewer who is not needed is only not counted.
    let trusted = outcome(|w| {
        deny(w, DenyTarget::Key(id(BOB)));
        w.allow.entries[0].reviewers_required = 1;
    });
    assert!(!trusted.unwrap().approvers.contains_key(&id(BOB)));
    // Nor does a revoked key block by rejecting.
    let trusted = outcome(|w| {
        deny(w, DenyTarget::Key(id(BOB)));
        w.approvals[2].0.decision = Decision::Reject;
        w.allow.entries[0].reviewers_required = 1;
    });
    assert!(trusted.is_ok());
}

#[test]
fn the_order_is_the_promised_one() {
    // Each world is wrong in two ways; the earlier check speaks.
    let unlist = |w: &mut World| w.allow.entries.clear();
    refused(Code::SignatureMissing, "approvals", |w| {
        w.approvals.clear();
        w.manifest = b"not json".to_vec();
    });
    refused(Code::ManifestMalformed, "manifest is not valid", |w| {
        unlist(w);
        w.manifest = b"not json".to_vec();
        w.approvals = vec![approval(&w.manifest, PUBLISHER, Role::Publisher)];
    });
    refused(Code::NotAllowed, "not on the allow-list", |w| {
        unlist(w);
        w.root.revoked.manifests.push(sha256(&w.manifest));
    });
    refused(Code::Revoked, "revoked", |w| {
        w.root.revoked.manifests.push(sha256(&w.manifest));
        w.seen = Some(8).into();
    });
    refused(Code::RolledBack, "release 8", |w| {
        w.seen = Some(8).into();
        w.component = Some(sha256(b"x"));
    });
    refused(Code::Tampered, "component.wasm has digest", |w| w.component = Some(sha256(b"x")));
}

#[test]
fn hints_are_lines_to_write() {
    let hints = |change: &dyn Fn(&mut World)| outcome(change).unwrap_err().hints();
    let sign = hints(&|w| {
        w.approvals.pop();
    });
    assert_eq!(sign, ["after reading it: ifctl plugin sign mixer --role reviewer --key <file>"]);
    let allow = hints(&|w| w.allow.entries.clear());
    assert_eq!(allow[1], "to allow it: ifctl plugin allow mixer");
}
