//! A bundle in its one spelling.
//!
//! The protocol's JSON can say the same thing in many ways, and parts of it nobody signed. Here a
//! bundle has one form: these members in this order, no other, no white space but the last newline;
//! so an altered byte is either a changed value, which is verified or compared, or not this form.
//! [`Bundle::adopt`] brings a bundle of another tool into the form, once, when it is attached;
//! [`Bundle::parse`] reads nothing else.

use crate::refusal::{Reason, Refusal};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sigstore_verify::SubjectAltName;
use sigstore_verify::crypto::parse_certificate_info;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName as Names;

/// Largest bundle in our form: a certificate, a log entry and a timestamp have 8 KiB.
const BUNDLE_BYTES_MAX: usize = 16 << 10;

/// Largest bundle of another tool; white space and witnesses are dropped from it.
const FOREIGN_BYTES_MAX: usize = 128 << 10;

/// Most timestamps in one bundle; each costs a chain of signatures.
const TIMESTAMPS_MAX: usize = 4;

/// The one version that is read.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// How some tools spell the same.
const MEDIA_TYPE_TOO: &str = "application/vnd.dev.sigstore.bundle+json;version=0.3";

/// The one kind of attestation that says what it is about.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// How our form begins, and nothing else that is signed here.
const BEGINNING: &[u8] = b"{\"mediaType\":";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wire {
    pub media_type: String,
    pub verification_material: Material,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_signature: Option<MessageSignature>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dsse_envelope: Option<Envelope>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Material {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<KeyHint>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tlog_entries: Vec<Entry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_verification_data: Option<Timestamps>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Certificate {
    pub raw_bytes: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyHint {
    pub hint: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Entry {
    #[serde(default)]
    pub log_index: Number,
    pub log_id: LogId,
    pub kind_version: KindVersion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrated_time: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inclusion_promise: Option<Promise>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inclusion_proof: Option<InclusionProof>,
    pub canonicalized_body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LogId {
    pub key_id: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KindVersion {
    pub kind: String,
    pub version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Promise {
    pub signed_entry_timestamp: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InclusionProof {
    #[serde(default)]
    pub log_index: Number,
    pub root_hash: Bytes,
    pub tree_size: Number,
    #[serde(default)]
    pub hashes: Vec<Bytes>,
    pub checkpoint: Checkpoint,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    pub envelope: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Timestamps {
    #[serde(default)]
    pub rfc3161_timestamps: Vec<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Timestamp {
    pub signed_timestamp: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MessageSignature {
    pub message_digest: MessageDigest,
    pub signature: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageDigest {
    pub algorithm: String,
    pub digest: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Envelope {
    pub payload: Bytes,
    pub payload_type: String,
    pub signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvelopeSignature {
    pub sig: Bytes,
    /// Signed by nobody; never in our form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyid: Option<String>,
}

/// Bytes, in base64 of the padded standard alphabet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map(Bytes).map_err(serde::de::Error::custom)
    }
}

/// A 64-bit number, which the protocol's JSON writes as text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Number(pub u64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Number, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelling {
            Text(String),
            Number(u64),
        }
        match Spelling::deserialize(from)? {
            Spelling::Number(number) => Ok(Number(number)),
            Spelling::Text(text) => text.parse().map(Number).map_err(serde::de::Error::custom),
        }
    }
}

/// Who the bundle says signed it: not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// A certificate's subject name and the issuer of the token behind it.
    Identity { name: String, issuer: String },
    /// SHA-256 of a public key's SPKI DER.
    Key([u8; 32]),
}

/// A bundle: read, not verified.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub(crate) wire: Wire,
    pub(crate) parsed: sigstore_verify::types::Bundle,
    claim: Claim,
    text: String,
}

impl Bundle {
    /// Whether these bytes would be a bundle, by their beginning.
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(BEGINNING)
    }

    /// Reads a bundle in our form.
    pub fn parse(bytes: &[u8]) -> Result<Bundle, Refusal> {
        let mut bundle = Bundle::of(read(bytes, BUNDLE_BYTES_MAX)?)?;
        let mut ours = bundle.text.as_bytes() == bytes;
        for token in tokens(&mut bundle.wire.verification_material) {
            ours &= crate::token::normal(&token.0)? == token.0;
        }
        if ours {
            return Ok(bundle);
        }
        Err(Reason::BundleAltered.because("it is not in the form in which bundles are kept here"))
    }

    /// Reads another tool's bundle and brings it into our form: what nobody signed goes, what is
    /// written differently is written our way. Nothing that matters to a verifier changes.
    pub fn adopt(bytes: &[u8]) -> Result<Bundle, Refusal> {
        let mut wire = read(bytes, FOREIGN_BYTES_MAX)?;
        if wire.media_type == MEDIA_TYPE_TOO {
            wire.media_type = MEDIA_TYPE.to_owned();
        }
        let material = &mut wire.verification_material;
        for entry in &mut material.tlog_entries {
            entry.integrated_time = entry.integrated_time.filter(|time| time.0 != 0);
            crate::entry::keep_the_logs_own_signature(entry);
        }
        material.timestamp_verification_data = material
            .timestamp_verification_data
            .take()
            .filter(|data| !data.rfc3161_timestamps.is_empty());
        for token in tokens(material) {
            token.0 = crate::token::normal(&token.0)?;
        }
        for signature in wire.dsse_envelope.iter_mut().flat_map(|it| &mut it.signatures) {
            signature.keyid = None;
        }
        let bundle = Bundle::of(wire)?;
        if bundle.text.len() > BUNDLE_BYTES_MAX {
            return Err(too_large(bundle.text.len(), BUNDLE_BYTES_MAX));
        }
        Ok(bundle)
    }

    fn of(wire: Wire) -> Result<Bundle, Refusal> {
        shape(&wire)?;
        let mut text = serde_json::to_string(&wire).map_err(malformed)?;
        let parsed = sigstore_verify::types::Bundle::from_json(&text).map_err(malformed)?;
        text.push('\n');
        let claim = claim(&wire.verification_material, &parsed)?;
        Ok(Bundle { wire, parsed, claim, text })
    }

    /// Its bytes in our form.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.text.clone().into_bytes()
    }

    /// Who it says signed it.
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// The attested statement; `None` when the bundle signs the bytes themselves. Not verified.
    pub fn statement(&self) -> Option<&[u8]> {
        self.wire.dsse_envelope.as_ref().map(|envelope| envelope.payload.0.as_slice())
    }

    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.wire.verification_material.tlog_entries.first()
    }

    pub(crate) fn timestamps(&self) -> usize {
        let data = &self.wire.verification_material.timestamp_verification_data;
        data.as_ref().map_or(0, |data| data.rfc3161_timestamps.len())
    }
}

/// The timestamps.
fn tokens(material: &mut Material) -> impl Iterator<Item = &mut Bytes> {
    let data = material.timestamp_verification_data.iter_mut();
    data.flat_map(|data| &mut data.rfc3161_timestamps).map(|token| &mut token.signed_timestamp)
}

fn malformed(error: impl std::fmt::Display) -> Refusal {
    Reason::BundleMalformed.because(error)
}

fn too_large(found: usize, most: usize) -> Refusal {
    malformed(format!("it has {found} bytes, more than the {most} that are read"))
}

fn read(bytes: &[u8], bytes_max: usize) -> Result<Wire, Refusal> {
    if bytes.len() > bytes_max {
        return Err(too_large(bytes.len(), bytes_max));
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

/// What a bundle of our form holds, and how much of it.
fn shape(wire: &Wire) -> Result<(), Refusal> {
    let wrong = |what: &str| Err(malformed(what));
    let material = &wire.verification_material;
    if wire.media_type != MEDIA_TYPE {
        return wrong("it is not a bundle of version 0.3");
    }
    if material.certificate.is_some() == material.public_key.is_some() {
        return wrong("it must carry a certificate or name a key");
    }
    if material.tlog_entries.len() > 1 {
        return wrong("it has more than one log entry");
    }
    if let Some(data) = &material.timestamp_verification_data
        && !(1..=TIMESTAMPS_MAX).contains(&data.rfc3161_timestamps.len())
    {
        return wrong("it has no timestamp where some are announced, or too many");
    }
    match (&wire.message_signature, &wire.dsse_envelope) {
        (Some(signature), None) if signature.message_digest.algorithm != "SHA2_256" => {
            wrong("its digest is not SHA2_256")
        }
        (Some(_), None) => Ok(()),
        (None, Some(envelope)) => enveloped(envelope),
        _ => wrong("it must hold a signature or an envelope"),
    }
}

fn enveloped(envelope: &Envelope) -> Result<(), Refusal> {
    if envelope.payload_type != PAYLOAD_TYPE {
        let what = format!("`{}` says nothing about a file", envelope.payload_type);
        return Err(Reason::PayloadType.because(what));
    }
    match envelope.signatures.as_slice() {
        [EnvelopeSignature { keyid: None, .. }] => Ok(()),
        _ => Err(malformed("an envelope has one signature, without a key id")),
    }
}

fn claim(material: &Material, parsed: &sigstore_verify::types::Bundle) -> Result<Claim, Refusal> {
    if let Some(KeyHint { hint }) = &material.public_key {
        let id = <[u8; 32]>::try_from(hint.0.as_slice());
        return id.map(Claim::Key).map_err(|_| malformed("its hint is not the digest of a key"));
    }
    let unreadable = |what: String| Reason::CertificateMalformed.because(what);
    let certificate = parsed.signing_certificate();
    let certificate = certificate.ok_or_else(|| malformed("it has no certificate"))?;
    sole_name(certificate.as_bytes())?;
    let info = parse_certificate_info(certificate).map_err(|it| unreadable(it.to_string()))?;
    let name = match info.identity {
        Some(SubjectAltName::Email(name)) if !name.contains("://") => name,
        Some(SubjectAltName::Uri(name)) if name.contains("://") => name,
        _ => return Err(unreadable("it names neither a mail address nor a URI".into())),
    };
    let issuer = info.issuer.ok_or_else(|| unreadable("it names no token issuer".into()))?;
    Ok(Claim::Identity { name, issuer })
}

/// The library takes the first of several names; a certificate for two is nobody's in particular.
fn sole_name(der: &[u8]) -> Result<(), Refusal> {
    let unreadable = |what: &dyn std::fmt::Display| Reason::CertificateMalformed.because(what);
    let certificate = x509_cert::Certificate::from_der(der).map_err(|error| unreadable(&error))?;
    let names = certificate.tbs_certificate.get::<Names>().map_err(|error| unreadable(&error))?;
    match names {
        Some((_, Names(names))) if names.len() == 1 => Ok(()),
        _ => Err(unreadable(&"it must have exactly one subject name")),
    }
}
