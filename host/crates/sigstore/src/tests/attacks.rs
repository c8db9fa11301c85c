//! The table of attacks on evidence.

use super::*;
use if_fakes::sigstore::LOG_NAME;

/// What is done, to a world in which all is right.
type Attack = (&'static str, fn() -> World, fn(&mut World), Reason);

fn right() -> World {
    keyless()
}

fn attested() -> World {
    with(&ada(), &statement("application/vnd.in-toto+json"), NOW + 5)
}

fn resigned(world: &mut World, subject: Subject) {
    let World { bundle, .. } = with(&subject, &blob(), NOW + 5);
    world.bundle = bundle;
}

fn logged_at(world: &mut World, time: u64) {
    world.bundle = with(&ada(), &blob(), time).bundle;
}

/// Asks for this key, and lets the bundle name it.
fn hinted(world: &mut World, key: Vec<u8>) {
    use base64::Engine as _;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&key);
    let hint = base64::engine::general_purpose::STANDARD.encode(digest);
    world.bundle["verificationMaterial"]["publicKey"]["hint"] = json!(hint);
    world.key = Some(key);
}

fn foreign_checkpoint(world: &mut World, signer: &Key, name: &str, size: u64) {
    use base64::Engine as _;
    let proof = &mut world.entry()["inclusionProof"];
    let root = proof["rootHash"].as_str().unwrap().to_owned();
    let root = base64::engine::general_purpose::STANDARD.decode(root).unwrap();
    proof["checkpoint"]["envelope"] = json!(installation().checkpoint(signer, name, size, &root));
}

const ATTACKS: &[Attack] = &[
    // The certificate.
    (
        "logged after it expired",
        right,
        |w| logged_at(w, NOW + VALID_S + 1),
        Reason::CertificateTime,
    ),
    ("logged before it began", right, |w| logged_at(w, NOW - 1), Reason::CertificateTime),
    ("another issuer", right, |w| w.issuer = "https://login.example.org", Reason::IssuerDiffers),
    ("a longer issuer", right, |w| w.issuer = "https://login.example.com/", Reason::IssuerDiffers),
    ("another name", right, |w| w.name = "eve@example.com", Reason::IdentityDiffers),
    ("a longer name", right, |w| w.name = "ada@example.com.evil", Reason::IdentityDiffers),
    ("a prefix of the name", right, |w| w.name = "ada@example.co", Reason::IdentityDiffers),
    ("the name as a URI", right, |w| w.name = "https://ada@example.com", Reason::IdentityDiffers),
    (
        "certified by another authority",
        right,
        |w| {
            let eve = TestAuthority { certificates: key(77), ..installation() };
            let certificate = eve.certify(&holder(), &ada());
            w.bundle = installation().bundle(&holder(), &certificate, &blob(), NOW + 5);
        },
        Reason::AuthorityUnknown,
    ),
    (
        "authority of the right name, another key",
        right,
        |w| {
            w.trusted_root["certificateAuthorities"] =
                TestAuthority::new(60).trusted_root()["certificateAuthorities"].clone();
        },
        Reason::AuthorityUnknown,
    ),
    (
        "authority retired before",
        right,
        |w| {
            w.trusted_root["certificateAuthorities"][0]["validFor"]["end"] =
                json!("2023-01-01T00:00:00Z");
        },
        Reason::AuthorityUnknown,
    ),
    (
        "no timestamp of a certificate log",
        right,
        |w| {
            resigned(w, Subject { sct: Sct::Missing, ..ada() });
        },
        Reason::SctInvalid,
    ),
    (
        "a forged one",
        right,
        |w| {
            resigned(w, Subject { sct: Sct::Forged, ..ada() });
        },
        Reason::SctInvalid,
    ),
    (
        "certificate log not pinned",
        right,
        |w| {
            w.trusted_root["ctlogs"] = TestAuthority::new(60).trusted_root()["ctlogs"].clone();
        },
        Reason::SctInvalid,
    ),
    (
        "two names, the first is right",
        right,
        |w| {
            resigned(w, Subject { names: vec![NAME.into(), "eve@example.com".into()], ..ada() });
        },
        Reason::CertificateMalformed,
    ),
    (
        "no name",
        right,
        |w| {
            resigned(w, Subject { names: vec![], ..ada() });
        },
        Reason::CertificateMalformed,
    ),
    (
        "the certificate of another signature by her",
        right,
        |w| {
            let other = installation().certify(&key(51), &ada());
            let world = installation().bundle(&key(51), &other, &blob(), NOW + 5);
            w.bundle["verificationMaterial"]["certificate"] =
                world["verificationMaterial"]["certificate"].clone();
        },
        Reason::SignatureFalse,
    ),
    (
        "the same key certified anew after the entry was made",
        right,
        |w| {
            let later = Subject::mail(NAME, ISSUER, NOW + 1);
            w.bundle["verificationMaterial"]["certificate"] = with(&later, &blob(), NOW + 5).bundle
                ["verificationMaterial"]["certificate"]
                .clone();
        },
        Reason::EntryDiffers,
    ),
    (
        "no certificate at all",
        right,
        |w| {
            w.bundle["verificationMaterial"].as_object_mut().unwrap().remove("certificate");
        },
        Reason::BundleMalformed,
    ),
    // The log.
    (
        "no entry",
        right,
        |w| {
            w.bundle["verificationMaterial"].as_object_mut().unwrap().remove("tlogEntries");
        },
        Reason::ProofMissing,
    ),
    (
        "no inclusion proof",
        right,
        |w| {
            w.entry().as_object_mut().unwrap().remove("inclusionProof");
        },
        Reason::ProofMissing,
    ),
    (
        "a proof for another place",
        right,
        |w| {
            w.entry()["inclusionProof"]["logIndex"] = json!("0");
        },
        Reason::ProofFalse,
    ),
    (
        "a proof of other hashes",
        right,
        |w| {
            w.entry()["inclusionProof"]["hashes"][0] = json!("A".repeat(43) + "=");
        },
        Reason::ProofFalse,
    ),
    (
        "a proof with a hash too many",
        right,
        |w| {
            let hashes = w.entry()["inclusionProof"]["hashes"].as_array_mut().unwrap();
            hashes.push(hashes[0].clone());
        },
        Reason::ProofFalse,
    ),
    (
        "checkpoint by another key",
        right,
        |w| {
            foreign_checkpoint(w, &key(78), LOG_NAME, 3);
        },
        Reason::CheckpointFalse,
    ),
    (
        "checkpoint in another name",
        right,
        |w| {
            foreign_checkpoint(w, &installation().log, "log.tes", 3);
        },
        Reason::CheckpointFalse,
    ),
    (
        "checkpoint of another size",
        right,
        |w| {
            foreign_checkpoint(w, &installation().log, LOG_NAME, 4);
        },
        Reason::CheckpointFalse,
    ),
    (
        "no checkpoint",
        right,
        |w| {
            w.entry()["inclusionProof"]["checkpoint"]["envelope"] = json!("");
        },
        Reason::CheckpointFalse,
    ),
    (
        "log not pinned",
        right,
        |w| {
            w.trusted_root["tlogs"] = TestAuthority::new(60).trusted_root()["tlogs"].clone();
        },
        Reason::LogUnknown,
    ),
    (
        "another time than promised",
        right,
        |w| {
            w.entry()["integratedTime"] = json!((NOW + 6).to_string());
        },
        Reason::PromiseFalse,
    ),
    (
        "another number than promised",
        right,
        |w| {
            w.entry()["logIndex"] = json!("7");
        },
        Reason::PromiseFalse,
    ),
    (
        "no promise, so no time",
        right,
        |w| {
            w.entry().as_object_mut().unwrap().remove("inclusionPromise");
        },
        Reason::BundleAltered,
    ),
    (
        "no promise and no time",
        right,
        |w| {
            let entry = w.entry().as_object_mut().unwrap();
            entry.remove("inclusionPromise");
            entry.remove("integratedTime");
            entry["logIndex"] = json!("1");
        },
        Reason::TimeMissing,
    ),
    ("logged in the future", right, |w| w.now = NOW, Reason::TimeAhead),
    (
        "the entry of another signature",
        right,
        |w| {
            let other = with(&ada(), &Content::Blob(b"other".to_vec()), NOW + 5).bundle;
            *w.entry() = other["verificationMaterial"]["tlogEntries"][0].clone();
        },
        Reason::PayloadDiffers,
    ),
    (
        "two entries",
        right,
        |w| {
            let entry = w.entry().clone();
            w.bundle["verificationMaterial"]["tlogEntries"] = json!([entry, entry]);
        },
        Reason::BundleMalformed,
    ),
    (
        "a timestamp is asked for",
        right,
        |w| {
            w.trusted_root["timestampAuthorities"] =
                w.trusted_root["certificateAuthorities"].clone();
            w.proof = Proof::Both;
        },
        Reason::TimeMissing,
    ),
    // What is signed.
    ("another payload", right, |w| w.message[0] ^= 1, Reason::PayloadDiffers),
    (
        "another payload and its digest",
        right,
        |w| {
            w.message = b"other".to_vec();
            let other = with(&ada(), &Content::Blob(b"other".to_vec()), NOW + 5).bundle;
            w.bundle["messageSignature"]["messageDigest"] =
                other["messageSignature"]["messageDigest"].clone();
        },
        Reason::SignatureFalse,
    ),
    (
        "the signature of something else",
        right,
        |w| {
            let other = with(&ada(), &Content::Blob(b"other".to_vec()), NOW + 5).bundle;
            w.bundle["messageSignature"]["signature"] =
                other["messageSignature"]["signature"].clone();
        },
        Reason::SignatureFalse,
    ),
    (
        "a digest of another kind",
        right,
        |w| {
            w.bundle["messageSignature"]["messageDigest"]["algorithm"] = json!("SHA2_512");
        },
        Reason::BundleMalformed,
    ),
    (
        "a statement of another kind",
        right,
        |w| {
            w.bundle = with(&ada(), &statement("text/plain"), NOW + 5).bundle;
        },
        Reason::PayloadType,
    ),
    (
        "a statement renamed to the right kind",
        right,
        |w| {
            w.bundle = with(&ada(), &statement("application/vnd.in-toto+jso"), NOW + 5).bundle;
            w.bundle["dsseEnvelope"]["payloadType"] = json!("application/vnd.in-toto+json");
        },
        Reason::SignatureFalse,
    ),
    ("a statement about something else", attested, |w| w.message[0] ^= 1, Reason::PayloadDiffers),
    (
        "an altered statement",
        attested,
        |w| {
            let good = w.bundle["dsseEnvelope"]["payload"].as_str().unwrap().to_owned();
            w.bundle["dsseEnvelope"]["payload"] =
                json!(good.replacen("ZXhhbXBsZS5jb20v", "ZXhhbXBsZS5jb21v", 1));
            assert_ne!(w.bundle["dsseEnvelope"]["payload"], json!(good));
        },
        Reason::SignatureFalse,
    ),
    (
        "two signatures on one statement",
        attested,
        |w| {
            let one = w.bundle["dsseEnvelope"]["signatures"][0].clone();
            w.bundle["dsseEnvelope"]["signatures"] = json!([one, one]);
        },
        Reason::BundleMalformed,
    ),
    (
        "blob and statement in one",
        attested,
        |w| {
            w.bundle["messageSignature"] = keyless().bundle["messageSignature"].clone();
        },
        Reason::BundleMalformed,
    ),
    // A key.
    ("another key is named", keyed, |w| w.key = Some(spki(&key(51))), Reason::KeyDiffers),
    (
        "another key under its hint",
        keyed,
        |w| {
            w.bundle["verificationMaterial"]["publicKey"] = installation().key_bundle(
                &key(51),
                &blob(),
                NOW + 5,
            )["verificationMaterial"]["publicKey"]
                .clone();
        },
        Reason::KeyDiffers,
    ),
    (
        "a key of another curve is named",
        keyed,
        |w| {
            // SPKI of a P-384 key (RFC 5480), whatever its point.
            let head = "3076301006072a8648ce3d020106052b81040022036200";
            let bytes = |at| u8::from_str_radix(&head[2 * at..2 * at + 2], 16).unwrap();
            let mut key: Vec<u8> = (0..head.len() / 2).map(bytes).collect();
            key.push(4);
            key.extend([7; 96]);
            hinted(w, key);
        },
        Reason::KeyDiffers,
    ),
    (
        "an Ed25519 key is named",
        keyed,
        |w| {
            let head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
            hinted(w, [&head[..], &[9; 32]].concat());
        },
        Reason::KeyDiffers,
    ),
    (
        "a certificate where a key is named",
        keyed,
        |w| {
            w.bundle = keyless().bundle;
        },
        Reason::KeyDiffers,
    ),
    (
        "a key where a person is named",
        right,
        |w| w.bundle = keyed().bundle,
        Reason::BundleMalformed,
    ),
    (
        "its signature is another's",
        keyed,
        |w| {
            let other = installation().key_bundle(&key(51), &blob(), NOW + 5);
            w.bundle["messageSignature"] = other["messageSignature"].clone();
        },
        Reason::SignatureFalse,
    ),
    // The form.
    (
        "an older version",
        right,
        |w| {
            w.bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.2");
        },
        Reason::BundleMalformed,
    ),
    ("a member nobody knows", right, |w| w.bundle["note"] = json!(1), Reason::BundleMalformed),
    ("not pinned: no root", right, |w| w.trusted_root = json!({}), Reason::RootMalformed),
    ("a root without logs", right, |w| w.trusted_root["tlogs"] = json!([]), Reason::RootMalformed),
    (
        "a root of another kind",
        right,
        |w| w.trusted_root["mediaType"] = json!("x"),
        Reason::RootMalformed,
    ),
];

#[test]
fn every_attack_is_refused_by_name() {
    for (what, world, attack, expected) in ATTACKS {
        let mut world = world();
        assert!(world.judge().is_ok(), "{what}: wrong before the attack: {:?}", world.judge());
        attack(&mut world);
        match world.judge() {
            Ok(evidence) => panic!("{what}: accepted: {evidence:?}"),
            Err(refusal) => assert_eq!(refusal.reason, *expected, "{what}: {refusal}"),
        }
    }
}
