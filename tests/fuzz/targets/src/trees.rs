//! What a log says of itself to others, and others of theirs: notes, checkpoints, receipts, proofs.

use crate::input::{choice, text};
use if_tlog::{
    Checkpoint, Hash32, Note, Receipt, Submission, Verifier, bundle, entries, leaf_hash, node_hash,
    verify_consistency, verify_inclusion,
};

/// Leaves of the largest tree here: three levels, and every shape of the last one.
const LEAVES_MAX: usize = 16;

/// `log-note`: a note prints as it was written, and its checkpoint is its text.
pub fn note(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(note) = Note::parse(text) else { return };
    assert!(note.text().ends_with('\n') && !note.signatures().is_empty());
    let written = note.to_string();
    assert_eq!(Note::parse(&written).as_ref(), Ok(&note), "{written:?}");
    if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
        assert_eq!(checkpoint.to_string(), note.text(), "one checkpoint in two spellings");
    }
}

/// `log-key`: what others verify a log with.
pub fn key(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(key) = text.parse::<Verifier>() else { return };
    assert_eq!(key.to_string(), text, "one key in two spellings");
}

/// `log-receipt`.
pub fn receipt(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(receipt) = Receipt::parse(text) else { return };
    let written = receipt.to_string();
    assert_eq!(Receipt::parse(&written).as_ref(), Ok(&receipt), "{written:?}");
}

/// `log-submission`: what was read is written, and read as the same.
pub fn submission(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(submission) = Submission::parse(text) else { return };
    let written = submission.to_string();
    assert_eq!(Submission::parse(&written).as_ref(), Ok(&submission), "{written:?}");
}

/// `log-entries`: a bundle of entries is itself when it is written anew.
pub fn bundled(data: &[u8]) {
    let Ok(entries) = entries(data) else { return };
    assert_eq!(bundle(entries).unwrap(), data);
}

/// `log-proof`: a byte for the tree, one for the place, one for the kind, and a proof. What is
/// believed of a small tree is what the definition of its root says.
pub fn proof(data: &[u8]) {
    let Some((size, rest)) = choice(data) else { return };
    let Some((at, rest)) = choice(rest) else { return };
    let Some((kind, rest)) = choice(rest) else { return };
    let leaves: Vec<Hash32> = (0..=size % LEAVES_MAX).map(|at| leaf_hash(&[at as u8])).collect();
    let (size, at) = (leaves.len(), at % leaves.len());
    // The first byte of each step says which hash of the tree it is, or that it is none of them.
    let known: Vec<Hash32> = subtrees(&leaves);
    let steps = rest.iter().map(|byte| known.get(usize::from(*byte)).copied());
    let steps: Vec<Hash32> = steps.map(|step| step.unwrap_or(leaf_hash(b"of no tree"))).collect();
    let (old, new, whole) = (at as u64, size as u64, root(&leaves));
    if kind % 2 == 0 {
        let believed = verify_inclusion(leaves[at], old, new, &steps, whole);
        assert_eq!(believed, steps == inclusion(at, &leaves));
        // Nor does the same path lead from another leaf, or to another root.
        assert!(!verify_inclusion(leaf_hash(b"another"), old, new, &steps, whole));
        assert!(!verify_inclusion(leaves[at], old, new, &steps, leaf_hash(b"another")));
    } else if at > 0 {
        let before = root(&leaves[..at]);
        let believed = verify_consistency((old, before), (new, whole), &steps);
        assert_eq!(believed, steps == consistency(at, &leaves, true));
        assert!(!verify_consistency((old, leaf_hash(b"another")), (new, whole), &steps));
    }
}

/// The root as RFC 6962 §2.1 defines it.
fn root(leaves: &[Hash32]) -> Hash32 {
    match leaves {
        [] => Hash32::of_nothing(),
        [leaf] => *leaf,
        leaves => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// The largest power of two below it.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

/// Each hash from which a proof may be made.
fn subtrees(leaves: &[Hash32]) -> Vec<Hash32> {
    let mut found = vec![root(leaves)];
    if leaves.len() > 1 {
        let (left, right) = leaves.split_at(split(leaves.len()));
        found.extend(subtrees(left));
        found.extend(subtrees(right));
    }
    found
}

/// PATH of RFC 6962 §2.1.1.
fn inclusion(at: usize, leaves: &[Hash32]) -> Vec<Hash32> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut path, sibling) = match at < middle {
        true => (inclusion(at, left), root(right)),
        false => (inclusion(at - middle, right), root(left)),
    };
    path.push(sibling);
    path
}

/// SUBPROOF of RFC 6962 §2.1.2.
fn consistency(old: usize, leaves: &[Hash32], whole: bool) -> Vec<Hash32> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut path, sibling) = match old <= middle {
        true => (consistency(old, left, whole), root(right)),
        false => (consistency(old - middle, right, false), root(left)),
    };
    path.push(sibling);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_believed() {
        let seed = |name: &str| fs_err::read(format!("../seeds/{name}")).unwrap();
        let texts = |name: &str| String::from_utf8(seed(name)).unwrap();
        let note = Note::parse(&texts("log-note/checkpoint")).unwrap();
        Checkpoint::parse(note.text()).unwrap();
        texts("log-key/ed25519").parse::<Verifier>().unwrap();
        Receipt::parse(&texts("log-receipt/one")).unwrap();
        assert_eq!(entries(&seed("log-entries/two")).unwrap().len(), 2);
    }
}
