//! What a bundle says here: who, in which role, until when; proved by the pinned installation.
//!
//! A bundle signs the manifest's bytes (then the role is the one its signer has, the word is yes,
//! and it counts for a year), or attests a statement about them that says all three. A bundle by
//! somebody who is not named here says nothing; one in the name of somebody who is, and proves
//! nothing, condemns the package, as a false signature by a known key does.

use super::people::id_of_hint;
use super::{
    APPROVAL_PREDICATE, Heard, LogPlace, Proof, SIGNATURE_VALIDITY_MS, Signer, Vouched, Who,
};
use crate::keys::KeyId;
use crate::trust::{APPROVAL, APPROVAL_BYTES_MAX, Approval, Decision, Role, TrustRoot};
use crate::{TrustError, parse_strict, sha256};
use if_core::{Digest, UnixMillis};
use if_sigstore::{Bundle, Claim, Evidence};
use serde::Deserialize;

/// Types of in-toto statements that say the same: cosign writes the older one.
const STATEMENT_TYPES: [&str; 2] =
    [crate::model::STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1"];

/// An attested approval.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: [Subject; 1],
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    #[serde(rename = "name")]
    _name: String,
    digest: SubjectDigest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectDigest {
    sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    role: Role,
    decision: Decision,
    expires: UnixMillis,
}

fn invalid(what: impl ToString) -> TrustError {
    TrustError::SignatureInvalid { document: APPROVAL, what: what.to_string() }
}

/// Refuses a trusted root that could never prove what is asked of it.
pub fn check_authority(authority: &super::Authority) -> Result<(), TrustError> {
    pinned(authority).map(drop)
}

fn pinned(authority: &super::Authority) -> Result<if_sigstore::Authority, TrustError> {
    let proof = match authority.proof {
        Proof::Log => if_sigstore::Proof::Log,
        Proof::Timestamp => if_sigstore::Proof::Timestamp,
        Proof::Both => if_sigstore::Proof::Both,
    };
    let read = if_sigstore::Authority::pin(&authority.trusted_root, proof);
    read.map_err(|refusal| TrustError::Malformed {
        document: "Sigstore trusted root",
        what: refusal.to_string(),
    })
}

/// Another tool's bundle about this manifest in the form in which approvals are kept, if it counts
/// here.
pub fn adopt_bundle(
    foreign: &[u8],
    manifest: &[u8],
    root: &TrustRoot,
    now: UnixMillis,
) -> Result<(Vec<u8>, Approval, Vouched), TrustError> {
    let bytes = Bundle::adopt(foreign).map_err(invalid)?.to_bytes();
    match heard(&bytes, manifest, root, now)? {
        Heard::Voice(approval, vouched) => Ok((bytes, approval, *vouched)),
        Heard::Nothing(why) => Err(TrustError::SignerUnknown { why }),
    }
}

/// What the bundle says about this manifest.
pub(in crate::trust) fn heard(
    bytes: &[u8],
    manifest: &[u8],
    root: &TrustRoot,
    now: UnixMillis,
) -> Result<Heard, TrustError> {
    let bundle = Bundle::parse(bytes).map_err(invalid)?;
    let claimed = match bundle.claim() {
        Claim::Identity { name, issuer } => {
            Who::Identity { name: name.clone(), issuer: issuer.clone() }.id()
        }
        Claim::Key(digest) => id_of_hint(*digest),
    };
    let Some(signer) = root.sigstore.signers.get(&claimed) else {
        return Ok(Heard::Nothing(stranger(bundle.claim())));
    };
    let Some(statement) = statement(&bundle, manifest)? else {
        let why = format!("{} attests something else than an approval", signer.who);
        return Ok(Heard::Nothing(why));
    };
    let evidence = prove(&bundle, manifest, signer, root, now)?;
    let approval = spoken(&claimed, manifest, statement, &evidence, root)?;
    let Some(approval) = approval else {
        return Ok(Heard::Nothing(format!("{} has no role here", signer.who)));
    };
    Ok(Heard::Voice(approval, Box::new(vouched(signer, &evidence))))
}

fn stranger(claim: &Claim) -> String {
    match claim {
        Claim::Identity { name, issuer } => {
            format!("nobody named {name} by {issuer} is known here")
        }
        Claim::Key(digest) => {
            format!("P-256 key {} is not known here", id_of_hint(*digest).short())
        }
    }
}

/// What the signature is about: `Some(None)` the bytes themselves, `None` something else.
fn statement(bundle: &Bundle, manifest: &[u8]) -> Result<Option<Option<Predicate>>, TrustError> {
    let Some(payload) = bundle.statement() else { return Ok(Some(None)) };
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "predicateType")]
        predicate_type: String,
    }
    let kind: Kind = serde_json::from_slice(payload).map_err(invalid)?;
    if kind.predicate_type != APPROVAL_PREDICATE {
        return Ok(None);
    }
    let statement: Statement = parse_strict(payload, APPROVAL_BYTES_MAX).map_err(invalid)?;
    let [subject] = statement.subject;
    let about = Digest::parse(&subject.digest.sha256).ok();
    if !STATEMENT_TYPES.contains(&statement.kind.as_str())
        || statement.predicate_type != APPROVAL_PREDICATE
        || about != Some(sha256(manifest))
    {
        return Err(invalid("it attests another manifest than this"));
    }
    Ok(Some(Some(statement.predicate)))
}

fn prove(
    bundle: &Bundle,
    manifest: &[u8],
    signer: &Signer,
    root: &TrustRoot,
    now: UnixMillis,
) -> Result<Evidence, TrustError> {
    let Some(authority) = root.sigstore.authorities.get(&signer.authority) else {
        return Err(invalid(format!("authority `{}` is not pinned", signer.authority)));
    };
    let who = match &signer.who {
        Who::Identity { name, issuer } => if_sigstore::Signer::Identity { name, issuer },
        Who::Key(key) => if_sigstore::Signer::Key(key.spki()),
    };
    let proved = if_sigstore::verify(bundle, manifest, &who, &pinned(authority)?, now.0 / 1000);
    proved.map_err(|refusal| invalid(format!("a bundle in the name of {}: {refusal}", signer.who)))
}

fn spoken(
    principal: &KeyId,
    manifest: &[u8],
    said: Option<Predicate>,
    evidence: &Evidence,
    root: &TrustRoot,
) -> Result<Option<Approval>, TrustError> {
    let said = match said {
        Some(said) => said,
        None => {
            let held = |role: &Role| root.holds(principal, *role);
            let roles: Vec<Role> =
                [Role::Publisher, Role::Reviewer].into_iter().filter(held).collect();
            let role = match roles.as_slice() {
                [] => return Ok(None),
                [role] => *role,
                _ => return Err(invalid("who has two roles must attest in which one they speak")),
            };
            let expires = signed_at(evidence).plus_millis(SIGNATURE_VALIDITY_MS);
            Predicate { role, decision: Decision::Approve, expires }
        }
    };
    if !matches!(said.role, Role::Publisher | Role::Reviewer) {
        return Err(invalid("only publishers and reviewers approve manifests"));
    }
    let Predicate { role, decision, expires } = said;
    let manifest_sha256 = sha256(manifest);
    Ok(Some(Approval { manifest_sha256, principal: *principal, role, decision, expires }))
}

fn signed_at(evidence: &Evidence) -> UnixMillis {
    UnixMillis(evidence.signed_at_s().saturating_mul(1000))
}

fn vouched(signer: &Signer, evidence: &Evidence) -> Vouched {
    Vouched {
        who: signer.who.clone(),
        authority: signer.authority.clone(),
        signed_at: signed_at(evidence),
        certificate: evidence.certificate(),
        sct: evidence.sct(),
        log: evidence
            .log()
            .map(|place| LogPlace { origin: place.origin.clone(), index: place.index }),
        timestamps: evidence.timestamps(),
    }
}
