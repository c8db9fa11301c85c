//! The primitives the library asks for, from what the host has anyway: `ring` over whole messages,
//! `p256` over a digest, which `ring` does not offer. Nothing here makes or holds a private key.
//!
//! P-256 and P-384 with SHA-256 and SHA-384, Ed25519, RSA of 2048 bits and more with PKCS#1 and
//! PSS. ML-DSA and digests signed with other curves are refused, which fails closed.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use ring::signature::{self, VerificationAlgorithm};
use sha2::{Digest, Sha256, Sha384, Sha512};
use sigstore_verify::crypto::{
    CryptoProvider, Error, HashContext, Result, SigningScheme, install_default_provider,
};
use sigstore_verify::types::HashAlgorithm;

#[derive(Debug)]
struct Primitives;

/// Makes these the process's, once. Whoever came first stays; a second installation is the same.
pub(crate) fn install() {
    let _installed = install_default_provider(&Primitives);
}

struct Hasher<D>(D);

impl<D: Digest + Send> HashContext for Hasher<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

impl CryptoProvider for Primitives {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>> {
        Ok(match algorithm {
            HashAlgorithm::Sha2256 => Box::new(Hasher(Sha256::new())),
            HashAlgorithm::Sha2384 => Box::new(Hasher(Sha384::new())),
            HashAlgorithm::Sha2512 => Box::new(Hasher(Sha512::new())),
            other => return Err(Error::UnsupportedAlgorithm(format!("{other:?}"))),
        })
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        public_key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let algorithm = over_messages(scheme).ok_or_else(|| unsupported(scheme))?;
        let key = signature::UnparsedPublicKey::new(algorithm, public_key);
        key.verify(data, signature).map_err(|_| false_signature(scheme))
    }

    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        public_key: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        if scheme != SigningScheme::EcdsaP256Sha256 {
            return Err(unsupported(scheme));
        }
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(public_key)
            .map_err(|_| Error::InvalidKey("not a point of P-256".into()))?;
        let signature = p256::ecdsa::Signature::from_der(signature);
        let signature = signature.map_err(|_| false_signature(scheme))?;
        key.verify_prehash(digest, &signature).map_err(|_| false_signature(scheme))
    }
}

fn unsupported(scheme: SigningScheme) -> Error {
    Error::UnsupportedAlgorithm(format!("{} is not verified here", scheme.name()))
}

fn false_signature(scheme: SigningScheme) -> Error {
    Error::Verification(format!("the {} signature is false", scheme.name()))
}

fn over_messages(scheme: SigningScheme) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match scheme {
        SigningScheme::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_ASN1,
        SigningScheme::EcdsaP256Sha384 => &signature::ECDSA_P256_SHA384_ASN1,
        SigningScheme::EcdsaP384Sha256 => &signature::ECDSA_P384_SHA256_ASN1,
        SigningScheme::EcdsaP384Sha384 => &signature::ECDSA_P384_SHA384_ASN1,
        SigningScheme::Ed25519 => &signature::ED25519,
        SigningScheme::RsaPkcs1Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        SigningScheme::RsaPkcs1Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        SigningScheme::RsaPkcs1Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        SigningScheme::RsaPssSha256 => &signature::RSA_PSS_2048_8192_SHA256,
        SigningScheme::RsaPssSha384 => &signature::RSA_PSS_2048_8192_SHA384,
        SigningScheme::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}
