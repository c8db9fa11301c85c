//! A log entry's parts against each other.
//!
//! The library proves inclusion under a root hash and verifies a checkpoint and a promise. It does
//! not compare the name of the checkpoint's signer, nor tree size and key of what it verifies
//! apart, and it passes over what follows the first signatures. Here each duplicate equals the
//! signed one.

use crate::refusal::{Reason, Refusal};
use crate::wire::{Entry, InclusionProof};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// In front of a signature line of a signed note (C2SP signed-note).
const SIGNATURE_LINE: &str = "\u{2014} ";

/// Bytes of a key's hint in front of its signature.
const HINT: usize = 4;

/// Compares. `logs` are the ids of the pinned logs.
pub(crate) fn check(entry: &Entry, logs: &[Vec<u8>]) -> Result<(), Refusal> {
    let id = &entry.log_id.key_id.0;
    if !logs.contains(id) {
        return Err(Reason::LogUnknown.because("its log is not one of the pinned root's"));
    }
    let Some(proof) = &entry.inclusion_proof else {
        return Err(Reason::ProofMissing.because("its log entry has no inclusion proof"));
    };
    checkpoint(proof, id)?;
    // Only the promise vouches for time and number; without it nobody does.
    match (&entry.inclusion_promise, entry.integrated_time) {
        (Some(_), Some(_)) => Ok(()),
        (None, None) if entry.log_index == proof.log_index => Ok(()),
        _ => Err(Reason::BundleAltered.because("its log entry has a time or number nobody signed")),
    }
}

fn checkpoint(proof: &InclusionProof, log: &[u8]) -> Result<(), Refusal> {
    let wrong = |what: &str| Reason::CheckpointFalse.because(what);
    let Some((body, signature)) = proof.checkpoint.envelope.split_once("\n\n") else {
        return Err(wrong("it is no signed note"));
    };
    let line = signature.strip_suffix('\n').filter(|line| !line.contains('\n'));
    let Some((name, hint)) = line.and_then(signed_by) else {
        return Err(wrong("it does not end in one signature line"));
    };
    let mut lines = body.split('\n');
    let (origin, size, root) = (lines.next(), lines.next(), lines.next());
    let origin = origin.unwrap_or_default();
    let numbered = origin.strip_prefix(name).is_some_and(|rest| rest.starts_with(" - "));
    if origin != name && !numbered {
        return Err(wrong("it is signed in another name than its origin's"));
    }
    if log.get(..HINT) != Some(hint.as_slice()) {
        return Err(wrong("it is signed by another key than its entry names"));
    }
    let same_size = size == Some(proof.tree_size.0.to_string().as_str());
    if !same_size || root != Some(STANDARD.encode(&proof.root_hash.0).as_str()) {
        return Err(wrong("it is about another tree than the inclusion proof"));
    }
    Ok(())
}

/// Name and key hint of a signature line, if there is nothing else in it.
fn signed_by(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, signature) = line.strip_prefix(SIGNATURE_LINE)?.split_once(' ')?;
    let bytes = STANDARD.decode(signature).ok()?;
    Some((name, bytes.get(..HINT)?.to_vec()))
}

/// Origin of the checkpoint: the log's own name.
pub(crate) fn origin(proof: &InclusionProof) -> &str {
    proof.checkpoint.envelope.split('\n').next().unwrap_or_default()
}

/// Drops witnesses' lines from a checkpoint: we ask for none, and theirs could be altered freely.
pub(crate) fn keep_the_logs_own_signature(entry: &mut Entry) {
    let Some(proof) = &mut entry.inclusion_proof else { return };
    let Some((body, signatures)) = proof.checkpoint.envelope.split_once("\n\n") else { return };
    let id = &entry.log_id.key_id.0;
    let ours = |line: &&str| {
        signed_by(line).is_some_and(|(_, hint)| id.get(..HINT) == Some(hint.as_slice()))
    };
    if let Some(line) = signatures.lines().find(ours) {
        proof.checkpoint.envelope = format!("{body}\n\n{line}\n");
    }
}
