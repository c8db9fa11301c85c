//! A timestamp of RFC 3161 in its one spelling.
//!
//! A token carries certificates, algorithm names and versions that no signature covers and no
//! verifier needs: the signer is looked up among the pinned ones, and signs with ECDSA. Here they
//! are what they must be, so that a token is altered in nothing without being noticed.

use crate::refusal::{Reason, Refusal};
use cms::cert::x509::der::asn1::{Any, ObjectIdentifier, SetOfVec};
use cms::cert::x509::der::{Decode as _, Encode as _, Tag, Tagged as _};
use cms::cert::x509::spki::AlgorithmIdentifierOwned;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};

/// Signed data (RFC 5652 §5.1).
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");

/// A digest, and ECDSA over it (RFC 5758).
const ALGORITHMS: [(ObjectIdentifier, ObjectIdentifier); 3] = [
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"),
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"),
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"),
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"),
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"),
    ),
];

/// The token in our form. Verified it is not.
pub(crate) fn normal(token: &[u8]) -> Result<Vec<u8>, Refusal> {
    rewritten(token).ok_or_else(|| Reason::TimestampFalse.because("it is no timestamp of ECDSA"))
}

fn rewritten(token: &[u8]) -> Option<Vec<u8>> {
    // Either the token, or an authority's whole answer: its status, then the token.
    let content = match Vec::<Any>::from_der(token).ok()?.as_slice() {
        [status, token] if status.tag() == Tag::Sequence => {
            ContentInfo::from_der(&token.to_der().ok()?)
        }
        _ => ContentInfo::from_der(token),
    };
    let content = content.ok()?;
    let signed = SignedData::from_der(&content.content.to_der().ok()?).ok()?;
    let [signer] = signed.signer_infos.0.as_slice() else { return None };
    let signer = ours(signer.clone())?;
    let EncapsulatedContentInfo { econtent_type, econtent } = signed.encap_content_info;
    let content = Any::new(Tag::OctetString, econtent?.value()).ok()?;
    let signed = SignedData {
        version: CmsVersion::V3,
        encap_content_info: EncapsulatedContentInfo { econtent_type, econtent: Some(content) },
        digest_algorithms: SetOfVec::try_from(vec![signer.digest_alg.clone()]).ok()?,
        certificates: None,
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![signer]).ok()?),
    };
    let content = Any::from_der(&signed.to_der().ok()?).ok()?;
    ContentInfo { content_type: SIGNED_DATA, content }.to_der().ok()
}

fn ours(signer: SignerInfo) -> Option<SignerInfo> {
    let named = |oid| AlgorithmIdentifierOwned { oid, parameters: None };
    let found = ALGORITHMS.iter().find(|(digest, _)| *digest == signer.digest_alg.oid)?;
    let version = match signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(_) => CmsVersion::V1,
        SignerIdentifier::SubjectKeyIdentifier(_) => CmsVersion::V3,
    };
    Some(SignerInfo {
        version,
        digest_alg: named(found.0),
        signature_algorithm: named(found.1),
        unsigned_attrs: None,
        ..signer
    })
}
