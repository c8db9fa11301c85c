//! A tree that grows leaf by leaf and remembers only its edge: one hash for each whole subtree that
//! has no sibling yet. Enough for its root, and for the hash of every whole subtree as it closes.

use crate::{Hash32, node_hash};

/// The edge of a growing tree.
#[derive(Debug, Clone, Default)]
pub struct Frontier {
    leaves: u64,
    /// From the largest subtree to the smallest.
    edge: Vec<Hash32>,
}

impl Frontier {
    /// So many leaves were taken.
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// Takes the next leaf's hash. `closed` hears of every whole subtree of more than one leaf that
    /// this closes, smallest first: the number of its levels, and its hash.
    pub fn push(&mut self, leaf: Hash32, mut closed: impl FnMut(u32, Hash32)) {
        let mut node = leaf;
        for level in 0..self.leaves.trailing_ones() {
            // One subtree on the edge for each bit that is set.
            let Some(left) = self.edge.pop() else { break };
            node = node_hash(&left, &node);
            closed(level + 1, node);
        }
        self.edge.push(node);
        self.leaves += 1;
    }

    /// The root of the tree so far.
    pub fn root(&self) -> Hash32 {
        let mut edge = self.edge.iter().rev();
        let Some(smallest) = edge.next() else { return Hash32::of_nothing() };
        edge.fold(*smallest, |right, left| node_hash(left, &right))
    }
}
