//! What is found after the power was cut.
//!
//! What was flushed is there. Of the other writes, each is lost, or there, or torn at any byte, and
//! they came in any order. Of the names that were given, changed or taken away and whose folder was
//! not flushed, each change is lost or there. A flush that failed keeps nothing, and what it should
//! have kept is not kept by a later one either: that is how Linux does it.

use crate::Dice;
use crate::state::{Contents, Node, Step};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How far a step can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    /// Not flushed yet.
    Pending,
    /// A flush of it failed.
    Doomed,
}

/// A disk after a cut behind these steps.
pub(crate) fn survivors(base: &Contents, history: &[Step], dice: &mut Dice) -> Contents {
    let fates = fates(history);
    let mut left = base.clone();
    left.names = names(&base.names, history, &fates, dice);
    let mut pending = Vec::new();
    for (step, fate) in history.iter().zip(&fates) {
        let Step::Wrote { file, offset, bytes } = step else { continue };
        match fate {
            Fate::Kept => left.write(*file, *offset, bytes),
            Fate::Doomed => perhaps(&mut left, (*file, *offset, bytes), dice),
            Fate::Pending => pending.push((*file, *offset, bytes)),
        }
    }
    dice.shuffle(&mut pending);
    pending.into_iter().for_each(|write| perhaps(&mut left, write, dice));
    // Numbers of files that have a name and nothing in them.
    let newest = left.names.values().filter_map(|node| match node {
        Node::File(file) => Some(*file),
        Node::Folder => None,
    });
    if let Some(newest) = newest.max() {
        left.file(newest);
    }
    left
}

/// What became of each step.
fn fates(history: &[Step]) -> Vec<Fate> {
    let mut fates = vec![Fate::Pending; history.len()];
    for (at, step) in history.iter().enumerate() {
        let kept = match step {
            Step::Flushed { kept, .. } | Step::FlushedFolder { kept, .. } => *kept,
            _ => continue,
        };
        for (earlier, fate) in history.iter().zip(&mut fates).take(at) {
            if *fate == Fate::Pending && is_flushed_by(earlier, step) {
                *fate = if kept { Fate::Kept } else { Fate::Doomed };
            }
        }
    }
    fates
}

fn is_flushed_by(earlier: &Step, flush: &Step) -> bool {
    match (earlier, flush) {
        (Step::Wrote { file, .. }, Step::Flushed { file: flushed, .. }) => file == flushed,
        (
            Step::Named { path, .. } | Step::Removed { path } | Step::Renamed { to: path, .. },
            Step::FlushedFolder { path: folder, .. },
        ) => path.parent() == Some(folder),
        _ => false,
    }
}

/// The names that are left, in the order in which they were given.
fn names(
    base: &BTreeMap<PathBuf, Node>,
    history: &[Step],
    fates: &[Fate],
    dice: &mut Dice,
) -> BTreeMap<PathBuf, Node> {
    let mut names = base.clone();
    for (step, fate) in history.iter().zip(fates) {
        let changes =
            matches!(step, Step::Named { .. } | Step::Renamed { .. } | Step::Removed { .. });
        if !changes || (*fate != Fate::Kept && dice.below(2) == 0) {
            continue;
        }
        match step {
            Step::Named { path, node } => {
                names.insert(path.clone(), *node);
            }
            Step::Renamed { from, to, node } => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
            Step::Removed { path } => {
                names.remove(path);
            }
            _ => {}
        }
    }
    // What lies in a folder that is gone is gone with it.
    let folder = |path: &Path| names.get(path) == Some(&Node::Folder);
    let reachable = |path: &Path| path.ancestors().skip(1).all(folder);
    let found = names.iter().filter(|(path, _)| reachable(path));
    found.map(|(path, node)| (path.clone(), *node)).collect()
}

/// Lost, whole, or torn: from any byte to any other.
fn perhaps(left: &mut Contents, (file, offset, bytes): (usize, usize, &Vec<u8>), dice: &mut Dice) {
    let (from, to) = match dice.below(3) {
        0 => return,
        1 => (0, bytes.len()),
        _ => {
            let (one, other) = (dice.below(bytes.len() + 1), dice.below(bytes.len() + 1));
            (one.min(other), one.max(other))
        }
    };
    left.write(file, offset + from, bytes.get(from..to).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fault, FrailDisk};
    use if_disk::{Disk, Open};
    use std::collections::BTreeSet;

    const FILE: &str = "/file";

    /// What may be found in the file, over many cuts at the end.
    fn found(disk: &FrailDisk) -> BTreeSet<Option<Vec<u8>>> {
        let cut = |seed| disk.cut(disk.steps(), &mut Dice::new(seed)).content(Path::new(FILE));
        (0..500).map(cut).collect()
    }

    fn written(flushes: impl Fn(&FrailDisk)) -> FrailDisk {
        let disk = FrailDisk::default();
        let file = disk.open(Path::new(FILE), Open::New { mode: 0o600 }).unwrap();
        file.write_all_at(b"ab", 0).unwrap();
        flushes(&disk);
        let _ = file.sync();
        disk
    }

    #[test]
    fn what_was_flushed_is_there_and_nothing_else_can_be_relied_on() {
        let folder = |disk: &FrailDisk| disk.sync_folder(Path::new("/")).unwrap();
        let whole = Some(b"ab".to_vec());
        assert_eq!(found(&written(folder)), [whole.clone()].into());
        assert_eq!(found(&written(|_| ())), [None, whole.clone()].into());

        let disk = FrailDisk::default();
        let file = disk.open(Path::new(FILE), Open::New { mode: 0o600 }).unwrap();
        folder(&disk);
        file.write_all_at(b"ab", 0).unwrap();
        file.write_all_at(b"c", 1).unwrap();
        let torn: BTreeSet<_> = found(&disk).into_iter().flatten().collect();
        for expected in ["", "a", "ab", "ac", "\0b", "\0c"] {
            assert!(torn.contains(expected.as_bytes()), "{expected:?} of {torn:?}");
        }
    }

    #[test]
    fn what_a_flush_has_lost_no_later_one_keeps() {
        let disk = FrailDisk::default();
        let file = disk.open(Path::new(FILE), Open::New { mode: 0o600 }).unwrap();
        disk.sync_folder(Path::new("/")).unwrap();
        file.write_all_at(b"ab", 0).unwrap();
        disk.fail(disk.calls() + 1, Fault::Flush);
        assert!(file.sync().unwrap_err().to_string().contains(FILE));
        file.sync().unwrap();
        assert!(found(&disk).contains(&Some(Vec::new())));
        assert_eq!(disk.content(Path::new(FILE)), Some(b"ab".to_vec()), "though it is seen");
    }

    #[test]
    fn a_file_in_a_folder_that_was_not_flushed_is_lost_with_it() {
        let disk = FrailDisk::default();
        disk.make_folder(Path::new("/a")).unwrap();
        let file = disk.open(Path::new("/a/b"), Open::New { mode: 0o600 }).unwrap();
        file.sync().unwrap();
        disk.sync_folder(Path::new("/a")).unwrap();
        let left = |seed| disk.cut(disk.steps(), &mut Dice::new(seed)).paths().len();
        let counts: BTreeSet<usize> = (0..100).map(left).collect();
        assert_eq!(counts, [1, 3].into());
    }
}
