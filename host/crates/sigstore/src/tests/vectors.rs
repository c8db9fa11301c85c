//! Bundles that other tools made, with the public installations' roots: what cosign and
//! sigstore-python write is read, proved, and cannot be bent. See vectors/README.md.

use super::*;
use sigstore_verify::trust_root::{
    SIGSTORE_PRODUCTION_TRUSTED_ROOT as PUBLIC_ROOT, SIGSTORE_STAGING_TRUSTED_ROOT,
};

const KEYLESS: &[u8] = include_bytes!("vectors/cosign-keyless.sigstore.json");
const KEYLESS_MESSAGE: &[u8] = include_bytes!("vectors/cosign-keyless.txt");
const KEYED: &[u8] = include_bytes!("vectors/cosign-key.sigstore.json");
const KEYED_MESSAGE: &[u8] = include_bytes!("vectors/cosign-key.txt");
const KEYED_PEM: &str = include_str!("vectors/cosign-key.pub");
const PYTHON: &[u8] = include_bytes!("vectors/python-rekor-v2.sigstore.json");
const PYTHON_MESSAGE: &[u8] = include_bytes!("vectors/python-rekor-v2.txt");

/// After all of them were made.
const LATER: u64 = 1_795_000_000;

fn public(proof: Proof) -> Authority {
    Authority::pin(PUBLIC_ROOT, proof).unwrap()
}

/// Verifies for whom the bundle names itself.
fn judge(bundle: &Bundle, message: &[u8], authority: &Authority) -> Result<Evidence, Refusal> {
    let Claim::Identity { name, issuer } = bundle.claim() else { panic!("not keyless") };
    verify(bundle, message, &Signer::Identity { name, issuer }, authority, LATER)
}

#[test]
fn cosigns_keyless_bundle_is_proved_by_log_and_by_timestamp() {
    let bundle = Bundle::adopt(KEYLESS).unwrap();
    for proof in [Proof::Log, Proof::Timestamp, Proof::Both] {
        let evidence = judge(&bundle, KEYLESS_MESSAGE, &public(proof)).unwrap();
        assert!(evidence.certificate() && evidence.sct() && evidence.timestamps() == 1);
        assert!(evidence.log().unwrap().origin.starts_with("rekor.sigstore.dev - "));
        assert_eq!(evidence.signed_at_s() / 86_400, 1_764_787_002 / 86_400);
    }
    let refused = judge(&bundle, b"test content for cosign?", &public(Proof::Log)).unwrap_err();
    assert_eq!(refused.reason, Reason::PayloadDiffers);
}

#[test]
fn cosigns_key_bundle_is_proved() {
    let body: String = KEYED_PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let spki = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(body).unwrap()
    };
    let bundle = Bundle::adopt(KEYED).unwrap();
    let check = |key: &[u8], now| {
        verify(&bundle, KEYED_MESSAGE, &Signer::Key(key), &public(Proof::Log), now)
    };
    let evidence = check(&spki, LATER).unwrap();
    assert_eq!((evidence.signed_at_s(), evidence.certificate()), (1_766_077_479, false));
    assert_eq!(check(&spki, 1_766_077_478).unwrap_err().reason, Reason::TimeAhead);
    assert_eq!(check(&super::spki(&holder()), LATER).unwrap_err().reason, Reason::KeyDiffers);
}

#[test]
fn sigstore_pythons_bundle_of_the_second_log_needs_its_timestamp() {
    let staging = |proof| Authority::pin(SIGSTORE_STAGING_TRUSTED_ROOT, proof).unwrap();
    let bundle = Bundle::adopt(PYTHON).unwrap();
    for proof in [Proof::Log, Proof::Both] {
        let evidence = judge(&bundle, PYTHON_MESSAGE, &staging(proof)).unwrap();
        assert!(evidence.log().is_some() && evidence.timestamps() == 1);
    }
    let mut without: Value = serde_json::from_slice(PYTHON).unwrap();
    without["verificationMaterial"]["timestampVerificationData"] = json!(null);
    let bundle = Bundle::adopt(without.to_string().as_bytes()).unwrap();
    let refused = judge(&bundle, PYTHON_MESSAGE, &staging(Proof::Log)).unwrap_err();
    assert_eq!(refused.reason, Reason::TimeMissing);
}

#[test]
fn the_public_installation_does_not_vouch_for_the_private_one() {
    let world = keyless();
    let refused = verify(&world.adopted().unwrap(), MESSAGE, &ADA, &public(Proof::Log), LATER);
    assert_eq!(refused.unwrap_err().reason, Reason::LogUnknown);
    let bundle = Bundle::adopt(KEYLESS).unwrap();
    let refused = judge(&bundle, KEYLESS_MESSAGE, &world.authority().unwrap()).unwrap_err();
    assert_eq!(refused.reason, Reason::LogUnknown);
}

/// Every byte of what cosign and sigstore-python made, one bit each.
#[test]
fn flipped_bytes_of_real_bundles_are_refused() {
    for (bytes, message, root) in [
        (KEYLESS, KEYLESS_MESSAGE, PUBLIC_ROOT),
        (PYTHON, PYTHON_MESSAGE, SIGSTORE_STAGING_TRUSTED_ROOT),
    ] {
        let authority = Authority::pin(root, Proof::Both).unwrap();
        let good = Bundle::adopt(bytes).unwrap();
        let Claim::Identity { name, issuer } = good.claim() else { panic!("not keyless") };
        let signer = Signer::Identity { name, issuer };
        let mut bytes = good.to_bytes();
        let mut accepted = Vec::new();
        for at in 0..bytes.len() {
            bytes[at] ^= 1 << (at % 7);
            let bundle = Bundle::parse(&bytes);
            if bundle.is_ok_and(|it| verify(&it, message, &signer, &authority, LATER).is_ok()) {
                accepted.push((at, String::from_utf8_lossy(&bytes[at - 40..at + 1]).into_owned()));
            }
            bytes[at] ^= 1 << (at % 7);
        }
        assert_eq!(accepted, []);
    }
}
