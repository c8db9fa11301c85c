//! `witness export`: what others read without us.

use crate::lab::Lab;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// A home with some operations in its log, one of them with words that a spreadsheet would run.
fn busy() -> Lab {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    for _ in 0..3 {
        lab.run(["noop", "ping", "here"]).ok();
    }
    lab.run(["noop", "ping", "nowhere"]).fails("nowhere", 2);
    lab.run(["witness", "log", "--message", "=cmd|' /C calc'!A0"]).ok();
    lab
}

#[test]
fn json_is_the_log_in_order_under_its_checkpoint() {
    let lab = busy();
    let value = lab.run(["witness", "export", "--format", "json"]).json();
    let entries = value["entries"].as_array().unwrap();
    let places: Vec<u64> =
        entries.iter().map(|entry| entry["opened"]["leaf"]["seq"].as_u64().unwrap()).collect();
    assert!(places.is_sorted() && places[0] == 0, "{places:?}");
    let pings = |value: &Value| {
        let entries = value["entries"].as_array().unwrap().iter();
        entries.filter(|entry| entry["opened"]["leaf"]["command"] == "ping").count()
    };
    assert!(pings(&value) >= 3);
    let size = value["checkpoint"].as_str().unwrap().lines().nth(1).unwrap();
    assert!(size.parse::<u64>().unwrap() > *places.last().unwrap());
    assert!(value["key"].as_str().unwrap().starts_with("infrafabric/log/"));
    // Without a format it is the same; narrowed it is less.
    let again = lab.run(["witness", "export"]).json();
    assert_eq!(again["entries"], value["entries"]);
    let none = lab.run(["witness", "export", "--provider", "obs"]).json();
    assert_eq!(none["entries"].as_array().unwrap().len(), 0);
    let done = lab.run(["witness", "export", "--outcome", "ok", "--instance", "here"]).json();
    assert_eq!(pings(&done), 3);
}

#[test]
fn csv_has_a_line_for_each_and_no_formula() {
    let lab = busy();
    let file = lab.path().join("log.csv").display().to_string();
    lab.run(["witness", "export", "--format", "csv", "--out", &file]).ok();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("entry,at,operation,trace,provider,instance,command,"), "{text}");
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.iter().filter(|row| &row[6] == "ping" && &row[8] == "ok").count(), 3);
    let note = rows.last().unwrap().iter().find(|cell| cell.contains("calc")).unwrap();
    assert!(note.starts_with("'="), "{note}");
    // What is there already is kept.
    lab.run(["witness", "export", "--format", "csv", "--out", &file]).fails("there already", 2);
    lab.run(["witness", "export", "--format", "csv", "--out", &file, "--yes"]).ok();
}

fn verified(script: &Path, folder: &Path) -> Output {
    Command::new("python3").arg(script).arg(folder).output().unwrap()
}

#[test]
fn tiles_are_verified_by_what_lies_beside_them_and_continued() {
    if !if_servers::require!(Python) {
        return;
    }
    let lab = busy();
    let folder = lab.path().join("log");
    let out = folder.display().to_string();
    let export = ["witness", "export", "--format", "tiles", "--out", &out];
    lab.run(export).ok();
    let script = folder.join("verify.py");
    let said = verified(&script, &folder);
    let line = String::from_utf8(said.stdout).unwrap();
    assert!(line.contains("entries, unchanged since infrafabric/log/"), "{line}");

    lab.run(["noop", "ping", "here"]).ok();
    lab.run(export).ok();
    let longer = String::from_utf8(verified(&script, &folder).stdout).unwrap();
    assert_ne!(line, longer);

    // What is longer than the log is not continued: the log was put back.
    let (database, kept) = (lab.home().join("if.db"), lab.path().join("kept.db"));
    let copied = |from: &Path, to: &Path| {
        for name in ["", "-wal"] {
            let named = |path: &Path| format!("{}{name}", path.display());
            std::fs::copy(named(from), named(to)).unwrap();
        }
    };
    copied(&database, &kept);
    lab.run(["noop", "ping", "here"]).ok();
    lab.run(export).ok();
    copied(&kept, &database);
    std::fs::remove_file(lab.home().join("if.anchor")).unwrap();
    lab.run(["witness", "anchor", "reset", "--yes"]).ok();
    lab.run(export).fails("entries of this log, and the log has", 4);
    std::fs::remove_dir_all(&folder).unwrap();
    lab.run(export).ok();

    // A size that nobody signed is not believed.
    let note = std::fs::read_to_string(folder.join("checkpoint")).unwrap();
    let size = note.lines().nth(1).unwrap();
    let forged = note.replacen(&format!("\n{size}\n"), "\n1\n", 1);
    std::fs::write(folder.join("checkpoint"), forged).unwrap();
    lab.run(export).fails("was not signed by this log", 2);
    std::fs::write(folder.join("checkpoint"), note).unwrap();

    // Whatever is changed in what it reads, it says so.
    let spoilt = lab.path().join("spoilt");
    let files = ["checkpoint", "key", "tile/0/000.p", "tile/entries/000.p"];
    for name in files {
        assert!(Command::new("cp").arg("-r").args([&folder, &spoilt]).status().unwrap().success());
        let mut path = spoilt.join(name);
        if path.is_dir() {
            let newest = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
            let widths = std::fs::read_dir(&path).unwrap().map(|entry| newest(entry.unwrap()));
            let width = widths.max_by_key(|width| width.parse::<u32>().unwrap()).unwrap();
            path = path.join(width);
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let said = verified(&script, &spoilt);
        let why = String::from_utf8(said.stderr).unwrap();
        assert!(said.status.code() == Some(1) && why.starts_with("broken: "), "{name}: {why}");
        std::fs::remove_dir_all(&spoilt).unwrap();
    }
}

#[test]
fn what_cannot_be_exported_so_is_told_with_the_line_to_write() {
    let lab = busy();
    let other = Lab::fresh();
    let folder = other.path().join("log").display().to_string();
    let tiles = ["witness", "export", "--format", "tiles"];
    lab.run(tiles).fails("--format tiles --out FOLDER", 2);
    let narrowed = ["--out", &folder, "--provider", "noop"];
    lab.run(tiles.iter().copied().chain(narrowed)).fails("the whole log", 2);
    let there = lab.path().display().to_string();
    lab.run(tiles.iter().copied().chain(["--out", &there])).fails("something else than a log", 2);
    other.run(tiles.iter().copied().chain(["--out", &folder])).ok();
    lab.run(tiles.iter().copied().chain(["--out", &folder])).fails("holds the log", 2);
    lab.run(["witness", "log", "--format", "csv"]).fails("witness export --format csv", 2);
}
