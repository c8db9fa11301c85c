//! Sigstore: bundles and trusted roots of other people's tools.
//!
//! A bundle has one form here; what has been brought into it stays as it is. What proves something
//! proves it for one message only.

use crate::input::{halves, text};
use if_sigstore::{Authority, Bundle, Claim, Proof, Signer, verify};
use std::sync::LazyLock;

/// A real bundle's message, and the root of the installation that logged it.
const MESSAGE: &[u8] = b"test content for cosign\n";

/// After every seed was signed.
const LATER_S: u64 = 1_795_000_000;

/// `sigstore-bundle`.
pub fn bundle(data: &[u8]) {
    if let Ok(bundle) = Bundle::parse(data) {
        assert!(Bundle::is_one(data));
        assert_eq!(bundle.to_bytes(), data, "a bundle has two forms");
    }
    let Ok(adopted) = Bundle::adopt(data) else { return };
    let ours = adopted.to_bytes();
    let anew = Bundle::parse(&ours).expect("what was adopted is in our form");
    assert_eq!(anew.claim(), adopted.claim());
    assert_eq!(anew.statement(), adopted.statement());
    assert_eq!(Bundle::adopt(&ours).unwrap().to_bytes(), ours, "adopted twice it is another");
}

/// `sigstore-root`: a `trusted_root.json`.
pub fn root(data: &[u8]) {
    let Some(text) = text(data) else { return };
    for proof in [Proof::Log, Proof::Timestamp, Proof::Both] {
        if let Ok(authority) = Authority::pin(text, proof) {
            let _ = authority.issues_certificates();
        }
    }
}

/// `sigstore-proof`: whatever is proved for a known message by the public installation is the one
/// bundle that was made for it, byte for byte; and it proves nothing for another message.
pub fn proof(data: &[u8]) {
    let (bundle, message) = halves(data);
    let message = if message.is_empty() { MESSAGE } else { message };
    let Ok(bundle) = Bundle::adopt(bundle) else { return };
    let Claim::Identity { name, issuer } = bundle.claim() else { return };
    let signer = Signer::Identity { name, issuer };
    for authority in PUBLIC.iter() {
        if verify(&bundle, message, &signer, authority, LATER_S).is_ok() {
            assert_eq!(message, MESSAGE, "it proves another message");
            assert_eq!(bundle.to_bytes(), *ORIGINAL, "it was altered, and nobody noticed");
        }
    }
}

/// The public installation, pinned for each proof.
static PUBLIC: LazyLock<Vec<Authority>> = LazyLock::new(|| {
    let root = include_str!("../../seeds/sigstore-root/public.json");
    [Proof::Log, Proof::Timestamp].map(|proof| Authority::pin(root, proof).unwrap()).into()
});

/// The bundle that was made for the message, in our form.
static ORIGINAL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let made = include_bytes!("../../seeds/sigstore-proof/cosign-keyless.json");
    Bundle::adopt(made).unwrap().to_bytes()
});
