//! The log as others read it: the files of a C2SP tiled log, of which all but `checkpoint` never
//! change once they are whole.

use crate::checkpoint::{Signed, from_tree};
use crate::tiles::Stored;
use crate::{Witness, WitnessError};
use if_store::{Rows as _, Sql};
use if_tlog::{TILE_WIDTH, TileAt, Tiles, bundle, tiles_of};

/// The file that names the newest tree.
const CHECKPOINT: &str = "checkpoint";

/// One file of a published log, by its path below the log's prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub path: String,
    pub bytes: Vec<u8>,
}

impl Witness {
    /// Gives out the files that a reader needs who has the tree of the first `have` leaves already,
    /// the checkpoint last: whoever keeps them in this order never shows a checkpoint without its
    /// tiles.
    ///
    /// # Errors
    /// Those of `keep`, and as [`Witness::checkpoint`].
    pub fn publish<E: From<WitnessError>>(
        &self,
        have: u64,
        mut keep: impl FnMut(Published) -> Result<(), E>,
    ) -> Result<Signed, E> {
        let signed = self.checkpoint()?;
        for at in tiles_of(have, signed.checkpoint.size) {
            let files = self.shared.store.read(|view| files(view, at))?;
            files.into_iter().try_for_each(&mut keep)?;
        }
        let bytes = signed.note.to_string().into_bytes();
        keep(Published { path: CHECKPOINT.to_owned(), bytes })?;
        Ok(signed)
    }
}

/// A tile, and for one of leaves the entries themselves.
fn files(view: &dyn Sql, at: TileAt) -> Result<Vec<Published>, WitnessError> {
    let hashes = Stored(view).tile(at)?;
    if u64::try_from(hashes.len()) != Ok(at.width) {
        return Err(from_tree(if_tlog::TreeError::Narrow { at, found: hashes.len() }));
    }
    let bytes = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
    let mut files = vec![Published { path: at.path(), bytes }];
    if at.level == 0 {
        let entries = entries(view, at)?;
        let bytes = bundle(entries.iter().map(Vec::as_slice))?;
        files.push(Published { path: at.entries_path(), bytes });
    }
    Ok(files)
}

/// The leaves of a tile, byte for byte.
fn entries(view: &dyn Sql, at: TileAt) -> Result<Vec<Vec<u8>>, WitnessError> {
    let first = at.index.saturating_mul(TILE_WIDTH);
    view.all(
        "SELECT leaf FROM leaf WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
        &[first.into(), first.saturating_add(at.width).into()],
        |row| Ok(row.bytes(0)?.to_vec()),
    )
}
