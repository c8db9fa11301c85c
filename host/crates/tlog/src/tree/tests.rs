//! The definitions of RFC 6962, written down once more without tiles, against the tree and against
//! the checks of proofs.

use super::*;
use crate::{Frontier, leaf_hash, verify_consistency, verify_inclusion};
use proptest::prelude::*;
use std::convert::Infallible;

/// All leaf hashes; tiles are cut out of them.
struct Leaves(Vec<Hash32>);

impl Tiles for &Leaves {
    type Error = Infallible;

    fn tile(&self, at: TileAt) -> Result<Vec<Hash32>, Infallible> {
        let span = 1usize << (8 * usize::from(at.level));
        let first = at.index as usize * 256;
        let hash = |index: usize| mth(&self.0[index * span..(index + 1) * span]);
        Ok((first..first + at.width as usize).map(hash).collect())
    }
}

/// `MTH` of §2.1 over leaf hashes.
fn mth(leaves: &[Hash32]) -> Hash32 {
    match leaves {
        [] => Hash32::of_nothing(),
        [leaf] => *leaf,
        more => {
            let (left, right) = more.split_at(half(more.len()));
            node_hash(&mth(left), &mth(right))
        }
    }
}

fn half(count: usize) -> usize {
    let mut half = 1;
    while half * 2 < count {
        half *= 2;
    }
    half
}

/// `PATH` of §2.1.1.
fn path(index: usize, leaves: &[Hash32]) -> Vec<Hash32> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(half(leaves.len()));
    let (mut path, rest) = match index.checked_sub(left.len()) {
        None => (path(index, left), mth(right)),
        Some(index) => (path(index, right), mth(left)),
    };
    path.push(rest);
    path
}

/// `SUBPROOF` of §2.1.2.
fn subproof(old: usize, leaves: &[Hash32], complete: bool) -> Vec<Hash32> {
    if old == leaves.len() {
        return if complete { Vec::new() } else { vec![mth(leaves)] };
    }
    let (left, right) = leaves.split_at(half(leaves.len()));
    let (mut proof, rest) = match old.checked_sub(left.len()) {
        None | Some(0) => (subproof(old, left, complete), mth(right)),
        Some(old) => (subproof(old, right, false), mth(left)),
    };
    proof.push(rest);
    proof
}

fn leaves(count: usize) -> Leaves {
    Leaves((0..count).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect())
}

#[test]
fn roots_are_those_of_the_published_vectors() {
    let entries: [&[u8]; 8] =
        [b"", b"\0", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let leaves = Leaves(entries.iter().map(|entry| leaf_hash(entry)).collect());
    for (count, root) in (1..).zip(roots) {
        assert_eq!(Tree::new(&leaves, count).root().unwrap().to_string(), root);
    }
}

/// Compares one tree with the definitions, and each of its proofs with the checks.
fn compare(leaves: &Leaves, size: usize, old: usize, index: usize) {
    let all = &leaves.0[..size];
    let tree = Tree::new(leaves, size as u64);
    let root = tree.root().unwrap();
    assert_eq!(root, mth(all));
    let inclusion = tree.inclusion(index as u64).unwrap();
    assert_eq!(inclusion, path(index, all));
    assert_eq!(tree.leaf(index as u64).unwrap(), all[index]);
    assert!(verify_inclusion(all[index], index as u64, size as u64, &inclusion, root));
    let consistency = tree.consistency(old as u64).unwrap();
    let defined = if old == 0 { Vec::new() } else { subproof(old, all, true) };
    assert_eq!(consistency, defined);
    let (old, new) = ((old as u64, mth(&all[..old])), (size as u64, root));
    assert!(verify_consistency(old, new, &consistency));
}

#[test]
fn a_growing_tree_has_the_same_roots_and_closes_the_same_tiles() {
    let leaves = leaves(66_000);
    let (mut frontier, mut tiles) = (Frontier::default(), Vec::new());
    assert_eq!(frontier.root(), mth(&[]));
    for (at, leaf) in leaves.0.iter().enumerate() {
        frontier.push(*leaf, |height, hash| {
            if height == 8 {
                tiles.push(hash);
            }
        });
        let size = at + 1;
        if size < 600 || size % 9_973 == 0 {
            assert_eq!(frontier.root(), mth(&leaves.0[..size]));
        }
    }
    assert_eq!(frontier.leaves(), 66_000);
    let at = TileAt { level: 1, index: 0, width: 256 };
    assert_eq!((&leaves).tile(at).unwrap(), tiles[..256]);
}

#[test]
fn small_trees_agree_with_the_definitions_at_every_place() {
    let leaves = leaves(40);
    for size in 1..=40 {
        for old in 0..=size {
            compare(&leaves, size, old, old.min(size - 1));
        }
    }
}

#[test]
fn trees_at_the_edges_of_tiles_agree_with_the_definitions() {
    let leaves = leaves(65_800);
    let edges = [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_792, 65_793];
    for size in edges {
        for old in edges.into_iter().filter(|old| *old <= size) {
            compare(&leaves, size, old, old - 1);
        }
    }
}

#[test]
fn what_a_tree_does_not_reach_it_does_not_prove() {
    let leaves = leaves(10);
    let tree = Tree::new(&leaves, 10);
    assert_eq!(tree.inclusion(10), Err(TreeError::Beyond { index: 10, size: 10 }));
    assert_eq!(tree.consistency(11), Err(TreeError::Beyond { index: 11, size: 10 }));
    assert_eq!(Tree::new(&leaves, 0).root().unwrap(), Hash32::of_nothing());
}

/// Tiles that lack their last hash.
struct Narrow<'a>(&'a Leaves);

impl Tiles for Narrow<'_> {
    type Error = Infallible;

    fn tile(&self, at: TileAt) -> Result<Vec<Hash32>, Infallible> {
        let mut hashes = self.0.tile(at)?;
        hashes.pop();
        Ok(hashes)
    }
}

#[test]
fn a_tile_of_another_width_is_no_tile() {
    let leaves = leaves(10);
    let at = TileAt { level: 0, index: 0, width: 10 };
    let error = Tree::new(Narrow(&leaves), 10).root().unwrap_err();
    assert_eq!(error, TreeError::Narrow { at, found: 9 });
}

proptest! {
    #[test]
    fn a_proof_of_something_else_is_refused(
        size in 1_usize..600, index in 0_usize..600, old in 1_usize..600, change in 0_usize..40,
    ) {
        let leaves = leaves(size);
        let (index, old) = (index % size, 1 + old % size);
        let tree = Tree::new(&leaves, size as u64);
        let root = tree.root().unwrap();
        let (leaf, index, size) = (leaves.0[index], index as u64, size as u64);
        let proof = tree.inclusion(index).unwrap();
        let holds = |leaf, index, size, proof: &[Hash32], root| {
            verify_inclusion(leaf, index, size, proof, root)
        };
        prop_assert!(holds(leaf, index, size, &proof, root));
        prop_assert!(!holds(Hash32::ZERO, index, size, &proof, root));
        prop_assert!(!holds(leaf, index, size, &proof, Hash32::ZERO));
        prop_assert!(!holds(leaf, index + 1, size, &proof, root));
        prop_assert!(!holds(leaf, size, size, &proof, root));
        let longer = [&proof[..], &[Hash32::ZERO]].concat();
        prop_assert!(!holds(leaf, index, size, &longer, root));
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert!(!holds(leaf, index, size, shorter, root));
            let mut changed = proof.clone();
            changed[change % proof.len()] = Hash32::ZERO;
            prop_assert!(!holds(leaf, index, size, &changed, root));
        }

        let proof = tree.consistency(old as u64).unwrap();
        let (old, new) = ((old as u64, mth(&leaves.0[..old])), (size, root));
        prop_assert!(verify_consistency(old, new, &proof));
        prop_assert!(!verify_consistency((old.0, Hash32::ZERO), new, &proof));
        prop_assert!(!verify_consistency(old, (new.0, Hash32::ZERO), &proof));
        prop_assert!(!verify_consistency((new.0 + 1, old.1), new, &proof));
        let longer = [&proof[..], &[Hash32::ZERO]].concat();
        prop_assert!(!verify_consistency(old, new, &longer));
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert!(!verify_consistency(old, new, shorter));
            let mut changed = proof.clone();
            changed[change % proof.len()] = Hash32::ZERO;
            prop_assert!(!verify_consistency(old, new, &changed));
        }
    }
}
