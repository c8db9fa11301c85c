//! Every byte of every column of every row that the database holds, changed in turn: the check
//! names it, or opening the log does, or no promise covers it and it stands here by name.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use if_core::{Code, Explain};
use if_witness::{Fault, FaultKind, Operation, WitnessError};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use support::{Home, NOT_PROMISED, intent, one_of_everything};

/// What each byte is changed by: its lowest and its highest bit.
const BITS: [u8; 2] = [0x01, 0x80];

/// Every table that the database has.
const TABLES: [&str; 10] = [
    "body",
    "checkpoint",
    "entry",
    "floor",
    "leaf",
    "log",
    "open_intent",
    "schema_version",
    "state",
    "tile",
];

/// What is kept beside the log and is none of it. A row of `cosigned` holds by the signatures in
/// it, whenever it is used (`witnesses`); one of `keeper` says where an anchor is and what it has,
/// and the anchor itself is asked.
const BESIDE: [&str; 2] = ["cosigned", "keeper"];

/// One value of a row of the database.
#[derive(Debug, Clone)]
struct Cell {
    table: String,
    columns: Vec<String>,
    row: Vec<Value>,
    at: usize,
}

impl Cell {
    fn column(&self) -> &str {
        &self.columns[self.at]
    }

    fn named(&self, name: &str) -> Option<&Value> {
        self.columns.iter().position(|column| column == name).map(|at| &self.row[at])
    }

    /// The position in the log that this row speaks of.
    fn seq(&self) -> Option<u64> {
        match self.named("seq") {
            Some(Value::Integer(seq)) => Some(seq.cast_unsigned()),
            _ => None,
        }
    }

    /// The value with one byte changed, once for each byte and bit; a word where there is none.
    fn flips(&self) -> Vec<(String, Value)> {
        let flipped = |bytes: &[u8], back: &dyn Fn(Vec<u8>) -> Value| {
            let mut flips = Vec::new();
            for (at, bit) in (0..bytes.len()).flat_map(|at| BITS.map(|bit| (at, bit))) {
                let mut bytes = bytes.to_vec();
                bytes[at] ^= bit;
                flips.push((format!("byte {at} by {bit:#04x}"), back(bytes)));
            }
            flips
        };
        match &self.row[self.at] {
            Value::Integer(number) => flipped(&number.to_be_bytes(), &|bytes| {
                Value::Integer(i64::from_be_bytes(bytes.try_into().unwrap()))
            }),
            Value::Text(text) => flipped(text.as_bytes(), &Value::Blob),
            Value::Blob(bytes) => flipped(bytes, &Value::Blob),
            Value::Null => vec![("from nothing".into(), Value::Text("x".into()))],
            Value::Real(_) => panic!("no column holds these"),
        }
    }

    /// Puts `value` in the place of this one, as somebody does who knows no rule of the tables.
    fn write(&self, raw: &Connection, value: &Value) {
        let text = !matches!(self.row[self.at], Value::Blob(_) | Value::Integer(_));
        let (table, column) = (&self.table, self.column());
        let new = if text { "CAST(?1 AS TEXT)" } else { "?1" };
        let same: Vec<String> = (self.columns.iter().enumerate())
            .map(|(at, column)| format!("\"{column}\" IS ?{}", at + 2))
            .collect();
        let sql = format!(
            "UPDATE OR REPLACE \"{table}\" SET \"{column}\" = {new} WHERE {}",
            same.join(" AND ")
        );
        let bound = params_from_iter(std::iter::once(value).chain(&self.row));
        assert_eq!(raw.execute(&sql, bound).unwrap(), 1, "{table}.{column}");
    }
}

/// The tables of the database, whatever they are.
fn tables(raw: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut select = raw.prepare(sql).unwrap();
    let names = select.query_map([], |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}

/// Every value of every row.
fn cells(raw: &Connection) -> Vec<Cell> {
    let mut cells = Vec::new();
    for table in tables(raw) {
        let mut select = raw.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns: Vec<String> = select.column_names().map(str::to_owned).collect();
        let mut rows = select.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let value = |at| Value::try_from(row.get_ref::<usize>(at).unwrap()).unwrap();
            let row: Vec<Value> = (0..columns.len()).map(value).collect();
            for at in 0..columns.len() {
                let (columns, row) = (columns.clone(), row.clone());
                cells.push(Cell { table: table.clone(), columns, row, at });
            }
        }
    }
    cells
}

/// A log with one of everything, and one operation that is still running.
struct Stage {
    home: Home,
    raw: Connection,
    _running: Option<Operation>,
}

impl Stage {
    fn new() -> Self {
        let home = Home::new();
        let witness = home.open();
        one_of_everything(&witness);
        let running = witness.begin(intent(4), |_| Ok(())).unwrap();
        Self::of(home, Some(running))
    }

    /// A log that fills a tile.
    fn long() -> Self {
        let home = Home::new();
        let witness = home.open();
        (1..256).for_each(|_| assert!(witness.note("entry").is_ok()));
        Self::of(home, None)
    }

    fn of(home: Home, running: Option<Operation>) -> Self {
        let raw = home.raw();
        raw.execute_batch(
            "PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF;
             INSERT INTO state VALUES ('if://capability/obs.studio', 'studio', 'seen', x'01');
             ATTACH ':memory:' AS kept;",
        )
        .unwrap();
        for table in tables(&raw) {
            raw.execute_batch(&format!(
                "CREATE TABLE kept.\"{table}\" AS SELECT * FROM main.\"{table}\""
            ))
            .unwrap();
        }
        Self { home, raw, _running: running }
    }

    /// Every value of this table.
    fn cells(&self, table: &str) -> Vec<Cell> {
        cells(&self.raw).into_iter().filter(|cell| cell.table == table).collect()
    }

    /// The table as it was.
    fn restore(&self, table: &str) {
        let sql = format!(
            "BEGIN; DELETE FROM main.\"{table}\";
             INSERT INTO main.\"{table}\" SELECT * FROM kept.\"{table}\"; COMMIT"
        );
        self.raw.execute_batch(&sql).unwrap();
    }

    /// As `witness verify` does it: open, then check everything.
    fn check(&self) -> Result<Option<Fault>, WitnessError> {
        let store = if_store::Store::open(&self.home.database(), &[if_witness::SCHEMA])?;
        let witness = self.home.open_store(std::sync::Arc::new(store))?;
        Ok(witness.verify(None)?.first_problem)
    }
}

/// Whether what was found is what was done to this value.
fn fits(cell: &Cell, found: &Result<Option<Fault>, WitnessError>) -> bool {
    use FaultKind::{Body, Edited, Index, Signature};
    let here = |fault: &Fault| Some(fault.seq) == cell.seq();
    match (cell.table.as_str(), cell.column(), found) {
        // A position changed: of two entries one is missing, moved or listed twice.
        ("leaf" | "entry" | "body" | "open_intent", "seq", Ok(Some(_))) => true,
        ("leaf", "leaf" | "leaf_hash", Ok(Some(fault))) => here(fault) && fault.kind == Edited,
        ("leaf", "signature", Ok(Some(fault))) => here(fault) && fault.kind == Signature,
        ("entry", _, Ok(Some(fault))) => here(fault) && fault.kind == Index,
        ("body", _, Ok(Some(fault))) => here(fault) && matches!(fault.kind, Body(_)),
        ("checkpoint", _, Ok(Some(fault))) => fault.kind == FaultKind::CheckpointSignature,
        ("tile", _, Ok(Some(fault))) => matches!(fault.kind, FaultKind::Tile(_)),
        ("log", _, Ok(Some(fault))) => fault.seq == 0 && fault.kind == FaultKind::Key,
        ("log", "public_key", Err(WitnessError::KeyOfAnotherLog { .. })) => true,
        ("open_intent", _, Ok(Some(fault))) => {
            here(fault) && matches!(fault.kind, FaultKind::Unfinished | FaultKind::Unlogged)
        }
        ("open_intent", _, Err(error)) => error.code() == Code::WitnessBroken,
        ("schema_version", _, Err(WitnessError::Store(error))) => {
            matches!(error.code(), Code::StoreNewer | Code::Store)
        }
        _ => false,
    }
}

/// Flips every byte of these tables, in turn; each flip that is not named, or names another place.
fn flip(stage: &Stage, tables: &[&str]) -> (usize, Vec<String>) {
    assert_eq!(stage.check().unwrap(), None);
    let (mut flips, mut missed) = (0, Vec::new());
    for table in tables {
        let cells = stage.cells(table);
        assert!(!cells.is_empty(), "`{table}` is empty");
        for cell in cells {
            let column = (cell.table.as_str(), cell.column());
            let exempt = NOT_PROMISED.iter().any(|(table, name, _)| (*table, *name) == column);
            for (flip, value) in cell.flips() {
                cell.write(&stage.raw, &value);
                let found = stage.check();
                stage.restore(table);
                // An exception that is none any more is one too many.
                let good = if exempt { matches!(found, Ok(None)) } else { fits(&cell, &found) };
                if !good {
                    missed.push(format!("{column:?}, entry {:?}, {flip}: {found:?}", cell.seq()));
                }
                flips += 1;
            }
        }
    }
    assert_eq!(stage.check().unwrap(), None, "everything is as it was");
    (flips, missed)
}

#[track_caller]
fn all_are_named((flips, missed): (usize, Vec<String>)) {
    assert!(missed.is_empty(), "{} of {flips} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn every_flipped_byte_of_the_leaves_is_named() {
    all_are_named(flip(&Stage::new(), &["leaf"]));
}

#[test]
fn every_flipped_byte_beside_the_leaves_is_named() {
    let stage = Stage::new();
    let found = tables(&stage.raw).into_iter().filter(|table| !BESIDE.contains(&table.as_str()));
    assert_eq!(found.collect::<Vec<_>>(), TABLES, "a table that this test does not know");
    let beside = TABLES.iter().copied().filter(|table| !["leaf", "tile"].contains(table));
    all_are_named(flip(&stage, &beside.collect::<Vec<_>>()));
}

#[test]
fn every_flipped_byte_of_a_tile_is_named() {
    all_are_named(flip(&Stage::long(), &["tile"]));
}

/// What the check says nothing of, the next write puts right.
#[test]
fn that_a_log_is_anchored_is_said_again_where_its_anchor_is() {
    let home = Home::new();
    home.open().note("one").unwrap();
    home.raw().execute_batch("UPDATE log SET anchored = 0").unwrap();
    home.open().note("two").unwrap();
    fs_err::remove_file(home.anchor()).unwrap();
    let error = home.open().note("three").unwrap_err();
    assert!(error.to_string().contains("is missing, and this log had one"), "{error}");
}
