//! What both surfaces share: the state, the record of what arrived, and the news of changes.

use super::call::{Call, Refused};
use super::state::Mixer;
use super::{apply, tally, xml};
use crate::background::lock;
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::broadcast;

/// Requests remembered; a test that sends more counts them itself.
const SEEN_MAX: usize = 10_000;
/// Changes a slow subscriber may lag behind before it loses some.
const CHANGES_MAX: usize = 1024;

/// The surface over which a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Http,
    Tcp,
}

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub via: Via,
    /// `GET /api/?Function=Cut` or `FUNCTION Cut`.
    pub line: String,
    /// The function asked for, if it was one.
    pub function: Option<String>,
}

/// What changed through one call, for subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The new tally, if it is another.
    pub tally: Option<String>,
    /// Activators that have a new value: `Input 2 1`.
    pub acts: Vec<String>,
}

/// The simulator behind its two surfaces.
pub(super) struct Shared {
    mixer: Mutex<Mixer>,
    seen: Mutex<VecDeque<Seen>>,
    changes: broadcast::Sender<Change>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            mixer: Mutex::default(),
            seen: Mutex::default(),
            changes: broadcast::Sender::new(CHANGES_MAX),
        }
    }
}

impl Shared {
    pub(super) fn state(&self) -> Mixer {
        lock(&self.mixer).clone()
    }

    pub(super) fn xml(&self) -> String {
        xml::write(&lock(&self.mixer))
    }

    pub(super) fn call(&self, call: &Call) -> Result<(), Refused> {
        let mut outcome = Ok(());
        self.change(|mixer| outcome = apply::apply(mixer, call));
        outcome
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Mixer)) {
        let mut mixer = lock(&self.mixer);
        let before = mixer.clone();
        change(&mut mixer);
        let news = tally::difference(&before, &mixer);
        if news.tally.is_some() || !news.acts.is_empty() {
            // Without a subscriber nobody wants to know.
            let _ = self.changes.send(news);
        }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    pub(super) fn record(&self, via: Via, line: String, function: Option<String>) {
        let mut seen = lock(&self.seen);
        if seen.len() == SEEN_MAX {
            seen.pop_front();
        }
        seen.push_back(Seen { via, line, function });
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).iter().cloned().collect()
    }
}
