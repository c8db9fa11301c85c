//! What a frail disk remembers: what programs see, and each step that led there.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// What happens at one call in place of what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// EIO at whatever is no flush: nothing is done.
    Io,
    /// ENOSPC at whatever needs space: nothing is done.
    Full,
    /// Half of a write is done, and that is what the call says.
    Short,
    /// EIO at a flush. What it was to keep may be lost, and no later flush knows of it.
    Flush,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 4] = [Fault::Io, Fault::Full, Fault::Short, Fault::Flush];
}

/// Kinds of calls, as far as faults tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Look,
    Name,
    Write,
    Flush,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    Folder,
    File(usize),
}

/// Something that was done and may be lost.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Wrote { file: usize, offset: usize, bytes: Vec<u8> },
    Flushed { file: usize, kept: bool },
    Named { path: PathBuf, node: Node },
    Renamed { from: PathBuf, to: PathBuf, node: Node },
    Removed { path: PathBuf },
    FlushedFolder { path: PathBuf, kept: bool },
    Acknowledged(u64),
}

/// A disk's contents: of names, and of files by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    pub(crate) names: BTreeMap<PathBuf, Node>,
    pub(crate) files: Vec<Vec<u8>>,
}

impl Contents {
    pub(crate) fn file(&mut self, number: usize) -> &mut Vec<u8> {
        if number >= self.files.len() {
            self.files.resize(number + 1, Vec::new());
        }
        &mut self.files[number]
    }

    /// Writes over what is there, behind a gap of zeros where the file is shorter.
    pub(crate) fn write(&mut self, file: usize, offset: usize, bytes: &[u8]) {
        let content = self.file(file);
        let end = offset + bytes.len();
        if content.len() < end {
            content.resize(end, 0);
        }
        content[offset..end].copy_from_slice(bytes);
    }
}

/// The disk as it is.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// What survived before the first step.
    pub(crate) base: Contents,
    pub(crate) history: Vec<Step>,
    /// What programs see.
    pub(crate) seen: Contents,
    pub(crate) locked: BTreeSet<usize>,
    pub(crate) calls: usize,
    pub(crate) trap: Option<(usize, Fault)>,
    pub(crate) sprung: bool,
}

impl State {
    pub(crate) fn of(contents: Contents) -> Self {
        Self { base: contents.clone(), seen: contents, ..Self::default() }
    }

    /// Counts a call; the fault that is to happen at it.
    pub(crate) fn call(&mut self, call: Call) -> Option<Fault> {
        self.calls += 1;
        let (at, fault) = self.trap?;
        let fits = match fault {
            Fault::Io => call != Call::Flush,
            Fault::Full => matches!(call, Call::Name | Call::Write),
            Fault::Short => call == Call::Write,
            Fault::Flush => call == Call::Flush,
        };
        if at != self.calls || !fits {
            return None;
        }
        self.sprung = true;
        Some(fault)
    }

    /// As [`State::call`], for one that fails whatever its fault.
    pub(crate) fn attempt(&mut self, call: Call, path: &Path) -> io::Result<()> {
        self.call(call).map_or(Ok(()), |fault| Err(failure(fault, path)))
    }

    pub(crate) fn node(&self, path: &Path) -> io::Result<Node> {
        let missing = || named(io::ErrorKind::NotFound, path, "is not there");
        self.seen.names.get(path).copied().ok_or_else(missing)
    }
}

/// The error of a fault, which names the file as those of the real disk do.
pub(crate) fn failure(fault: Fault, path: &Path) -> io::Error {
    match fault {
        Fault::Full => named(io::ErrorKind::StorageFull, path, "no space left on device"),
        _ => named(io::ErrorKind::Other, path, "input/output error"),
    }
}

pub(crate) fn named(kind: io::ErrorKind, path: &Path, what: &str) -> io::Error {
    io::Error::new(kind, format!("`{}`: {what}", path.display()))
}
