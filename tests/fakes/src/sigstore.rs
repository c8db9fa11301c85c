//! A private signing installation whose keys the test holds: a certificate authority, a certificate
//! log, a transparency log, and people who sign. It is no Fulcio and no Rekor; it writes the same
//! bytes, by hand and not with the library that verifies them, so that each may be wrong on demand.

mod der;
mod log;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use der::{spki, spki_pem};
pub use log::{CHECKPOINT_ORIGIN, LOG_NAME};

/// A signing key of P-256.
pub type Key = p256::ecdsa::SigningKey;

/// How long a certificate of this authority holds, in seconds: as short as the real ones.
pub const VALID_S: u64 = 600;

/// The installation's keys.
pub struct TestAuthority {
    pub certificates: Key,
    pub certificate_log: Key,
    pub log: Key,
    /// Common name of the certificate authority.
    pub name: String,
}

/// The key of these 32 equal bytes.
pub fn key(seed: u8) -> Key {
    Key::from_slice(&[seed; 32]).unwrap_or_else(|_| unreachable!("1..=255 are valid scalars"))
}

/// Who is certified, and how.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Mail addresses or, with `://`, URIs.
    pub names: Vec<String>,
    pub issuer: String,
    pub not_before: u64,
    pub not_after: u64,
    pub sct: Sct,
}

/// What the certificate log says in the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sct {
    Signed,
    Missing,
    /// Signed by another key.
    Forged,
}

impl Subject {
    /// One mail address, certified at `now`.
    pub fn mail(name: &str, issuer: &str, now: u64) -> Subject {
        Subject {
            names: vec![name.to_owned()],
            issuer: issuer.to_owned(),
            not_before: now,
            not_after: now + VALID_S,
            sct: Sct::Signed,
        }
    }
}

/// What is signed.
#[derive(Debug, Clone)]
pub enum Content {
    /// The bytes themselves, as `cosign sign-blob` does.
    Blob(Vec<u8>),
    /// A statement of this payload type, as `cosign attest-blob` does.
    Statement(String, Vec<u8>),
}

impl TestAuthority {
    /// The installation of this number.
    pub fn new(seed: u8) -> TestAuthority {
        TestAuthority {
            certificates: key(seed),
            certificate_log: key(seed + 1),
            log: key(seed + 2),
            name: format!("test certificate authority {seed}"),
        }
    }

    /// Its `trusted_root.json`, valid from the beginning of time.
    pub fn trusted_root(&self) -> Value {
        let since = json!({"start": "1970-01-02T00:00:00Z"});
        let log = |name: &str, key: &Key| {
            json!({
                "baseUrl": format!("https://{name}"),
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(spki(key)),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": since.clone(),
                },
                "logId": {"keyId": STANDARD.encode(Sha256::digest(spki(key)))},
            })
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(LOG_NAME, &self.log)],
            "certificateAuthorities": [{
                "subject": {"organization": "test", "commonName": self.name},
                "uri": "https://authority.test",
                "certChain": {"certificates": [
                    {"rawBytes": STANDARD.encode(der::authority(&self.certificates, &self.name))},
                ]},
                "validFor": since.clone(),
            }],
            "ctlogs": [log("certificates.test", &self.certificate_log)],
            "timestampAuthorities": [],
        })
    }

    /// A certificate for `holder`'s key, as DER.
    pub fn certify(&self, holder: &Key, subject: &Subject) -> Vec<u8> {
        let precertificate = der::leaf(holder, subject, &self.name, None);
        let logger = match subject.sct {
            Sct::Missing => return der::signed(&precertificate, &self.certificates),
            Sct::Signed => self.certificate_log.clone(),
            Sct::Forged => key(99),
        };
        let id = Sha256::digest(spki(&self.certificate_log));
        let issuer = Sha256::digest(spki(&self.certificates));
        let time = subject.not_before * 1000;
        let sct = log::certificate_timestamp(&logger, &id, &issuer, &precertificate, time);
        der::signed(&der::leaf(holder, subject, &self.name, Some(&sct)), &self.certificates)
    }

    /// A bundle signed with a certified key and logged at `time`.
    pub fn bundle(&self, holder: &Key, certificate: &[u8], content: &Content, time: u64) -> Value {
        let material = json!({"certificate": {"rawBytes": STANDARD.encode(certificate)}});
        let pem = der::pem("CERTIFICATE", certificate);
        self.logged(holder, material, &pem, content, time)
    }

    /// A bundle signed with a key that is known by itself, and logged at `time`.
    pub fn key_bundle(&self, holder: &Key, content: &Content, time: u64) -> Value {
        let hint = STANDARD.encode(Sha256::digest(spki(holder)));
        self.logged(holder, json!({"publicKey": {"hint": hint}}), &spki_pem(holder), content, time)
    }

    fn logged(
        &self,
        holder: &Key,
        mut material: Value,
        verifier: &str,
        content: &Content,
        time: u64,
    ) -> Value {
        let (member, signed, body) = signed(holder, verifier, content);
        put(&mut material, "tlogEntries", json!([self.entry(&body, time)]));
        let mut bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": material,
        });
        put(&mut bundle, member, signed);
        bundle
    }
}

fn put(object: &mut Value, member: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}

/// Signs, and gives the bundle's member, its value, and what a log keeps of it.
fn signed(holder: &Key, verifier: &str, content: &Content) -> (&'static str, Value, Value) {
    let sign = |message: &[u8]| -> String {
        let signature: p256::ecdsa::DerSignature = holder.sign(message);
        STANDARD.encode(signature.as_bytes())
    };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match content {
        Content::Blob(bytes) => {
            let (signature, digest) = (sign(bytes), Sha256::digest(bytes));
            let body = json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": hex(&digest)}},
                "signature": {
                    "content": signature,
                    "publicKey": {"content": STANDARD.encode(verifier)},
                },
            }});
            let digest = json!({"algorithm": "SHA2_256", "digest": STANDARD.encode(digest)});
            let value = json!({"messageDigest": digest, "signature": signature});
            ("messageSignature", value, body)
        }
        Content::Statement(kind, payload) => {
            let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
            let signature = sign(&[head.as_bytes(), payload].concat());
            let digest = json!({"algorithm": "sha256", "value": hex(&Sha256::digest(payload))});
            let body = json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
                "envelopeHash": digest.clone(),
                "payloadHash": digest,
                "signatures": [{"signature": signature, "verifier": STANDARD.encode(verifier)}],
            }});
            let envelope = json!({
                "payload": STANDARD.encode(payload), "payloadType": kind,
                "signatures": [{"sig": signature}],
            });
            ("dsseEnvelope", envelope, body)
        }
    }
}
