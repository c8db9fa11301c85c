//! Bits of the files themselves, flipped at random places: the check names it, or opening does, or
//! it was a byte that nobody reads, and then all that is stored is read as it was.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use if_core::{Code, Explain};
use if_harm::Dice;
use if_servers::Size;
use if_tlog::{Receipt, Verifier};
use if_witness::{Status, WitnessError};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use support::{Home, NOT_PROMISED, one_of_everything, operation, run};

/// Where a page of the database begins, and what stands there that says how to read it.
const PAGE_BYTES: usize = 4096;
const HEAD_BYTES: usize = 64;

/// A home with a log of every kind of entry that fills a tile; one body is erased.
fn home() -> Home {
    let home = Home::new();
    let witness = home.open();
    one_of_everything(&witness);
    (10..140).for_each(|number| run(&witness, number, Status::Ok));
    witness.erase(&operation(2)).unwrap();
    home
}

/// What a file of the database is to be.
struct Files {
    home: Home,
    kept: BTreeMap<PathBuf, Vec<u8>>,
    dump: Vec<String>,
}

impl Files {
    fn of(home: Home) -> Self {
        let read = |end: &str| {
            let path = PathBuf::from(format!("{}{end}", home.database().display()));
            Some((path.clone(), fs_err::read(path).ok()?))
        };
        let kept: BTreeMap<_, _> = ["", "-wal"].into_iter().filter_map(read).collect();
        let dump = dump(&home).unwrap();
        Self { home, kept, dump }
    }

    /// Puts everything back as it was, but for these bytes of one file.
    fn put(&self, changed: &PathBuf, bytes: &[u8]) {
        for end in ["-wal", "-shm"] {
            let _ = fs_err::remove_file(format!("{}{end}", self.home.database().display()));
        }
        for (path, kept) in &self.kept {
            fs_err::write(path, if path == changed { bytes } else { kept }).unwrap();
            let closed = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs_err::set_permissions(path, closed).unwrap();
        }
    }

    /// What opening the log and checking it say.
    fn said(&self) -> Result<(), WitnessError> {
        let wait = Duration::from_secs(5);
        let schemas = [if_witness::SCHEMA];
        let store = if_store::Store::open_waiting(&self.home.database(), &schemas, wait)?;
        let witness = self.home.open_store(Arc::new(store))?;
        witness.verify(None)?.first_problem.map_or(Ok(()), |fault| Err(WitnessError::Broken(fault)))
    }

    /// Flips so many bits of this file, one at a time; what was neither named nor without meaning.
    fn flip(&self, name: &str, seed: u64) -> (usize, Vec<String>) {
        let path = self.home.folder.path().join(name);
        let (good, mut dice) = (&self.kept[&path], Dice::new(seed));
        let (mut named, mut missed) = (0, Vec::new());
        for number in 0..Size::Flips.asked() {
            let at = match number % 2 {
                0 => dice.below(good.len()),
                _ => dice.below(good.len() / PAGE_BYTES) * PAGE_BYTES + dice.below(HEAD_BYTES),
            };
            let bit = 1 << dice.below(8);
            let mut bytes = good.clone();
            bytes[at] ^= bit;
            self.put(&path, &bytes);
            match self.said() {
                Err(error) if is_told(&error) => named += 1,
                Ok(()) if dump(&self.home).as_ref().ok() == Some(&self.dump) => {}
                said => missed.push(format!("{name} byte {at} by {bit:#04x}: {said:?}")),
            }
        }
        self.put(&path, good);
        self.said().unwrap();
        (named, missed)
    }
}

/// Whether an error tells a person that the files are not what they were.
fn is_told(error: &WitnessError) -> bool {
    matches!(error.code(), Code::WitnessBroken | Code::Store | Code::StoreNewer | Code::HomeUnsafe)
}

/// Everything that is stored and promised, and the words that made the tables.
fn dump(home: &Home) -> rusqlite::Result<Vec<String>> {
    let raw = Connection::open(home.database())?;
    let mut select =
        raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let mut tables: Vec<String> =
        select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    tables.push("sqlite_schema".into());
    let mut lines = Vec::new();
    for table in tables {
        let mut select = raw.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns: Vec<String> = select.column_names().map(str::to_owned).collect();
        let promised = |column: &str| {
            let place = (table.as_str(), column);
            // Where a table begins in the file is nobody's business but SQLite's.
            column != "rootpage"
                && !NOT_PROMISED.iter().any(|(table, name, _)| (*table, *name) == place)
        };
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let mut line = table.clone();
            for (at, column) in columns.iter().enumerate().filter(|(_, name)| promised(name)) {
                let value: Value = row.get(at)?;
                line.push_str(&format!(" {column}={value:?}"));
            }
            lines.push(line);
        }
    }
    lines.sort();
    Ok(lines)
}

#[track_caller]
fn all_are_told((named, missed): (usize, Vec<String>)) {
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
    assert!(named > 0, "none was named");
    println!("{named} of {} flips named, the others without meaning", Size::Flips.asked());
}

#[test]
fn every_flipped_bit_of_the_database_is_named_or_is_read_by_nobody() {
    let home = home();
    assert!(home.store(Duration::from_secs(5)).forget().unwrap());
    all_are_told(Files::of(home).flip("if.db", 1));
}

#[test]
fn every_flipped_bit_of_the_write_ahead_log_is_named_or_is_read_by_nobody() {
    let home = home();
    assert!(home.store(Duration::from_secs(5)).forget().unwrap());
    let witness = home.open();
    (200..203).for_each(|number| run(&witness, number, Status::Ok));
    drop(witness);
    let files = Files::of(home);
    let log = files.home.folder.path().join("if.db-wal");
    assert!(files.kept[&log].len() > 4 * PAGE_BYTES);
    all_are_told(files.flip("if.db-wal", 2));
}

#[test]
fn a_trigger_that_is_gone_is_named() {
    let home = home();
    home.raw().execute_batch("DROP TRIGGER leaf_stays").unwrap();
    let error = home.open().verify(None).unwrap_err();
    assert!(error.to_string().contains("if.db is damaged: `leaf_stays`"), "{error}");
    assert_eq!(error.code(), Code::Store);
}

#[test]
fn an_index_that_hides_a_row_is_named() {
    let home = Home::new();
    let witness = home.open();
    one_of_everything(&witness);
    drop(witness);
    home.store(Duration::from_secs(5)).forget().unwrap();
    // The trace stands in the leaf, in the row of its entry, and in the index of traces.
    let mut bytes = fs_err::read(home.database()).unwrap();
    let all = bytes.windows(7).enumerate().filter(|(_, part)| *part == b"show-42");
    let places: Vec<usize> = all.map(|(at, _)| at).collect();
    let mut hidden = 0;
    for at in places {
        bytes[at] ^= 1;
        fs_err::write(home.database(), &bytes).unwrap();
        match home.open().verify(None) {
            Err(error) => {
                hidden += 1;
                assert!(error.to_string().contains("entry_trace"), "{error}");
            }
            Ok(report) => assert!(report.first_problem.is_some(), "byte {at}"),
        }
        bytes[at] ^= 1;
    }
    assert!(hidden > 0, "the index was not found");
}

#[test]
fn every_flipped_bit_of_a_receipt_is_refused() {
    let home = home();
    let witness = home.open();
    let log: Verifier = witness.verifier().unwrap();
    let (receipt, leaf) = witness.prove(77).unwrap();
    let good = Receipt { extra: Some(leaf), ..receipt }.to_string().into_bytes();
    let proves = |bytes: &[u8]| {
        let receipt = Receipt::parse(std::str::from_utf8(bytes).ok()?).ok()?;
        receipt.verify(receipt.extra.as_ref()?, &log).ok()
    };
    assert!(proves(&good).is_some());
    let mut dice = Dice::new(3);
    for _ in 0..Size::Flips.asked() {
        let (at, bit) = (dice.below(good.len()), 1 << dice.below(8));
        let mut bytes = good.clone();
        bytes[at] ^= bit;
        assert_eq!(proves(&bytes), None, "byte {at} by {bit:#04x}");
    }
}
