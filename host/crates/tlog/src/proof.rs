//! Whether a proof holds: RFC 9162 §2.1.3.2 and §2.1.4.2, whose trees are those of RFC 6962.

use crate::{Hash32, node_hash};

/// Whether the leaf with this hash stands at `index` in the tree of `size` leaves with this root.
pub fn verify_inclusion(
    leaf: Hash32,
    index: u64,
    size: u64,
    proof: &[Hash32],
    root: Hash32,
) -> bool {
    inclusion_root(leaf, index, size, proof) == Some(root)
}

/// The root that the proof leads to; `None` when it has too few or too many steps.
fn inclusion_root(leaf: Hash32, index: u64, size: u64, proof: &[Hash32]) -> Option<Hash32> {
    if index >= size {
        return None;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut root = leaf;
    for sibling in proof {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            root = node_hash(sibling, &root);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            root = node_hash(&root, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some(root)
}

/// Whether the tree of `new` leaves with that root begins with the tree of `old` leaves.
pub fn verify_consistency(
    (old, old_root): (u64, Hash32),
    (new, new_root): (u64, Hash32),
    proof: &[Hash32],
) -> bool {
    if old == 0 || old >= new {
        let same = old == new && old_root == new_root;
        return proof.is_empty() && (same || (old == 0 && old_root == Hash32::of_nothing()));
    }
    consistency_roots(old, new, old_root, proof) == Some((old_root, new_root))
}

fn consistency_roots(
    old: u64,
    new: u64,
    old_root: Hash32,
    proof: &[Hash32],
) -> Option<(Hash32, Hash32)> {
    // A whole subtree is its own first step, and is left out of the proof.
    let (first, rest) = match old.is_power_of_two() {
        true => (old_root, proof),
        false => proof.split_first().map(|(first, rest)| (*first, rest))?,
    };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let (mut old_so_far, mut new_so_far) = (first, first);
    for sibling in rest {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            old_so_far = node_hash(sibling, &old_so_far);
            new_so_far = node_hash(sibling, &new_so_far);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new_so_far = node_hash(&new_so_far, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some((old_so_far, new_so_far))
}
