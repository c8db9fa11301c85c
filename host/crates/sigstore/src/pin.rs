//! What the operator pinned: the authorities of one Sigstore installation, and which proof of time
//! is asked of their bundles.

use crate::refusal::{Reason, Refusal};
use sigstore_verify::Verifier;
use sigstore_verify::trust_root::TrustedRoot;

/// Largest `trusted_root.json`: the public one has 7 KiB; the signed root that carries it may have
/// 1 MiB.
const ROOT_BYTES_MAX: usize = 64 << 10;

/// How media types of trusted roots begin.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot";

/// What must prove that the signature existed while its certificate held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A transparency log: inclusion, signed checkpoint, and the log's or another's signed time.
    Log,
    /// A timestamp by an authority of RFC 3161.
    Timestamp,
    Both,
}

impl Proof {
    pub(crate) fn log(self) -> bool {
        self != Proof::Timestamp
    }
    pub(crate) fn timestamp(self) -> bool {
        self != Proof::Log
    }
}

/// A pinned trusted root, read and checked.
pub struct Authority {
    pub(crate) verifier: Verifier,
    pub(crate) proof: Proof,
    /// Ids of the transparency logs.
    pub(crate) logs: Vec<Vec<u8>>,
    /// It names certificate logs, so every certificate must be in one.
    pub(crate) certificate_logs: bool,
    certificates: bool,
}

impl Authority {
    /// Reads a `trusted_root.json` and refuses one that could never give the proof asked for.
    pub fn pin(trusted_root: &str, proof: Proof) -> Result<Authority, Refusal> {
        let wrong = |what: &str| Err(Reason::RootMalformed.because(what));
        if trusted_root.len() > ROOT_BYTES_MAX {
            return wrong("it has more than 64 KiB");
        }
        crate::provider::install();
        let root = TrustedRoot::from_json(trusted_root)
            .map_err(|error| Reason::RootMalformed.because(error))?;
        if !root.media_type.starts_with(MEDIA_TYPE) {
            return wrong("its media type is not that of a trusted root");
        }
        if proof.log() && root.tlogs.is_empty() {
            return wrong("it names no transparency log, so nothing could be proved by one");
        }
        if proof.timestamp() && root.timestamp_authorities.is_empty() {
            return wrong("it names no timestamp authority, so nothing could be proved by one");
        }
        let verifier =
            Verifier::new(&root).map_err(|error| Reason::RootMalformed.because(error))?;
        Ok(Authority {
            verifier,
            proof,
            logs: root.tlogs.iter().map(|log| log.log_id.key_id.as_bytes().to_vec()).collect(),
            certificate_logs: !root.ctlogs.is_empty(),
            certificates: !root.certificate_authorities.is_empty(),
        })
    }

    /// Whether it can vouch for people; without a certificate authority only for keys.
    pub fn issues_certificates(&self) -> bool {
        self.certificates
    }
}
