//! The power goes while a log is exported: what a checkpoint names is there.

use super::*;
use if_harm::{Dice, Fault, FrailDisk};
use if_servers::Size;

const FOLDER: &str = "/media/log";

/// The files of an export that has so many tiles, the checkpoint last.
fn export(disk: &FrailDisk, tiles: u64) -> Result<(), Problem> {
    let mut folder = Folder::new(disk, Path::new(FOLDER));
    for tile in 0..tiles {
        for name in ["0", "entries"] {
            folder.write(&format!("tile/{name}/{tile:03}"), format!("{name} {tile}").as_bytes())?;
        }
    }
    folder.write(CHECKPOINT, tiles.to_string().as_bytes())
}

/// How many tiles the checkpoint names, all of which must be there.
fn complete(disk: &FrailDisk) -> u64 {
    let text = |path: String| {
        disk.content(Path::new(&path)).map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let Some(named) = text(format!("{FOLDER}/{CHECKPOINT}")) else { return 0 };
    let named = named.parse().unwrap();
    for tile in 0..named {
        for name in ["0", "entries"] {
            let found = text(format!("{FOLDER}/tile/{name}/{tile:03}"));
            assert_eq!(found, Some(format!("{name} {tile}")), "{named} tiles were named");
        }
    }
    named
}

#[test]
fn a_power_cut_at_any_step_leaves_every_file_that_the_checkpoint_names() {
    let disk = FrailDisk::default();
    for tiles in [1, 2, 4] {
        export(&disk, tiles).unwrap();
        disk.acknowledge(tiles);
    }
    for image in 0..Size::Images.asked() {
        let mut dice = Dice::new(image.into());
        let steps = dice.below(disk.steps() + 1);
        let left = disk.cut(steps, &mut dice);
        assert!(complete(&left) >= disk.acknowledged(steps).unwrap_or(0));
        export(&left, 5).unwrap();
        assert_eq!(complete(&left), 5);
    }
}

#[test]
fn a_disk_that_fails_at_any_call_is_named_and_the_export_stays_complete() {
    for fault in Fault::ALL {
        for call in 1.. {
            let disk = FrailDisk::default();
            export(&disk, 1).unwrap();
            let before = disk.calls();
            disk.fail(before + call, fault);
            let exported = export(&disk, 3);
            let again = export(&disk, 4);
            assert!(again.is_ok() || exported.is_ok(), "{fault:?} at {call}: {again:?}");
            if let Err(problem) = &exported {
                let code = if fault == Fault::Full { Code::StoreFull } else { Code::Store };
                assert!(problem.code == code && problem.message.contains(FOLDER), "{problem:?}");
            }
            for seed in 0..4 {
                let left = disk.cut(disk.steps(), &mut Dice::new(seed));
                let expected = [(&again, 4), (&exported, 3)].into_iter();
                let mut expected = expected.filter(|(done, _)| done.is_ok());
                assert!(complete(&left) >= expected.next().map_or(1, |(_, tiles)| tiles));
            }
            if disk.calls() < before + call {
                break;
            }
        }
    }
}
