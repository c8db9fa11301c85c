//! One verification, and what it proved.
//!
//! The library is asked, and then its getters are: an `Ok` of a verification that checked less
//! than was asked for is refused here.

use crate::entry;
use crate::pin::Authority;
use crate::refusal::{Reason, Refusal};
use crate::wire::{Bundle, Claim};
use sha2::{Digest as _, Sha256};
use sigstore_verify::crypto::KeyAlgorithm;
use sigstore_verify::types::DerPublicKey;
use sigstore_verify::{
    IdentityMatcher, PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult,
};

/// Whose signature is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Signer<'a> {
    /// Exactly this name (mail address or URI) by a token of exactly this issuer.
    Identity { name: &'a str, issuer: &'a str },
    /// The P-256 key with this SPKI DER.
    Key(&'a [u8]),
}

/// What was proved. Only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    signed_at_s: u64,
    certificate: bool,
    sct: bool,
    log: Option<LogPlace>,
    timestamps: usize,
}

/// Where the signature stands in a transparency log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlace {
    /// The checkpoint's first line.
    pub origin: String,
    pub index: u64,
}

impl Evidence {
    /// The earliest time that was proved, in seconds since 1970.
    pub fn signed_at_s(&self) -> u64 {
        self.signed_at_s
    }
    /// A certificate by a pinned authority, valid at every proved time; else a named key.
    pub fn certificate(&self) -> bool {
        self.certificate
    }
    /// The certificate stands in a pinned certificate log.
    pub fn sct(&self) -> bool {
        self.sct
    }
    /// The signature stands in a pinned log, under a checkpoint signed by it.
    pub fn log(&self) -> Option<&LogPlace> {
        self.log.as_ref()
    }
    /// How many timestamps by pinned authorities it has.
    pub fn timestamps(&self) -> usize {
        self.timestamps
    }
}

/// Verifies that `signer` signed `message`, or attested it, before `now_s`.
pub fn verify(
    bundle: &Bundle,
    message: &[u8],
    signer: &Signer<'_>,
    authority: &Authority,
    now_s: u64,
) -> Result<Evidence, Refusal> {
    crate::provider::install();
    if bundle.entry().is_none() && authority.proof.log() {
        return Err(Reason::ProofMissing.because("it has no log entry"));
    }
    if bundle.timestamps() == 0 && authority.proof.timestamp() {
        return Err(Reason::TimeMissing.because("it has no timestamp"));
    }
    bundle.entry().map_or(Ok(()), |it| entry::check(it, &authority.logs))?;
    let result = match signer {
        Signer::Identity { name, issuer } => identity(bundle, message, name, issuer, authority)?,
        Signer::Key(spki) => key(bundle, message, spki, authority)?,
    };
    demand(result.tlog_verified() || bundle.entry().is_none(), "the log entry")?;
    let promised = bundle.entry().is_some_and(|entry| entry.inclusion_promise.is_some());
    let times = result.verified_timestamps();
    demand(times.len() == bundle.timestamps() + usize::from(promised), "every time")?;
    let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else {
        return Err(Reason::TimeMissing.because("nothing proves when it was signed"));
    };
    let seconds = |time: i64| u64::try_from(time).unwrap_or_default();
    if seconds(last.as_second()) > now_s {
        return Err(Reason::TimeAhead.because(format!("it was signed at {last}, which is to come")));
    }
    Ok(Evidence {
        signed_at_s: seconds(first.as_second()),
        certificate: result.certificate_verified(),
        sct: result.sct_verified(),
        log: bundle.entry().and_then(|it| it.inclusion_proof.as_ref()).map(|proof| LogPlace {
            origin: entry::origin(proof).to_owned(),
            index: proof.log_index.0,
        }),
        timestamps: bundle.timestamps(),
    })
}

/// The library must say itself that it checked this.
fn demand(said: bool, what: &str) -> Result<(), Refusal> {
    if said {
        return Ok(());
    }
    Err(Reason::EvidenceMissing.because(format!("{what} was not verified")))
}

fn identity(
    bundle: &Bundle,
    message: &[u8],
    name: &str,
    issuer: &str,
    authority: &Authority,
) -> Result<VerificationResult, Refusal> {
    let kind = if name.contains("://") { IdentityMatcher::Uri } else { IdentityMatcher::Email };
    let mut policy = VerificationPolicy::new(kind(name.to_owned()), issuer);
    if !authority.certificate_logs {
        policy = policy.skip_sct();
    }
    if bundle.entry().is_none() {
        policy = policy.skip_tlog_unsafe();
    }
    let result = authority.verifier.verify(message, &bundle.parsed, &policy)?;
    demand(result.certificate_verified(), "the certificate")?;
    demand(result.sct_verified() || !authority.certificate_logs, "the certificate's log")?;
    demand(result.identity_policy_checked(), "the identity")?;
    let found = result.identity().map(|it| it.as_str());
    demand(found == Some(name) && result.issuer() == Some(issuer), "name and issuer")?;
    Ok(result)
}

fn key(
    bundle: &Bundle,
    message: &[u8],
    spki: &[u8],
    authority: &Authority,
) -> Result<VerificationResult, Refusal> {
    let public = DerPublicKey::new(spki.to_vec());
    let algorithm = KeyAlgorithm::from_spki(&public);
    if !matches!(algorithm, Ok(KeyAlgorithm::EcdsaP256)) {
        return Err(Reason::KeyDiffers.because("the named key is not one of P-256"));
    }
    // The hint is signed by nobody; in our form it says the truth.
    if *bundle.claim() != Claim::Key(Sha256::digest(spki).into()) {
        return Err(Reason::KeyDiffers.because("it names another key"));
    }
    let mut policy = PublicKeyVerificationPolicy::new(public);
    if bundle.entry().is_none() {
        policy = policy.skip_tlog_unsafe();
    }
    Ok(authority.verifier.verify(message, &bundle.parsed, &policy)?)
}
