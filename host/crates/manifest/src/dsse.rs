//! DSSE v1.0.2 envelopes with Ed25519: which keys signed exactly these bytes as this kind of paper.
//!
//! What is signed is the pre-authentication encoding of payload type and payload, so bytes signed
//! as one kind of document are never accepted as another, and nothing is parsed before it is
//! verified. Source: github.com/secure-systems-lab/dsse protocol.md 1.0.2. Narrower than the
//! standard: base64 in its padded standard alphabet only, no unknown fields.

use crate::keys::{KeyId, PublicKey, SigningKey};
use crate::strict::{StrictError, parse_strict};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A principal's decision about a manifest.
pub const APPROVAL_TYPE: &str = "application/vnd.infrafabric.approval.v1+json";
/// Who may sign what.
pub const TRUST_ROOT_TYPE: &str = "application/vnd.infrafabric.trust-root.v1+json";
/// What may run.
pub const ALLOW_LIST_TYPE: &str = "application/vnd.infrafabric.allow-list.v1+json";
/// What may not run any more.
pub const DENY_LIST_TYPE: &str = "application/vnd.infrafabric.deny-list.v1+json";

/// What is installed, to the digest.
pub const LOCK_FILE_TYPE: &str = "application/vnd.infrafabric.lock-file.v1+json";
/// Payload type of the digest of a set of policies.
pub const POLICY_SET_TYPE: &str = "application/vnd.infrafabric.policy-set.v1+json";
/// Payload type of a principal's word on a held command.
pub const HELD_TYPE: &str = "application/vnd.infrafabric.held.v1+json";

/// Most signatures in one envelope: each costs a verification, and no role has more keys.
const SIGNATURES_MAX: usize = 32;

/// Why an envelope says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DsseError {
    #[error("{0}")]
    Strict(#[from] StrictError),
    #[error("its {0} is not base64 of the right length")]
    Encoding(&'static str),
    #[error("it has {0} signatures, more than {SIGNATURES_MAX}")]
    TooMany(usize),
    #[error("it was signed as `{found}`, not as `{expected}`")]
    WrongType { expected: &'static str, found: String },
    #[error("the signature of key {0} does not belong to these bytes")]
    BadSignature(KeyId),
}

/// A payload, its type and its signatures: read, not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<(KeyId, [u8; 64])>,
}

#[cfg(test)]
impl Envelope {
    /// The same with each signature of these keys once, in order.
    pub(crate) fn once(mut self, keys: &[KeyId]) -> Self {
        self.signatures.retain(|(key, _)| keys.contains(key));
        self.signatures.sort();
        self.signatures.dedup();
        self
    }
}

/// The envelope as it stands in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    keyid: KeyId,
    sig: String,
}

/// `DSSEv1 <length of type> <type> <length of payload> <payload>`, lengths in decimal bytes.
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head =
        format!("DSSEv1 {} {} {} ", payload_type.len(), payload_type, payload.len()).into_bytes();
    [head.as_slice(), payload].concat()
}

impl Envelope {
    /// Signs `payload` as a document of this type with each of `keys`.
    pub fn seal(payload_type: &str, payload: Vec<u8>, keys: &[&SigningKey]) -> Envelope {
        let message = pre_authentication_encoding(payload_type, &payload);
        let signatures = keys.iter().map(|key| (key.id(), key.sign(&message))).collect();
        Envelope { payload_type: payload_type.to_owned(), payload, signatures }
    }

    /// Reads an envelope of at most `bytes_max` bytes. Nothing is verified yet.
    pub fn parse(bytes: &[u8], bytes_max: usize) -> Result<Envelope, DsseError> {
        let wire: Wire = parse_strict(bytes, bytes_max)?;
        if wire.signatures.len() > SIGNATURES_MAX {
            return Err(DsseError::TooMany(wire.signatures.len()));
        }
        let payload = STANDARD.decode(&wire.payload).map_err(|_| DsseError::Encoding("payload"))?;
        let mut signatures = Vec::with_capacity(wire.signatures.len());
        for signature in &wire.signatures {
            let bytes = STANDARD.decode(&signature.sig).ok();
            let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
            signatures.push((signature.keyid, bytes.ok_or(DsseError::Encoding("signature"))?));
        }
        Ok(Envelope { payload_type: wire.payload_type, payload, signatures })
    }

    /// The file's bytes: compact JSON and a newline, the same for the same envelope.
    pub fn to_bytes(&self) -> Vec<u8> {
        let signatures = self.signatures.iter();
        let wire = Wire {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: signatures
                .map(|(keyid, sig)| WireSignature { keyid: *keyid, sig: STANDARD.encode(sig) })
                .collect(),
        };
        let mut bytes = serde_json::to_vec(&wire).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The distinct known keys that signed this as a document of `expected` type, and the payload.
    /// `key` knows the keys of the installation. Signatures by unknown keys count for nothing; a
    /// wrong signature in the name of a known key condemns the envelope; the same key twice is one.
    pub fn verify<'k>(
        &self,
        expected: &'static str,
        key: impl Fn(&KeyId) -> Option<&'k PublicKey>,
    ) -> Result<(BTreeSet<KeyId>, &[u8]), DsseError> {
        if self.payload_type != expected {
            return Err(DsseError::WrongType { expected, found: self.payload_type.clone() });
        }
        let message = pre_authentication_encoding(&self.payload_type, &self.payload);
        let mut signers = BTreeSet::new();
        for (id, signature) in &self.signatures {
            let Some(public) = key(id) else { continue };
            if !public.verifies(&message, signature) {
                return Err(DsseError::BadSignature(*id));
            }
            signers.insert(*id);
        }
        Ok((signers, &self.payload))
    }

    /// The payload before verification, for the one document that brings its own keys: the root.
    pub(crate) fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    const SIZE: usize = 4096;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&Zeroizing::new([seed; 32]))
    }

    #[test]
    fn encodes_as_the_standard_says() {
        // The example of protocol.md.
        assert_eq!(
            pre_authentication_encoding("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn counts_distinct_known_keys_and_condemns_false_ones() {
        let (one, two) = (key(1), key(2));
        let public = one.public();
        let known = |id: &KeyId| (*id == public.id()).then_some(&public);
        let mut envelope = Envelope::seal(APPROVAL_TYPE, b"{}".to_vec(), &[&one, &one, &two]);
        let (signers, payload) = envelope.verify(APPROVAL_TYPE, known).unwrap();
        assert_eq!((signers.len(), payload), (1, b"{}".as_slice()));
        assert!(matches!(
            envelope.verify(TRUST_ROOT_TYPE, known),
            Err(DsseError::WrongType { .. })
        ));
        let foreign = envelope.signatures[2].1;
        envelope.signatures[0].1 = foreign;
        assert_eq!(
            envelope.verify(APPROVAL_TYPE, known).unwrap_err(),
            DsseError::BadSignature(one.id())
        );
    }

    #[test]
    fn every_flipped_byte_is_refused() {
        let signer = key(1);
        let public = signer.public();
        let known = |id: &KeyId| (*id == public.id()).then_some(&public);
        let bytes = Envelope::seal(APPROVAL_TYPE, b"{\"a\":1}".to_vec(), &[&signer]).to_bytes();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let signers = Envelope::parse(&flipped, SIZE)
                    .and_then(|it| Ok(it.verify(APPROVAL_TYPE, known)?.0.len()));
                // The newline behind the envelope may become other white space, nothing else.
                let harmless = at + 1 == bytes.len() && flipped[at].is_ascii_whitespace();
                assert_eq!(signers.unwrap_or(0) > 0, harmless, "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn refuses_loose_forms() {
        let good = Envelope::seal(APPROVAL_TYPE, vec![0xfb, 0xff], &[&key(1)]).to_bytes();
        let text = String::from_utf8(good.clone()).unwrap();
        assert!(Envelope::parse(&good, SIZE).is_ok());
        for bad in [
            text.replace("+/8=", "-_8="),
            text.replace("+/8=", "+/8"),
            text.replace("+/8=", "+/9="),
            text.replace("\"payload\"", "\"extra\":1,\"payload\""),
            text.replace("\"keyid\"", "\"keyid\":\"\",\"keyid\""),
            text.replace("\"sig\":\"", "\"sig\":\"AAAA"),
        ] {
            assert_ne!(bad, text);
            assert!(Envelope::parse(bad.as_bytes(), SIZE).is_err(), "{bad}");
        }
        assert!(Envelope::parse(&good, good.len() - 1).is_err());
        let signer = key(1);
        let crowd = Envelope::seal(APPROVAL_TYPE, vec![], &[&signer; SIGNATURES_MAX + 1]);
        assert_eq!(
            Envelope::parse(&crowd.to_bytes(), 1 << 20),
            Err(DsseError::TooMany(SIGNATURES_MAX + 1))
        );
    }
}
