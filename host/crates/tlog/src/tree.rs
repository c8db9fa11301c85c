//! Roots and proofs out of tiles: the definitions of RFC 6962 §2.1, word for word, over a tree
//! whose whole subtrees are looked up instead of computed again.

use crate::tile::{TILE_HEIGHT, tile_in};
use crate::{Hash32, TILE_WIDTH, TileAt, node_hash};
use std::cell::RefCell;
use std::collections::HashMap;

/// Where the hashes lie.
pub trait Tiles {
    type Error;

    /// The hashes of this tile, as many as it is wide.
    fn tile(&self, at: TileAt) -> Result<Vec<Hash32>, Self::Error>;
}

/// Why a tree gives no answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError<E> {
    #[error("the tile {} cannot be read", .0.path())]
    Tile(TileAt, #[source] E),
    #[error("the tile {} holds {found} hashes", .at.path())]
    Narrow { at: TileAt, found: usize },
    #[error("a tree of {size} leaves has none of number {index}")]
    Beyond { index: u64, size: u64 },
}

/// A tree of `size` leaves over somebody's tiles. A tile is read once.
pub struct Tree<T> {
    tiles: T,
    size: u64,
    read: RefCell<HashMap<TileAt, Vec<Hash32>>>,
}

impl<T: Tiles> Tree<T> {
    /// A tree of so many leaves. Nothing is read yet.
    pub fn new(tiles: T, size: u64) -> Self {
        Self { tiles, size, read: RefCell::default() }
    }

    /// The root.
    pub fn root(&self) -> Result<Hash32, TreeError<T::Error>> {
        if self.size == 0 { Ok(Hash32::of_nothing()) } else { self.hash(0, self.size) }
    }

    /// The hash of this leaf.
    pub fn leaf(&self, index: u64) -> Result<Hash32, TreeError<T::Error>> {
        self.within(index)?;
        self.hash(index, index.saturating_add(1))
    }

    /// The audit path of RFC 6962 §2.1.1, from the leaf's sibling upwards.
    pub fn inclusion(&self, index: u64) -> Result<Vec<Hash32>, TreeError<T::Error>> {
        self.within(index)?;
        let (mut path, mut from, mut to) = (Vec::new(), 0, self.size);
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                path.push(self.hash(middle, to)?);
                to = middle;
            } else {
                path.push(self.hash(from, middle)?);
                from = middle;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// That this tree begins with the first `old` of its leaves: RFC 6962 §2.1.2. Empty for none
    /// and for all of them.
    pub fn consistency(&self, old: u64) -> Result<Vec<Hash32>, TreeError<T::Error>> {
        if old > self.size {
            return Err(TreeError::Beyond { index: old, size: self.size });
        }
        if old == 0 || old == self.size {
            return Ok(Vec::new());
        }
        let (mut path, mut from, mut to) = (Vec::new(), 0, self.size);
        // Until the old tree's end is the end of a subtree of the new one.
        while old < to {
            let middle = from + split(to - from);
            if old <= middle {
                path.push(self.hash(middle, to)?);
                to = middle;
            } else {
                path.push(self.hash(from, middle)?);
                from = middle;
            }
        }
        if from > 0 {
            path.push(self.hash(from, to)?);
        }
        path.reverse();
        Ok(path)
    }

    fn within(&self, index: u64) -> Result<(), TreeError<T::Error>> {
        if index < self.size {
            return Ok(());
        }
        Err(TreeError::Beyond { index, size: self.size })
    }

    /// The hash over the leaves from `from` to before `to`, a subtree of this tree.
    fn hash(&self, from: u64, to: u64) -> Result<Hash32, TreeError<T::Error>> {
        let count = to - from;
        if count.is_power_of_two() {
            return self.whole(count.trailing_zeros(), from);
        }
        let middle = from + split(count);
        Ok(node_hash(&self.hash(from, middle)?, &self.hash(middle, to)?))
    }

    /// The hash of a whole subtree of `2^height` leaves: out of the tile in which it stands, or is
    /// the root of a few.
    fn whole(&self, height: u32, from: u64) -> Result<Hash32, TreeError<T::Error>> {
        let level = height / TILE_HEIGHT;
        let (first, count) = (from >> (level * TILE_HEIGHT), 1 << (height % TILE_HEIGHT));
        let (tile, at) = (first / TILE_WIDTH, first % TILE_WIDTH);
        let level = u8::try_from(level).unwrap_or(u8::MAX);
        let beyond = TreeError::Beyond { index: from, size: self.size };
        let tile = tile_in(level, tile, self.size).ok_or(beyond)?;
        let inside = usize::try_from(at).unwrap_or(usize::MAX);
        self.with(tile, |hashes| {
            let hashes = hashes.get(inside..inside.saturating_add(count))?;
            Some(folded(hashes))
        })
    }

    /// What `answer` finds in that tile.
    fn with(
        &self,
        at: TileAt,
        answer: impl Fn(&[Hash32]) -> Option<Hash32>,
    ) -> Result<Hash32, TreeError<T::Error>> {
        let narrow = |found| TreeError::Narrow { at, found };
        if let Some(hashes) = self.read.borrow().get(&at) {
            return answer(hashes).ok_or(narrow(hashes.len()));
        }
        let hashes = self.tiles.tile(at).map_err(|error| TreeError::Tile(at, error))?;
        let found = hashes.len();
        if u64::try_from(found) != Ok(at.width) {
            return Err(narrow(found));
        }
        let answered = answer(&hashes).ok_or(narrow(found));
        self.read.borrow_mut().insert(at, hashes);
        answered
    }
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}

/// The root over hashes whose number is a power of two.
fn folded(hashes: &[Hash32]) -> Hash32 {
    match hashes {
        [] => Hash32::of_nothing(),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            node_hash(&folded(left), &folded(right))
        }
    }
}

#[cfg(test)]
mod tests;
