//! A private installation in which everything is right, one change to it, and the refusal.

mod attacks;
mod flips;
mod timestamps;
mod vectors;

use crate::*;
use if_fakes::sigstore::{Content, Key, Sct, Subject, TestAuthority, VALID_S, key, spki};
use serde_json::{Value, json};

const NOW: u64 = 1_700_000_000;
const MESSAGE: &[u8] = b"{\"a\":\"manifest\"}";
const NAME: &str = "ada@example.com";
const ISSUER: &str = "https://login.example.com";
const ADA: Signer<'static> = Signer::Identity { name: NAME, issuer: ISSUER };

/// Everything a verification sees.
struct World {
    trusted_root: Value,
    bundle: Value,
    message: Vec<u8>,
    name: &'static str,
    issuer: &'static str,
    /// Asked for in the place of the identity.
    key: Option<Vec<u8>>,
    proof: Proof,
    now: u64,
}

fn installation() -> TestAuthority {
    TestAuthority::new(10)
}

fn holder() -> Key {
    key(50)
}

fn blob() -> Content {
    Content::Blob(MESSAGE.to_vec())
}

fn statement(kind: &str) -> Content {
    let digest: String = <sha2::Sha256 as sha2::Digest>::digest(MESSAGE)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "manifest.json", "digest": {"sha256": digest}}],
        "predicateType": "https://example.com/approval/v1", "predicate": {},
    });
    Content::Statement(kind.to_owned(), statement.to_string().into_bytes())
}

fn ada() -> Subject {
    Subject::mail(NAME, ISSUER, NOW)
}

/// Ada, certified by the private authority, signed the bytes, and the log took it in.
fn keyless() -> World {
    with(&ada(), &blob(), NOW + 5)
}

fn with(subject: &Subject, content: &Content, time: u64) -> World {
    let installation = installation();
    let certificate = installation.certify(&holder(), subject);
    World {
        trusted_root: installation.trusted_root(),
        bundle: installation.bundle(&holder(), &certificate, content, time),
        message: MESSAGE.to_vec(),
        name: NAME,
        issuer: ISSUER,
        key: None,
        proof: Proof::Log,
        now: NOW + 1000,
    }
}

/// A P-256 key signed the bytes, and the log took it in.
fn keyed() -> World {
    let installation = installation();
    World {
        bundle: installation.key_bundle(&holder(), &blob(), NOW + 5),
        key: Some(spki(&holder())),
        ..keyless()
    }
}

impl World {
    fn adopted(&self) -> Result<Bundle, Refusal> {
        Bundle::adopt(self.bundle.to_string().as_bytes())
    }

    fn authority(&self) -> Result<Authority, Refusal> {
        Authority::pin(&self.trusted_root.to_string(), self.proof)
    }

    fn signer(&self) -> Signer<'_> {
        match &self.key {
            Some(spki) => Signer::Key(spki),
            None => Signer::Identity { name: self.name, issuer: self.issuer },
        }
    }

    fn judge(&self) -> Result<Evidence, Refusal> {
        verify(&self.adopted()?, &self.message, &self.signer(), &self.authority()?, self.now)
    }

    fn entry(&mut self) -> &mut Value {
        &mut self.bundle["verificationMaterial"]["tlogEntries"][0]
    }
}

#[test]
fn evidence_says_what_was_proved() {
    let evidence = keyless().judge().unwrap();
    assert_eq!(evidence.signed_at_s(), NOW + 5);
    assert!(evidence.certificate() && evidence.sct());
    let place = LogPlace { origin: if_fakes::sigstore::CHECKPOINT_ORIGIN.into(), index: 1 };
    assert_eq!((evidence.log(), evidence.timestamps()), (Some(&place), 0));
    let evidence = keyed().judge().unwrap();
    assert!(!evidence.certificate() && !evidence.sct() && evidence.log().is_some());
    let mut without = keyless();
    without.trusted_root["ctlogs"] = json!([]);
    assert!(!without.judge().unwrap().sct(), "no certificate log is pinned, none is claimed");
    for kind in [statement("application/vnd.in-toto+json"), blob()] {
        assert!(with(&ada(), &kind, NOW + 5).judge().is_ok());
    }
}

#[test]
fn a_bundle_says_who_it_says_signed_it() {
    let bundle = keyless().adopted().unwrap();
    assert_eq!(bundle.claim(), &Claim::Identity { name: NAME.into(), issuer: ISSUER.into() });
    let bundle = keyed().adopted().unwrap();
    let id: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(spki(&holder())).into();
    assert_eq!(bundle.claim(), &Claim::Key(id));
    assert_eq!(bundle.statement(), None);
}

#[test]
fn other_spellings_are_adopted_and_never_parsed() {
    let world = keyless();
    let ours = world.adopted().unwrap().to_bytes();
    assert!(Bundle::is_one(&ours));
    assert_eq!(Bundle::parse(&ours).unwrap().to_bytes(), ours);
    let pretty = serde_json::to_vec_pretty(&world.bundle).unwrap();
    assert_eq!(Bundle::adopt(&pretty).unwrap().to_bytes(), ours);
    assert_eq!(Bundle::parse(&pretty).unwrap_err().reason, Reason::BundleAltered);
    // A number as a number, a witness's line, an empty list: nothing that was signed by the log.
    let mut loose = keyless();
    loose.entry()["integratedTime"] = json!(NOW + 5);
    let envelope = &mut loose.entry()["inclusionProof"]["checkpoint"]["envelope"];
    *envelope = json!(format!("{}\u{2014} witness AAAAAAAA\n", envelope.as_str().unwrap()));
    loose.bundle["verificationMaterial"]["timestampVerificationData"] = json!({});
    assert_eq!(loose.adopted().unwrap().to_bytes(), ours);
    assert!(loose.judge().is_ok());
}
