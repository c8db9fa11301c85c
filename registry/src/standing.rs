//! Whether what is running may go on: asked several times a second, so most answers are three
//! looks at file facts; the trust files are read and decided anew only when one was replaced.

use crate::load::Papers;
use crate::package::{read_approvals, read_manifest};
use crate::{Layout, RegistryError, TrustFiles};
use if_core::{Code, Explain as _, UnixMillis};
use if_manifest::trust::Seen;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

/// The facts of the three trust files by which a replaced one is known: every writer puts a new
/// file in the old one's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamps([Option<Facts>; 3]);

/// Inode, size, and the time of its last change, in nanoseconds.
type Facts = (u64, u64, i64, i64);

impl Stamps {
    /// Those of now. Taken before a plugin is loaded, they notice what changed meanwhile.
    pub fn of(layout: &Layout) -> Stamps {
        let facts = |path: PathBuf| {
            let it = fs_err::symlink_metadata(path).ok()?;
            Some((it.ino(), it.size(), it.ctime(), it.ctime_nsec()))
        };
        Stamps([layout.root_file(), layout.allow_file(), layout.deny_file()].map(facts))
    }
}

/// A plugin that was trusted when it was loaded.
#[derive(Debug)]
pub struct Standing {
    pub(crate) layout: Layout,
    pub(crate) dir: PathBuf,
    pub(crate) papers: Arc<Papers>,
    pub(crate) target: String,
    pub(crate) seen: Seen,
    pub(crate) stamps: Stamps,
}

impl Standing {
    /// Why it may not go on, once that is so.
    pub fn lost(&mut self, now: UnixMillis) -> Option<RegistryError> {
        let stamps = Stamps::of(&self.layout);
        if stamps == self.stamps {
            return None;
        }
        let verdict = TrustFiles::read(&self.layout).and_then(|files| {
            let manifest = &self.papers.manifest;
            let approvals = self.approvals();
            files.evaluate(manifest, &approvals, None, now, self.seen.clone(), &self.target)
        });
        match verdict {
            // Signed, whatever else is in motion.
            Err(error) if error.code() == Code::Revoked => Some(error),
            // In the middle of a change the files do not fit together: the next look decides.
            _ if Stamps::of(&self.layout) != stamps => None,
            Ok(_) => {
                self.stamps = stamps;
                None
            }
            Err(error) => Some(error),
        }
    }

    /// The approvals of today, for a rotation of keys brings new ones; those it was loaded with
    /// when another release was installed in its place.
    fn approvals(&self) -> Vec<Vec<u8>> {
        let same = read_manifest(&self.dir).is_ok_and(|bytes| bytes == self.papers.manifest);
        let today = same.then(|| read_approvals(&self.dir).ok()).flatten();
        let today = today.map(|approvals| approvals.into_values().collect());
        today.unwrap_or_else(|| self.papers.approvals.clone())
    }
}
