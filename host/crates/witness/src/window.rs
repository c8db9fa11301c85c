//! A look at a few old entries with every write: the newest ones, and a window that moves through
//! the log, so that an edited entry is noticed by the writes that follow, long before anybody
//! verifies the whole.

use crate::verify::{Fault, FaultKind, Head};
use crate::{Hash32, WitnessError, leaf_hash, tables};
use if_store::{Rows as _, Sql};
use serde::Deserialize;

/// Entries of the window, and of the tail. A log that is shorter than both is seen whole.
const ENTRIES: u64 = 32;

/// What is read of a leaf here: its hash has shown that the rest is as it was written.
#[derive(Deserialize)]
struct Link {
    prev: Hash32,
}

/// Checks the tail and the next window of a log with this head.
pub(crate) fn check(view: &dyn Sql, head: Head) -> Result<(), WitnessError> {
    let accepted = tables::accepted(view)?;
    let tail = head.leaves.saturating_sub(ENTRIES);
    entries(view, tail.max(accepted), head.leaves)?;
    // Every write adds at least one entry: the window has passed everything after as many writes
    // as there are windows.
    let windows = tail.div_ceil(ENTRIES).max(1);
    let first = (head.leaves % windows) * ENTRIES;
    entries(view, first.max(accepted), first.saturating_add(ENTRIES).min(tail))
}

/// Whether these entries hash to what stands beside them, and follow each other.
fn entries(view: &dyn Sql, first: u64, end: u64) -> Result<(), WitnessError> {
    if first >= end {
        return Ok(());
    }
    let select = "SELECT seq, leaf, leaf_hash FROM leaf WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
    // The one before, too: the first of the window must follow it.
    let mut expected = first.saturating_sub(1);
    let mut last: Option<Hash32> = None;
    view.each(select, &[expected.into(), end.into()], |row| {
        let (seq, leaf) = (row.number(0)?, row.bytes(1)?);
        let fault = |kind| WitnessError::Broken(Fault { seq, kind });
        if seq != expected {
            return Err(WitnessError::Broken(Fault { seq: expected, kind: FaultKind::Missing }));
        }
        let hash = leaf_hash(leaf);
        if row.bytes(2)? != hash.as_bytes() {
            return Err(fault(FaultKind::Edited));
        }
        if let Some(last) = last {
            let leaf: Link =
                serde_json::from_slice(leaf).map_err(|_| fault(FaultKind::Unreadable))?;
            if leaf.prev != last {
                return Err(fault(FaultKind::Link));
            }
        }
        (last, expected) = (Some(hash), seq.saturating_add(1));
        Ok(())
    })?;
    match expected >= end {
        true => Ok(()),
        false => Err(WitnessError::Broken(Fault { seq: expected, kind: FaultKind::Missing })),
    }
}
