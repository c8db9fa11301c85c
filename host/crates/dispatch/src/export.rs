//! The log for others: every entry in order, or the whole as a tiled log that anybody verifies.

use crate::host::Host;
use crate::job::explain;
use crate::witness::SignedCheckpoint;
use if_core::{Code, Problem};
use if_disk::{Disk, Local, make_folder, replace};
use if_tlog::{Checkpoint, Note, Verifier};
use if_witness::{Entry, Filter, Published, WitnessError};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files of an export beside the log's own: the key that verifies it, and what does so with nothing
/// but Python.
const KEY: &str = "key";
const SCRIPT: &str = "verify.py";
const SCRIPT_TEXT: &str = include_str!("export/verify.py");

/// The file that names the newest tree.
const CHECKPOINT: &str = "checkpoint";

/// Readable by all: an export is made to be given away.
const MODE: u32 = 0o644;

/// A tiled log that was written, or continued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiled {
    pub checkpoint: SignedCheckpoint,
    /// Entries that were there already.
    pub had: u64,
    /// Files that were written.
    pub files: u64,
}

/// Why an entry could not be given out.
enum Stopped {
    Log(WitnessError),
    Other(Problem),
}

impl From<WitnessError> for Stopped {
    fn from(error: WitnessError) -> Self {
        Stopped::Log(error)
    }
}

impl From<Stopped> for Problem {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Log(error) => explain(error),
            Stopped::Other(problem) => problem,
        }
    }
}

impl Host {
    /// Gives out every entry that fits, oldest first, with all that is stored of it: the log as it
    /// was at that checkpoint.
    pub fn export(
        &self,
        filter: &Filter,
        checkpoint: &SignedCheckpoint,
        mut give: impl FnMut(Entry) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let give = |entry| give(entry).map_err(Stopped::Other);
        Ok(self.witness.each(filter, checkpoint.size, give)?)
    }

    /// The same with the short words of each entry only.
    pub fn export_listed(
        &self,
        filter: &Filter,
        checkpoint: &SignedCheckpoint,
        mut give: impl FnMut(Entry) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let give = |entry| give(entry).map_err(Stopped::Other);
        Ok(self.witness.each_listed(filter, checkpoint.size, give)?)
    }

    /// Writes the whole log as a tiled one into this folder, or what an export that lies there
    /// lacks.
    pub fn export_tiles(&self, folder: &Path) -> Result<Tiled, Problem> {
        let checkpoint = self.checkpoint()?;
        let log = self.witness.verifier().map_err(explain)?;
        let had = had(folder, &checkpoint, &log)?;
        let (mut files, mut out) = (0, Folder::new(&Local, folder));
        let mut keep = |path: &str, bytes: &[u8]| -> Result<(), Problem> {
            files += 1;
            out.write(path, bytes)
        };
        keep(KEY, checkpoint.key.as_bytes())?;
        keep(SCRIPT, SCRIPT_TEXT.as_bytes())?;
        // The checkpoint comes last: whoever reads meanwhile finds all that it names.
        self.witness.publish(had, |Published { path, bytes }| {
            keep(&path, &bytes).map_err(Stopped::Other)
        })?;
        Ok(Tiled { checkpoint: self.checkpoint()?, had, files })
    }
}

/// How many entries an export in this folder has; refuses a folder that is something else.
fn had(folder: &Path, ours: &SignedCheckpoint, log: &Verifier) -> Result<u64, Problem> {
    let path = folder.join(CHECKPOINT);
    let note = match fs_err::read_to_string(&path) {
        Ok(note) => note,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return empty(folder),
        Err(error) => return Err(Problem::new(Code::Usage, error.to_string())),
    };
    let other = |what: String| {
        Problem::new(Code::Usage, what).hint("name a folder of its own with --out FOLDER")
    };
    let read = |note: Note| Some((Checkpoint::parse(note.text()).ok()?, note));
    let Some((theirs, note)) = Note::parse(&note).ok().and_then(read) else {
        return Err(other(format!("{} is no checkpoint of a log", path.display())));
    };
    if theirs.origin != ours.origin {
        return Err(other(format!("{} holds the log {}", folder.display(), theirs.origin)));
    }
    // A size that nobody signed would leave files out.
    if Checkpoint::verified(&note, log).is_err() {
        return Err(other(format!("{} was not signed by this log", path.display())));
    }
    if theirs.size > ours.size {
        let (theirs, ours) = (theirs.size, ours.size);
        return Err(Problem::new(
            Code::WitnessBroken,
            format!(
                "{} holds {theirs} entries of this log, and the log has {ours}",
                folder.display()
            ),
        ));
    }
    Ok(theirs.size)
}

fn empty(folder: &Path) -> Result<u64, Problem> {
    let foreign = fs_err::read_dir(folder).ok().and_then(|mut entries| entries.next());
    match foreign {
        None => Ok(0),
        Some(_) => Err(Problem::new(
            Code::Usage,
            format!("{} holds something else than a log", folder.display()),
        )
        .hint("name an empty folder, or one that is to be made, with --out FOLDER")),
    }
}

/// The folder of an export, and those in it that are durable.
struct Folder<'a> {
    disk: &'a dyn Disk,
    path: &'a Path,
    made: BTreeSet<PathBuf>,
}

impl<'a> Folder<'a> {
    fn new(disk: &'a dyn Disk, path: &'a Path) -> Self {
        Self { disk, path, made: BTreeSet::new() }
    }

    /// Writes a file. It and its folders are durable when this returns: whatever is written after
    /// it may name it.
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Problem> {
        let path = self.path.join(name);
        self.make(path.parent().unwrap_or(self.path))
            .and_then(|()| replace(self.disk, &path, bytes, MODE))
            .map_err(|error| Problem::new(code_of(&error), error.to_string()))
    }

    /// Once for each folder: there are thousands of files in one.
    fn make(&mut self, folder: &Path) -> std::io::Result<()> {
        if !self.made.contains(folder) {
            make_folder(self.disk, folder)?;
            self.made.insert(folder.to_owned());
        }
        Ok(())
    }
}

fn code_of(error: &std::io::Error) -> Code {
    match error.kind() {
        std::io::ErrorKind::StorageFull => Code::StoreFull,
        _ => Code::Store,
    }
}

#[cfg(test)]
mod tests;
