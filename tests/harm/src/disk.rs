//! A disk in memory that tells what was done to it, fails where it is told to, and forgets what was
//! not flushed when its power is cut.

use crate::Dice;
use crate::cut;
use crate::state::{Call, Contents, Fault, Node, State, Step, failure, named};
use if_disk::{Disk, File, Open};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The disk. A clone is the same one.
#[derive(Debug, Clone)]
pub struct FrailDisk(Arc<Mutex<State>>);

impl Default for FrailDisk {
    /// Empty, but for the folder `/`.
    fn default() -> Self {
        let mut contents = Contents::default();
        contents.names.insert("/".into(), Node::Folder);
        Self::of(contents)
    }
}

impl FrailDisk {
    pub(crate) fn of(contents: Contents) -> Self {
        Self(Arc::new(Mutex::new(State::of(contents))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Steps until now: the power can be cut behind each.
    pub fn steps(&self) -> usize {
        self.state().history.len()
    }

    /// Tells somebody that what was done so far will be there.
    pub fn acknowledge(&self, what: u64) {
        self.state().history.push(Step::Acknowledged(what));
    }

    /// What was acknowledged last before this step.
    pub fn acknowledged(&self, steps: usize) -> Option<u64> {
        let state = self.state();
        let before = state.history.iter().take(steps).rev();
        before.into_iter().find_map(|step| match step {
            Step::Acknowledged(what) => Some(*what),
            _ => None,
        })
    }

    /// The disk that is found after the power went behind this step: all that was flushed, and of
    /// the rest what the dice leave, whole or torn, in any order.
    pub fn cut(&self, steps: usize, dice: &mut Dice) -> FrailDisk {
        let state = self.state();
        let history = state.history.get(..steps).unwrap_or(&state.history);
        Self::of(cut::survivors(&state.base, history, dice))
    }

    /// Lets this call fail so, counted from 1.
    pub fn fail(&self, call: usize, fault: Fault) {
        self.state().trap = Some((call, fault));
    }

    /// Calls until now.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// Whether the fault has happened.
    pub fn has_failed(&self) -> bool {
        self.state().sprung
    }

    /// What programs find in a file.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        match state.seen.names.get(path)? {
            Node::File(file) => Some(state.seen.files.get(*file).cloned().unwrap_or_default()),
            Node::Folder => None,
        }
    }

    /// Everything that has a name, folders too.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state().seen.names.keys().cloned().collect()
    }
}

fn above(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

impl Disk for FrailDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn File>> {
        let mut state = self.state();
        let call = if how == Open::Existing { Call::Look } else { Call::Name };
        state.attempt(call, path)?;
        let file = match (state.node(path), how) {
            (Ok(Node::File(_)), Open::New { .. }) => {
                return Err(named(io::ErrorKind::AlreadyExists, path, "is there already"));
            }
            (Ok(Node::File(file)), _) => file,
            (Ok(Node::Folder), _) => {
                return Err(named(io::ErrorKind::IsADirectory, path, "is a folder"));
            }
            (Err(error), Open::Existing) => return Err(error),
            (Err(_), _) => {
                state.node(above(path))?;
                let (file, path) = (state.seen.files.len(), path.to_owned());
                state.seen.file(file);
                state.seen.names.insert(path.clone(), Node::File(file));
                state.history.push(Step::Named { path, node: Node::File(file) });
                file
            }
        };
        let (disk, path, holds) = (self.clone(), path.to_owned(), AtomicBool::new(false));
        Ok(Box::new(Handle { disk, file, path, holds }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.attempt(Call::Name, to)?;
        let node = state.node(from)?;
        state.seen.names.remove(from);
        state.seen.names.insert(to.to_owned(), node);
        state.history.push(Step::Renamed { from: from.to_owned(), to: to.to_owned(), node });
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.attempt(Call::Name, to)?;
        let node = state.node(from)?;
        if state.node(to).is_ok() {
            return Err(named(io::ErrorKind::AlreadyExists, to, "is there already"));
        }
        state.seen.names.insert(to.to_owned(), node);
        state.history.push(Step::Named { path: to.to_owned(), node });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.attempt(Call::Look, path)?;
        state.node(path)?;
        state.seen.names.remove(path);
        state.history.push(Step::Removed { path: path.to_owned() });
        Ok(())
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.attempt(Call::Name, path)?;
        if state.node(path).is_ok() {
            return Err(named(io::ErrorKind::AlreadyExists, path, "is there already"));
        }
        state.node(above(path))?;
        state.seen.names.insert(path.to_owned(), Node::Folder);
        state.history.push(Step::Named { path: path.to_owned(), node: Node::Folder });
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.attempt(Call::Look, path)?;
        state.node(path)?;
        if state.seen.names.keys().any(|inside| inside.parent() == Some(path)) {
            return Err(named(io::ErrorKind::DirectoryNotEmpty, path, "is not empty"));
        }
        state.seen.names.remove(path);
        state.history.push(Step::Removed { path: path.to_owned() });
        Ok(())
    }

    fn files(&self, folder: &Path, entries_max: usize) -> io::Result<Vec<OsString>> {
        let mut state = self.state();
        state.attempt(Call::Look, folder)?;
        let inside = state.seen.names.iter().filter(|(path, _)| path.parent() == Some(folder));
        let files = inside.take(entries_max).filter(|(_, node)| matches!(node, Node::File(_)));
        Ok(files.filter_map(|(path, _)| path.file_name().map(OsString::from)).collect())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        let failed = state.call(Call::Flush);
        let step = Step::FlushedFolder { path: path.to_owned(), kept: failed.is_none() };
        state.history.push(step);
        failed.map_or(Ok(()), |fault| Err(failure(fault, path)))
    }
}

/// An open file of it.
#[derive(Debug)]
struct Handle {
    disk: FrailDisk,
    file: usize,
    path: PathBuf,
    /// Whether the file's lock is this one's.
    holds: AtomicBool,
}

impl Handle {
    fn flush(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let failed = state.call(Call::Flush);
        state.history.push(Step::Flushed { file: self.file, kept: failed.is_none() });
        failed.map_or(Ok(()), |fault| Err(failure(fault, &self.path)))
    }
}

impl File for Handle {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.attempt(Call::Look, &self.path)?;
        let content = state.seen.file(self.file);
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let count = bytes.len().min(content.len() - from);
        bytes[..count].copy_from_slice(&content[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        let bytes = match state.call(Call::Write) {
            None => bytes,
            Some(Fault::Short) => &bytes[..bytes.len().div_ceil(2)],
            Some(fault) => return Err(failure(fault, &self.path)),
        };
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        state.seen.write(self.file, offset, bytes);
        state.history.push(Step::Wrote { file: self.file, offset, bytes: bytes.to_vec() });
        Ok(bytes.len())
    }

    fn sync(&self) -> io::Result<()> {
        self.flush()
    }

    fn sync_data(&self) -> io::Result<()> {
        self.flush()
    }

    fn lock(&self) -> io::Result<()> {
        match self.try_lock()? {
            true => Ok(()),
            false => {
                Err(named(io::ErrorKind::Deadlock, &self.path, "would be waited for for ever"))
            }
        }
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut state = self.disk.state();
        state.attempt(Call::Look, &self.path)?;
        let taken = state.locked.insert(self.file);
        self.holds.fetch_or(taken, Ordering::SeqCst);
        Ok(taken)
    }

    fn unlock(&self) -> io::Result<()> {
        if self.holds.swap(false, Ordering::SeqCst) {
            self.disk.state().locked.remove(&self.file);
        }
        Ok(())
    }

    fn is_named(&self) -> io::Result<bool> {
        let mut state = self.disk.state();
        state.attempt(Call::Look, &self.path)?;
        Ok(state.seen.names.values().any(|node| *node == Node::File(self.file)))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.unlock();
    }
}
