//! Readers of foreign bytes, reachable for `tests/fuzz`. The feature `fuzzing` switches this module
//! on; no program that ships has it (`xtask tidy`).

use crate::backup;
use if_core::Problem;
use std::path::Path;

/// Unpacks a backup without a passphrase into an empty folder; the paths that it lists.
pub fn unpacked(archive: &[u8], to: &Path) -> Result<Vec<String>, Problem> {
    backup::unpacked(archive, to)
}
