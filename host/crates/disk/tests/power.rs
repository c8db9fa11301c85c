//! The power goes, or the disk fails, at any step of replacing a file.

#![cfg(test)] // so that helpers count as test code

use if_disk::{Disk, Open, make_folder, replace};
use if_harm::{Dice, Fault, FrailDisk};
use if_servers::Size;
use std::io;
use std::path::Path;

const FOLDER: &str = "/home/providers";
const PATH: &str = "/home/providers/obs.yaml";

/// How often the file is replaced.
const VERSIONS: u64 = 12;

/// A version of the file: none is a part of another, and they become longer and shorter.
fn content(version: u64) -> Vec<u8> {
    let length = usize::try_from(version * 37 % 101).unwrap();
    [version.to_be_bytes().to_vec(), vec![u8::try_from(version).unwrap(); length]].concat()
}

fn write(disk: &dyn Disk, version: u64) -> io::Result<()> {
    make_folder(disk, Path::new(FOLDER))?;
    replace(disk, Path::new(PATH), &content(version), 0o600)
}

/// The version that is found: whole, or not there at all.
fn found(disk: &FrailDisk) -> Option<u64> {
    let bytes = disk.content(Path::new(PATH))?;
    let version = bytes.first_chunk::<8>().map(|version| u64::from_be_bytes(*version));
    let version = version.expect("a part of a version");
    assert_eq!(bytes, content(version), "a mixture");
    Some(version)
}

/// What must hold of a disk on which so much was acknowledged, and no version behind `newest` was
/// begun: and that the next writer finds its way, and takes away what the last one left.
fn recovers(disk: &FrailDisk, acknowledged: Option<u64>, newest: u64) {
    let found = found(disk);
    assert!(found >= acknowledged && found <= Some(newest), "{found:?}: {acknowledged:?}");
    write(disk, 100).unwrap();
    assert_eq!(self::found(disk), Some(100));
    let paths = disk.paths();
    let expected = ["/", "/home", FOLDER, PATH].map(Path::new);
    assert_eq!(paths, expected, "nothing is left over");
}

#[test]
fn a_power_cut_at_any_step_leaves_the_old_content_or_the_new_one_whole() {
    let disk = FrailDisk::default();
    let mut ends = Vec::new();
    for version in 0..VERSIONS {
        write(&disk, version).unwrap();
        disk.acknowledge(version);
        ends.push((disk.steps(), version));
    }
    for image in 0..Size::Images.asked() {
        let mut dice = Dice::new(image.into());
        let steps = dice.below(disk.steps() + 1);
        let newest = ends.iter().find(|(end, _)| steps <= *end).map_or(VERSIONS, |(_, it)| *it);
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
            let mut failed = 0;
            for version in 0..VERSIONS {
                match write(&disk, version) {
                    Ok(()) => disk.acknowledge(version),
                    Err(error) => {
                        failed += 1;
                        assert!(error.to_string().contains("/home"), "names the file: {error}");
                    }
                }
            }
            if !disk.has_failed() && disk.calls() < call {
                break;
            }
            assert!(failed <= 1, "{fault:?} at {call}: the next attempt works");
            assert!(fault != Fault::Flush || failed == usize::from(disk.has_failed()));
            failures += usize::from(disk.has_failed());
            for seed in 0..4 {
                let steps = disk.steps();
                let left = disk.cut(steps, &mut Dice::new(seed));
                recovers(&left, disk.acknowledged(steps), VERSIONS);
            }
        }
        assert!(failures >= usize::try_from(VERSIONS).unwrap(), "{fault:?}: {failures}");
    }
}

/// What a writer would be that flushes a file again whose flush has failed.
#[test]
fn the_disk_of_these_tests_catches_a_writer_that_trusts_a_second_flush() {
    let trusting = |disk: &FrailDisk| -> io::Result<()> {
        let file = disk.open(Path::new("/file"), Open::New { mode: 0o600 })?;
        disk.sync_folder(Path::new("/"))?;
        file.write_all_at(b"whole", 0)?;
        file.sync().or_else(|_| file.sync())
    };
    let disk = FrailDisk::default();
    disk.fail(4, Fault::Flush);
    trusting(&disk).unwrap();
    let lost = |seed| {
        let left = disk.cut(disk.steps(), &mut Dice::new(seed));
        left.content(Path::new("/file")) != Some(b"whole".to_vec())
    };
    assert!((0..20).any(lost));
}
