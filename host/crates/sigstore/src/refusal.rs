//! Why a bundle proves nothing: one name per reason, and a sentence.

use sigstore_verify::{CertificateError, Error, TimestampError, TransparencyLogError};
use std::fmt;

/// A bundle that proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Refusal {
    pub reason: Reason,
    pub detail: String,
}

/// The reason's stable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Not a v0.3 bundle, or more than one may hold.
    BundleMalformed,
    /// The same content in another spelling, or a part that nobody signed says something else.
    BundleAltered,
    /// The trusted root that was pinned is none.
    RootMalformed,
    /// No pinned authority issued the certificate, or not at that time.
    AuthorityUnknown,
    /// The proven time is outside the certificate's validity.
    CertificateTime,
    /// The certificate cannot be read, or names several people.
    CertificateMalformed,
    /// No pinned certificate log vouches for the certificate.
    SctInvalid,
    IdentityDiffers,
    IssuerDiffers,
    /// Not a P-256 key, or not the one that was named.
    KeyDiffers,
    SignatureFalse,
    /// The signature is about something else.
    PayloadDiffers,
    /// A DSSE envelope of another kind than in-toto.
    PayloadType,
    /// The entry names a log that was not pinned.
    LogUnknown,
    ProofMissing,
    ProofFalse,
    CheckpointFalse,
    /// The log's promise (SET), which alone vouches for its time.
    PromiseFalse,
    /// The log's entry is about another signature.
    EntryDiffers,
    TimestampFalse,
    /// Nothing proves when it was signed.
    TimeMissing,
    /// It was signed in the future.
    TimeAhead,
    /// The library did not say that it had checked what was asked.
    EvidenceMissing,
    /// A key, curve or entry that this host does not verify.
    Unsupported,
}

impl Reason {
    /// As it stands in messages and tests.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::BundleMalformed => "bundle-malformed",
            Reason::BundleAltered => "bundle-altered",
            Reason::RootMalformed => "root-malformed",
            Reason::AuthorityUnknown => "authority-unknown",
            Reason::CertificateTime => "certificate-time",
            Reason::CertificateMalformed => "certificate-malformed",
            Reason::SctInvalid => "sct-invalid",
            Reason::IdentityDiffers => "identity-differs",
            Reason::IssuerDiffers => "issuer-differs",
            Reason::KeyDiffers => "key-differs",
            Reason::SignatureFalse => "signature-false",
            Reason::PayloadDiffers => "payload-differs",
            Reason::PayloadType => "payload-type",
            Reason::LogUnknown => "log-unknown",
            Reason::ProofMissing => "proof-missing",
            Reason::ProofFalse => "proof-false",
            Reason::CheckpointFalse => "checkpoint-false",
            Reason::PromiseFalse => "promise-false",
            Reason::EntryDiffers => "entry-differs",
            Reason::TimestampFalse => "timestamp-false",
            Reason::TimeMissing => "time-missing",
            Reason::TimeAhead => "time-ahead",
            Reason::EvidenceMissing => "evidence-missing",
            Reason::Unsupported => "unsupported",
        }
    }

    /// This reason with its sentence.
    pub fn because(self, detail: impl fmt::Display) -> Refusal {
        Refusal { reason: self, detail: detail.to_string() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        let reason = match &error {
            Error::IdentityMismatch { .. } => Reason::IdentityDiffers,
            Error::IssuerMismatch { .. } => Reason::IssuerDiffers,
            Error::SignatureInvalid(_) => Reason::SignatureFalse,
            Error::ArtifactMismatch(_) => Reason::PayloadDiffers,
            Error::Certificate(error) => certificate(error),
            Error::TransparencyLog(error) => log(error),
            Error::Timestamp(TimestampError::NoVerifiedTimestamp(_)) => Reason::TimeMissing,
            Error::Timestamp(_) => Reason::TimestampFalse,
            Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
                Reason::RootMalformed
            }
            Error::Types(_) | Error::InvalidBundle(_) => Reason::BundleMalformed,
            Error::Bundle(error) => structure(error),
            _ => Reason::Unsupported,
        };
        reason.because(error)
    }
}

fn certificate(error: &CertificateError) -> Reason {
    match error {
        CertificateError::NotYetValid { .. } | CertificateError::Expired { .. } => {
            Reason::CertificateTime
        }
        // webpki says so before the library's own comparison is reached.
        CertificateError::ChainInvalid(what)
            if what.contains("CertExpired") || what.contains("CertNotValidYet") =>
        {
            Reason::CertificateTime
        }
        CertificateError::ChainInvalid(_) | CertificateError::NoValidAuthority { .. } => {
            Reason::AuthorityUnknown
        }
        CertificateError::Sct(_) => Reason::SctInvalid,
        _ => Reason::CertificateMalformed,
    }
}

fn log(error: &TransparencyLogError) -> Reason {
    match error {
        TransparencyLogError::UnknownLog { .. } => Reason::LogUnknown,
        TransparencyLogError::InclusionProof(_) => Reason::ProofFalse,
        TransparencyLogError::Checkpoint(_) => Reason::CheckpointFalse,
        TransparencyLogError::InclusionPromise(_) => Reason::PromiseFalse,
        TransparencyLogError::IntegratedTime(_) => Reason::CertificateTime,
        _ => Reason::EntryDiffers,
    }
}

fn structure(error: &sigstore_verify::bundle::Error) -> Reason {
    use sigstore_verify::bundle::Error;
    match error {
        Error::MissingInclusionProof(_) | Error::MissingInclusionPromise(_) => Reason::ProofMissing,
        Error::MissingSigningTimeEvidence | Error::MissingTimestamp => Reason::TimeMissing,
        Error::MissingCheckpoint | Error::CheckpointRootMismatch => Reason::CheckpointFalse,
        Error::LogIndexOutOfRange { .. } => Reason::ProofFalse,
        _ => Reason::BundleMalformed,
    }
}
