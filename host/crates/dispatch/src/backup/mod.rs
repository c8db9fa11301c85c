//! A home in one file, and back.
//!
//! The file is a tar archive, under a passphrase by age unless the operator declines; both are read
//! by common tools. It holds everything of the home that cannot be made again: database, keys,
//! trust files, providers, plugins, vault. Its first entry, `backup.json`, lists every other with
//! size and digest.
//!
//! What a backup cannot carry is time: a restored database forgets what happened since. So a
//! restore never lowers a floor that the machine still knows ([`restore`]), keeps what it replaces,
//! and says in the log that it happened.

mod archive;
mod restore;
mod save;

pub use restore::{Restored, needs_passphrase, restore};
pub use save::Saved;

use serde::{Deserialize, Serialize};

/// The form of the archive. A later one is refused by this version.
const FORMAT: u64 = 1;

/// The first entry.
const LISTING_FILE: &str = "backup.json";

/// Name of the database inside the home.
const DATABASE_FILE: &str = "if.db";

/// Largest listing: 100,000 files with long names.
const LISTING_BYTES_MAX: u64 = 32 << 20;

/// Most files: 2,000 plugins with their data. More would be an archive made to fill a disk.
const FILES_MAX: usize = 400_000;

/// A backup's bytes, unpacked into an empty folder: the paths that it lists.
#[cfg(feature = "fuzzing")]
pub(crate) fn unpacked(
    archive: &[u8],
    to: &std::path::Path,
) -> Result<Vec<String>, if_core::Problem> {
    let listing = archive::unpack_bytes(archive, to)?;
    Ok(listing.files.into_iter().map(|listed| listed.path).collect())
}

/// What is in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    format: u64,
    /// Version of the program that wrote it, for people.
    program: String,
    /// Milliseconds since 1970.
    created: u64,
    /// The log's key, its length and its newest entry when the copy was made.
    log_key: String,
    leaves: u64,
    head: String,
    files: Vec<Listed>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    /// Relative to the home, with `/`.
    path: String,
    bytes: u64,
    sha256: String,
}
