//! Bits of an export that are flipped. That the database names each is shown where it is checked:
//! in the tests of `witness`.

use super::noop;
use if_harm::Dice;
use if_servers::Size;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Flips bit by bit and asks `verify.py`, in one process: a line for each, with what it said.
const FLIPPER: &str = "
import contextlib, importlib.util, io, sys
folder = sys.argv[1]
spec = importlib.util.spec_from_file_location('verify', folder + '/verify.py')
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)
for line in sys.stdin:
    name, at, bit = line.split()
    path = folder + '/' + name
    good = open(path, 'rb').read()
    bad = bytearray(good)
    bad[int(at)] ^= int(bit)
    open(path, 'wb').write(bad)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            verify.main(folder)
        print('accepted')
    except (verify.Broken, ValueError, KeyError, TypeError) as error:
        print('broken:', str(error).replace('\\n', ' '))
    open(path, 'wb').write(good)
with contextlib.redirect_stdout(io.StringIO()):
    verify.main(folder)
";

/// Every file of the export but the script, which whoever verifies has of somebody they trust.
fn files(folder: &Path) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            match path.is_dir() {
                true => folders.push(path),
                false if name == "verify.py" => {}
                false => found.push((name, std::fs::metadata(&path).unwrap().len() as usize)),
            }
        }
    }
    found.sort();
    found
}

/// Places all over the files, each byte as likely as the next, and of the small files as many.
fn places(files: &[(String, usize)], count: u32, dice: &mut Dice) -> Vec<(String, usize, u8)> {
    let all: usize = files.iter().map(|(_, length)| length).sum();
    let somewhere = |dice: &mut Dice| {
        let mut at = dice.below(all);
        let found = files.iter().find(|(_, length)| {
            let here = at < *length;
            if !here {
                at -= length;
            }
            here
        });
        (found.unwrap().0.clone(), at)
    };
    let in_small = |dice: &mut Dice| {
        let small: Vec<_> = files.iter().filter(|(name, _)| !name.starts_with("tile/")).collect();
        let (name, length) = small[dice.below(small.len())];
        (name.clone(), dice.below(*length))
    };
    let place = |number: u32, dice: &mut Dice| {
        let (name, at) = if number.is_multiple_of(2) { somewhere(dice) } else { in_small(dice) };
        (name, at, 1 << dice.below(8))
    };
    (0..count).map(|number| place(number, dice)).collect()
}

#[test]
fn every_flipped_bit_of_an_export_is_named_by_the_script_beside_it() {
    if !if_servers::require!(Python) {
        return;
    }
    let lab = noop();
    for number in 0..300 {
        // Enough to fill a tile.
        if number % 100 == 0 {
            lab.run(["noop", "ping", "here"]).ok();
        }
        lab.run(["witness", "log", "--message", "cue"]).ok();
    }
    let folder = lab.path().join("log");
    let out = folder.display().to_string();
    lab.run(["witness", "export", "--format", "tiles", "--out", &out]).ok();
    let files = files(&folder);
    assert!(files.iter().any(|(name, _)| name == "tile/0/000"), "a whole tile: {files:?}");
    let places = places(&files, Size::Flips.asked(), &mut Dice::new(1));
    let mut python = Command::new("python3");
    python.args(["-c", FLIPPER, &out]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let lines: String =
        places.iter().map(|(name, at, bit)| format!("{name} {at} {bit}\n")).collect();
    let mut stdin = child.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let verdicts: Vec<&str> = said.lines().collect();
    assert_eq!(verdicts.len(), places.len());
    let missed: Vec<_> =
        verdicts.iter().zip(&places).filter(|(said, _)| !said.starts_with("broken: ")).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}
