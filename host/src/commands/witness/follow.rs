//! `if witness query --follow`: each new operation as it ends, until somebody stops it.

use super::query::row;
use crate::app::App;
use crate::print::clean;
use if_core::Problem;
use if_dispatch::Host;
use if_dispatch::witness::{Entry, Filter};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long it waits before it looks again: a person sees no delay, the database no load.
const PAUSE: Duration = Duration::from_millis(250);

/// Shows what there is, then what comes: a line for each, whole entries under `--json`.
pub fn run(app: &App, host: &Host, filter: &Filter) -> Result<(), Problem> {
    let mut shown = Shown { from: host.length()?, ..Shown::default() };
    let mut known = host.query(filter)?;
    known.reverse();
    for entry in known {
        shown.take(app, entry)?;
    }
    loop {
        let filter = Filter { from: shown.from, limit: None, ..filter.clone() };
        let mut found = Vec::new();
        host.each(&filter, |entry| found.push(entry))?;
        for entry in found {
            shown.take(app, entry)?;
        }
        shown.look_from_the_oldest_open();
        std::thread::sleep(PAUSE);
    }
}

/// What need not be shown any more.
#[derive(Default)]
struct Shown {
    /// Everything before was shown.
    from: u64,
    behind: BTreeSet<u64>,
    open: BTreeSet<u64>,
}

impl Shown {
    /// Shows it, unless it was shown or has not ended.
    fn take(&mut self, app: &App, entry: Entry) -> Result<(), Problem> {
        let seq = entry.opened.leaf.seq;
        if entry.is_open() {
            self.open.insert(seq);
            self.from = self.from.min(seq);
            return Ok(());
        }
        self.open.remove(&seq);
        if !self.behind.insert(seq) {
            return Ok(());
        }
        let row = row(&entry);
        let cell = |name: &str| clean(row.get(name).and_then(|it| it.as_str()).unwrap_or_default());
        let cells = ["at", "operation", "what", "effect", "outcome", "ms"].map(cell);
        app.printer.result(&json!(entry), &cells.join("  "))
    }

    fn look_from_the_oldest_open(&mut self) {
        let newest = self.behind.last().map(|seq| seq + 1);
        let from = self.open.first().copied().or(newest).unwrap_or(self.from);
        self.from = self.from.max(from);
        self.behind = self.behind.split_off(&self.from);
    }
}
