//! How hashes lie in tiles, tiles in paths, and entries in bundles: C2SP tlog-tiles.
//!
//! A tile of level `l` holds up to 256 hashes, each of a whole subtree of `256^l` leaves. Only the
//! last tile of a level is narrower, and only whole tiles have a hash one level up.

use std::fmt;

/// Hashes of a whole tile.
pub const TILE_WIDTH: u64 = 256;

/// Levels of the Merkle tree that one tile spans.
pub(crate) const TILE_HEIGHT: u32 = 8;

/// Levels that the format can name.
const LEVELS: u8 = 64;

/// The place of one tile, and how much of it there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileAt {
    pub level: u8,
    pub index: u64,
    /// 1 to 256.
    pub width: u64,
}

impl TileAt {
    /// The path of its hashes below the log's prefix: `tile/0/x001/234.p/17`.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, self.place())
    }

    /// The path of the entries themselves, of a tile of level 0.
    pub fn entries_path(&self) -> String {
        format!("tile/entries/{}", self.place())
    }

    fn place(&self) -> Place {
        Place { index: self.index, width: self.width }
    }
}

/// The end of a tile's path.
struct Place {
    index: u64,
    width: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut rest, mut groups) = (self.index, Vec::new());
        loop {
            groups.push(rest % 1000);
            rest /= 1000;
            if rest == 0 {
                break;
            }
        }
        for (at, group) in groups.iter().enumerate().rev() {
            match at {
                0 => write!(f, "{group:03}")?,
                _ => write!(f, "x{group:03}/")?,
            }
        }
        if self.width < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// How many hashes a level of tiles has in a tree of this size.
pub(crate) fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * TILE_HEIGHT).unwrap_or(0)
}

/// The tile at this place in a tree of this size; `None` when the tree does not reach there.
pub(crate) fn tile_in(level: u8, index: u64, size: u64) -> Option<TileAt> {
    let before = index.checked_mul(TILE_WIDTH)?;
    let width = hashes_at(level, size).saturating_sub(before).min(TILE_WIDTH);
    (width > 0).then_some(TileAt { level, index, width })
}

/// All tiles of a tree of this size that one of `old` leaves does not have already, whole or in the
/// same width.
pub fn tiles_of(old: u64, size: u64) -> impl Iterator<Item = TileAt> {
    (0..LEVELS).take_while(move |level| hashes_at(*level, size) > 0).flat_map(move |level| {
        let (first, last) = (hashes_at(level, old) / TILE_WIDTH, hashes_at(level, size));
        let same = hashes_at(level, old) == last;
        let count = last.div_ceil(TILE_WIDTH);
        (first..count).filter(move |_| !same).filter_map(move |index| tile_in(level, index, size))
    })
}

/// Why bytes are no bundle of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("an entry of {0} bytes is longer than a bundle can hold (65,535)")]
    TooLong(usize),
    #[error("the bundle ends in the middle of an entry")]
    Cut,
}

/// Entries one behind the other, each after its length in two bytes, big end first.
pub fn bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, BundleError> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::TooLong(entry.len()))?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle.
pub fn entries(mut bundle: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk().ok_or(BundleError::Cut)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).ok_or(BundleError::Cut)?;
        entries.push(entry);
        bundle = rest;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(level: u8, index: u64, width: u64) -> String {
        TileAt { level, index, width }.path()
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(1, 0, 17), "tile/1/000.p/17");
        let at = TileAt { level: 0, index: 999, width: 1 };
        assert_eq!(at.entries_path(), "tile/entries/999.p/1");
        assert_eq!(path(0, 1000, 256), "tile/0/x001/000");
    }

    #[test]
    fn a_tree_of_70_000_has_the_tiles_of_the_specification() {
        let tiles: Vec<TileAt> = tiles_of(0, 70_000).collect();
        let whole = |level| tiles.iter().filter(|t| t.level == level && t.width == 256).count();
        let narrow = |level| tiles.iter().find(|t| t.level == level && t.width < 256);
        assert_eq!((whole(0), whole(1), whole(2)), (273, 1, 0));
        assert_eq!(narrow(0).map(|tile| tile.width), Some(112));
        assert_eq!(narrow(1).map(|tile| tile.width), Some(17));
        assert_eq!(narrow(2).map(|tile| tile.width), Some(1));
        assert_eq!(tiles.len(), 273 + 1 + 3);
        let of_256: Vec<TileAt> = tiles_of(0, 256).collect();
        assert_eq!(of_256.len(), 2, "{of_256:?}");
    }

    #[test]
    fn a_grown_tree_has_only_its_new_tiles_to_write() {
        let paths = |old, new| tiles_of(old, new).map(|at| at.path()).collect::<Vec<_>>();
        assert_eq!(paths(255, 257), ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
        assert_eq!(paths(257, 258), ["tile/0/001.p/2"]);
        assert_eq!(paths(300, 300), [] as [&str; 0]);
        assert_eq!(paths(0, 0), [] as [&str; 0]);
    }

    #[test]
    fn bundles_hold_what_was_put_in_and_nothing_half() {
        let (long, longer) = (vec![7; 65_535], vec![7; 65_536]);
        let inside: Vec<&[u8]> = vec![b"one", b"", &long];
        let bytes = bundle(inside.clone()).unwrap();
        assert_eq!(entries(&bytes).unwrap(), inside);
        assert_eq!(bundle([&longer[..]]), Err(BundleError::TooLong(65_536)));
        let half = bundle([&b"one"[..]]).unwrap();
        for cut in 1..half.len() {
            assert_eq!(entries(&half[..cut]), Err(BundleError::Cut));
        }
    }
}
