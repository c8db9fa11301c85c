//! The power goes, or the disk fails, at any step of keeping the head.

use super::*;
use if_harm::{Dice, Fault, FrailDisk};
use if_servers::Size;

const PATH: &str = "/if.anchor";

/// Heads that a log has one after the other.
const HEADS: u8 = 40;

fn open(disk: &FrailDisk) -> Result<Anchor, WitnessError> {
    Anchor::open_on(disk, Path::new(PATH), key(1))
}

/// Keeps the next head as a command does; every third is no last one, and is not flushed. A command
/// whose disk fails ends, and the next one goes on with the file as it finds it.
fn command(disk: &FrailDisk, leaves: u8) -> Result<(), WitnessError> {
    let anchor = match open(disk) {
        Err(WitnessError::Anchor(AnchorFault::Missing { .. })) => {
            Anchor::adopt_on(disk, Path::new(PATH), key(1), None)?
        }
        opened => opened?,
    };
    checked(&anchor, leaves.into())?;
    if leaves.is_multiple_of(3) {
        return anchor.pass(head(leaves));
    }
    anchor.keep(head(leaves))?;
    disk.acknowledge(leaves.into());
    Ok(())
}

/// Entry 9 is another one in these tests.
fn leaves() -> impl Iterator<Item = u8> {
    (1..=HEADS).filter(|leaves| *leaves != 10)
}

/// Whether what a reader finds on this disk is a head that was kept, and none that is older than
/// what was acknowledged.
fn recovers(disk: &FrailDisk, acknowledged: Option<u64>, newest: u8) {
    let at_least = acknowledged.unwrap_or(0);
    let anchor = match open(disk) {
        // Before anything was acknowledged there may be no anchor yet, and the next command makes
        // one.
        Err(WitnessError::Anchor(AnchorFault::Missing { .. })) if acknowledged.is_none() => {
            return command(disk, 1).unwrap();
        }
        opened => opened.unwrap(),
    };
    let (_, found) = anchor.newest().unwrap();
    let kept = found.map_or(0, |found| found.leaves);
    assert!((at_least..=newest.into()).contains(&kept), "{kept} of {at_least}..={newest}");
    if let Some(found) = found {
        assert_eq!(found, head(u8::try_from(kept).unwrap()), "a mixture of two heads");
    }
    // The log has at least what was acknowledged, and goes on from there.
    command(disk, newest + 1 + u8::from(newest == 9)).unwrap();
}

#[test]
fn a_power_cut_at_any_step_leaves_a_head_that_is_not_older_than_what_was_acknowledged() {
    let disk = FrailDisk::default();
    let mut ends = Vec::new();
    for leaves in leaves() {
        command(&disk, leaves).unwrap();
        ends.push((disk.steps(), leaves));
    }
    for image in 0..Size::Images.asked() {
        let mut dice = Dice::new(image.into());
        let steps = dice.below(disk.steps() + 1);
        let newest = ends.iter().find(|(end, _)| steps <= *end).map_or(HEADS, |(_, it)| *it);
        recovers(&disk.cut(steps, &mut dice), disk.acknowledged(steps), newest);
    }
}

#[test]
fn a_disk_that_fails_at_any_call_is_named_and_takes_nothing_that_was_acknowledged() {
    for fault in Fault::ALL {
        let mut failures = 0;
        for call in 1.. {
            let disk = FrailDisk::default();
            disk.fail(call, fault);
            let outcomes: Vec<_> = leaves().map(|leaves| command(&disk, leaves)).collect();
            let failed: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
            for error in &failed {
                let WitnessError::File(error) = error else { panic!("{fault:?}: {error}") };
                assert!(error.to_string().contains(PATH), "it names the file: {error}");
            }
            if !disk.has_failed() && disk.calls() < call {
                break;
            }
            assert!(failed.len() <= 1, "{fault:?} at {call}: the next command works");
            assert!(fault != Fault::Flush || failed.len() == usize::from(disk.has_failed()));
            failures += usize::from(disk.has_failed());
            for seed in 0..4 {
                let steps = disk.steps();
                let left = disk.cut(steps, &mut Dice::new(seed));
                recovers(&left, disk.acknowledged(steps), HEADS);
            }
        }
        assert!(failures > 20, "{fault:?}: {failures}");
    }
}

#[test]
fn a_flush_that_failed_is_not_believed_the_second_time() {
    let disk = FrailDisk::default();
    command(&disk, 1).unwrap();
    let anchor = open(&disk).unwrap();
    // Three slots are read, one is written, behind the lock.
    disk.fail(disk.calls() + 6, Fault::Flush);
    assert!(anchor.keep(head(2)).is_err() && disk.has_failed());
    let error = anchor.keep(head(4)).unwrap_err();
    let WitnessError::File(error) = error else { panic!("{error}") };
    assert!(error.to_string().contains("an earlier flush of `/if.anchor` failed"), "{error}");
}
