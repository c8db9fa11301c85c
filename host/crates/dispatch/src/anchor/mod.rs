//! Anchors off this machine: places that keep the log's signed checkpoints, one for each size, and
//! never give one up for another. What was signed there the log must still begin with, or it was
//! put back, or has two pasts.
//!
//! An anchor on this disk goes with the disk. Nothing here trusts what an anchor says but by the
//! log's own signature; what it withholds is noticed by what was kept there before.

mod directory;
mod place;
#[cfg(feature = "live")]
mod s3;

pub use place::{Place, S3Place};
#[cfg(feature = "live")]
pub(crate) use s3::PROVIDER;

use crate::host::Host;
use crate::job::explain;
use if_core::{Code, Problem, UnixMillis, Word, quoted};
use if_tlog::{Checkpoint, Note, Verifier};
use if_witness::Keeper;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Where checkpoints lie below an anchor's place: `checkpoint/<size>`.
pub(crate) const FOLDER: &str = "checkpoint";

/// Longest checkpoint that is read back: ours have three hundred bytes, a witness adds a hundred.
pub(crate) const NOTE_BYTES_MAX: u64 = 64 << 10;

/// Most checkpoints of one anchor, of which all are read each time: one every hour for ten years.
pub(crate) const KEPT_MAX: usize = 100_000;

/// A place that keeps notes by number.
pub(crate) trait Shelf {
    /// The numbers, in no order.
    fn sizes(&self) -> Result<Vec<u64>, Why>;
    /// The notes of these numbers, in their order.
    fn read(&self, sizes: &[u64]) -> Result<Vec<String>, Why>;
    /// Puts a note there, durably. False where there is one of that number: then it stays.
    fn put(&self, size: u64, note: &str) -> Result<bool, Why>;
    /// In words for people.
    fn name(&self) -> String;
}

/// Why a place cannot be used, and lines that would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why {
    pub text: String,
    pub hints: Vec<String>,
}

impl Why {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), hints: Vec::new() }
    }

    #[cfg(feature = "live")]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// An anchor as the log knows it. Nobody was asked for this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorShown {
    pub name: Word,
    pub place: Place,
    /// Entries of the newest checkpoint there, and when it was written or last found.
    pub kept: Option<(u64, UnixMillis)>,
    /// Entries of the log that it does not cover.
    pub behind: u64,
    /// It lies on the disk of the home: whoever puts that back puts it back too.
    pub same_disk: bool,
}

/// What was done at an anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorRun {
    pub name: Word,
    /// Entries that it covers now.
    pub size: u64,
    /// Older checkpoints there, all of which the log begins with.
    pub checked: u64,
    /// False where the newest was there already.
    pub written: bool,
}

impl Host {
    /// Adds an anchor. Nothing is written there before it is run.
    pub fn add_anchor(&self, name: &Word, place: &Place) -> Result<AnchorShown, Problem> {
        place.check(self.home.path())?;
        if !self.witness.add_keeper(name, &place.to_text()).map_err(explain)? {
            return Err(Problem::new(Code::Usage, format!("there is an anchor `{name}` already"))
                .hint("another name, or ifctl witness anchor list"));
        }
        self.anchor(name)
    }

    /// Forgets an anchor; what it keeps stays there.
    pub fn remove_anchor(&self, name: &Word) -> Result<(), Problem> {
        match self.witness.remove_keeper(name).map_err(explain)? {
            true => Ok(()),
            false => Err(unknown(name)),
        }
    }

    /// All of them, by name.
    pub fn anchors(&self) -> Result<Vec<AnchorShown>, Problem> {
        let length = self.length()?;
        let shown = |keeper: Keeper| self.shown(keeper, length);
        self.witness.keepers().map_err(explain)?.into_iter().map(shown).collect()
    }

    /// Holds the log against all that this anchor keeps, and keeps its newest checkpoint there.
    ///
    /// # Errors
    /// [`Code::LogRolledBack`], [`Code::LogForked`], [`Code::LogUnsigned`]: then nothing is written
    /// there. [`Code::Anchor`] when the place fails or has lost something.
    pub fn run_anchor(&self, name: &Word) -> Result<AnchorRun, Problem> {
        let anchor = self.anchor(name)?;
        let shelf = self.shelf(&anchor)?;
        let failed = |why| unusable(name, &*shelf, why);
        let mut sizes = shelf.sizes().map_err(failed)?;
        sizes.sort_unstable();
        lost(&anchor, &*shelf, &sizes)?;
        self.held(name, &*shelf, &sizes)?;
        // Signed only now: a log that was put back gets no checkpoint of what it grew since.
        let signed = self.witness.checkpoint().map_err(explain)?;
        let size = signed.checkpoint.size;
        let there = sizes.contains(&size);
        let written = !there && shelf.put(size, &signed.note.to_string()).map_err(failed)?;
        if !there && !written {
            // Somebody was faster; what they put there is held against the log like the rest.
            self.held(name, &*shelf, &[size])?;
        }
        self.witness.kept(name, size).map_err(explain)?;
        let checked = u64::try_from(sizes.len()).unwrap_or(u64::MAX);
        Ok(AnchorRun { name: name.clone(), size, checked, written })
    }

    /// The anchor of that name.
    fn anchor(&self, name: &Word) -> Result<AnchorShown, Problem> {
        let found = self.anchors()?.into_iter().find(|anchor| anchor.name == *name);
        found.ok_or_else(|| unknown(name))
    }

    fn shown(&self, keeper: Keeper, length: u64) -> Result<AnchorShown, Problem> {
        let Keeper { name, place, kept } = keeper;
        let place = Place::of_text(&place).ok_or_else(|| {
            Problem::new(Code::Anchor, format!("where anchor `{name}` is cannot be read"))
                .hint(format!("ifctl witness anchor remove {name}"))
        })?;
        let same_disk = match &place {
            Place::Directory { path } => same_disk(path, self.home.path()),
            Place::S3(_) => false,
        };
        let kept = kept.map(|kept| (kept.size, kept.at));
        let behind = length.saturating_sub(kept.map_or(0, |(size, _)| size));
        Ok(AnchorShown { name, place, kept, behind, same_disk })
    }

    /// Whoever reaches the anchor.
    fn shelf(&self, anchor: &AnchorShown) -> Result<Box<dyn Shelf>, Problem> {
        match &anchor.place {
            Place::Directory { path } => Ok(Box::new(directory::Directory::new(path))),
            #[cfg(feature = "live")]
            Place::S3(place) => self.s3(&anchor.name, place),
            #[cfg(not(feature = "live"))]
            Place::S3(_) => Err(Problem::new(
                Code::Anchor,
                format!("anchor `{}` is on a server, and this program has no network", anchor.name),
            )
            .hint("an anchor in a directory works")),
        }
    }

    /// Whether the log begins with every checkpoint of these sizes that the anchor keeps.
    fn held(&self, name: &Word, shelf: &dyn Shelf, sizes: &[u64]) -> Result<(), Problem> {
        let notes = shelf.read(sizes).map_err(|why| unusable(name, shelf, why))?;
        let log = self.witness.verifier().map_err(explain)?;
        let kept = sizes.iter().zip(notes).map(|(size, note)| {
            signed(&log, *size, &note).map_err(|why| unsigned(name, *size, &why))
        });
        let kept = kept.collect::<Result<Vec<Checkpoint>, Problem>>()?;
        let Some((at, divergence)) = self.witness.diverges(&kept).map_err(explain)? else {
            return Ok(());
        };
        let size = kept.get(at).map_or(0, |kept| kept.size);
        Err(explain(divergence)
            .because(format!(
                "anchor `{name}` keeps the checkpoint of {size} entries, which this log signed"
            ))
            .hint(format!("cp -a {} evidence", quoted(&self.home.path().display().to_string()))))
    }
}

/// Refuses an anchor without the checkpoint that was kept there last. A new one would make it look
/// whole again.
fn lost(anchor: &AnchorShown, shelf: &dyn Shelf, sizes: &[u64]) -> Result<(), Problem> {
    let Some((size, _)) = anchor.kept.filter(|(size, _)| !sizes.contains(size)) else {
        return Ok(());
    };
    let name = &anchor.name;
    let what = format!("anchor `{name}` has lost the checkpoint of {size} entries");
    Err(Problem::new(Code::Anchor, format!("{what} that was kept there"))
        .because(format!("{} has {} others", shelf.name(), sizes.len()))
        .hint(format!("see that it is mounted, then: ifctl witness anchor run {name}")))
}

/// The checkpoint of a note that lies under that number, if the log has signed it.
fn signed(log: &Verifier, size: u64, note: &str) -> Result<Checkpoint, String> {
    let note = Note::parse(note).map_err(|error| error.to_string())?;
    let checkpoint = Checkpoint::verified(&note, log).map_err(|error| error.to_string())?;
    match checkpoint.size == size {
        true => Ok(checkpoint),
        false => Err(format!("it is of {} entries", checkpoint.size)),
    }
}

fn unsigned(name: &Word, size: u64, why: &str) -> Problem {
    let what = format!("anchor `{name}` keeps `{FOLDER}/{size}`, which this log has not signed");
    Problem::new(Code::LogUnsigned, what)
        .because(why)
        .hint(format!("ifctl witness anchor remove {name}"))
}

fn unusable(name: &Word, shelf: &dyn Shelf, why: Why) -> Problem {
    let problem = Problem::new(Code::Anchor, format!("anchor `{name}` cannot be used"))
        .because(format!("{}: {}", shelf.name(), why.text));
    let hints = match why.hints.is_empty() {
        true => vec![format!("see that it is there, then: ifctl witness anchor run {name}")],
        false => why.hints,
    };
    hints.into_iter().fold(problem, Problem::hint)
}

fn unknown(name: &Word) -> Problem {
    Problem::new(Code::Usage, format!("there is no anchor `{name}`"))
        .hint("ifctl witness anchor list")
}

/// Whether both lie on one file system, as far as can be told.
fn same_disk(one: &Path, other: &Path) -> bool {
    let device = |path: &Path| fs_err::metadata(path).map(|facts| facts.dev()).ok();
    device(one).is_some_and(|one| device(other) == Some(one))
}
