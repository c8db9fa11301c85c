//! Whether the log is kept off this machine, and how much of it. Nobody is asked for this: an
//! anchor answers when it is run.

use super::Finding;
use crate::host::Host;
use crate::witness::AnchorShown;
use if_core::UnixMillis;

/// An anchor that was not run for so long is told of: what an attacker puts back is then at most as
/// old as that.
const STALE_MILLIS: u64 = 24 * 60 * 60 * 1000;

impl Host {
    /// One finding for each anchor, or that there is none.
    pub(super) fn anchor_health(&self) -> Vec<Finding> {
        let anchors = match self.anchors() {
            Ok(anchors) => anchors,
            Err(problem) => return vec![Finding::from("anchor", Err(problem))],
        };
        if anchors.is_empty() {
            return vec![Finding::warning(
                "anchor",
                "the log's head is kept on this disk only: a database that is put back is noticed; \
                 the image of a whole disk, database and local anchor together, is noticed by an \
                 anchor on another machine alone: ifctl witness anchor add NAME --directory PATH",
            )];
        }
        anchors.iter().map(|anchor| health(anchor, self.now())).collect()
    }
}

fn health(anchor: &AnchorShown, now: UnixMillis) -> Finding {
    let AnchorShown { name, place, kept, behind, same_disk } = anchor;
    let run = format!("ifctl witness anchor run {name}");
    let Some((size, at)) = kept else {
        return Finding::warning("anchor", format!("{name} was never run: {run}"));
    };
    if *same_disk {
        let why = "is on the disk of the home, and goes back in time with it";
        return Finding::warning("anchor", format!("{name} ({place}) {why}"));
    }
    let told = format!("{name} keeps the first {size} entries, {behind} came after");
    match *behind > 0 && now.0.saturating_sub(at.0) > STALE_MILLIS {
        true => Finding::warning("anchor", format!("{told}, over a day ago: {run}")),
        false => Finding::good("anchor", told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;
    use crate::witness::Place;
    use if_core::Word;

    #[test]
    fn what_an_anchor_cannot_notice_is_said() {
        let (now, day) = (UnixMillis(STALE_MILLIS * 10), STALE_MILLIS);
        let anchor = |kept: Option<(u64, u64)>, behind, same_disk| AnchorShown {
            name: Word::new("stick").unwrap(),
            place: Place::Directory { path: "/media/stick".into() },
            kept: kept.map(|(size, ago)| (size, UnixMillis(now.0 - ago))),
            behind,
            same_disk,
        };
        for (anchor, expect, about) in [
            (anchor(None, 5, false), Health::Warning, "was never run"),
            (anchor(Some((5, 0)), 0, true), Health::Warning, "is on the disk of the home"),
            (anchor(Some((5, day + 1)), 1, false), Health::Warning, "over a day ago"),
            (anchor(Some((5, day + 1)), 0, false), Health::Good, "keeps the first 5 entries"),
            (anchor(Some((5, day)), 1, false), Health::Good, "1 came after"),
        ] {
            let finding = health(&anchor, now);
            assert_eq!(finding.health, expect, "{finding:?}");
            assert!(finding.about.contains(about), "{finding:?}");
        }
    }
}
