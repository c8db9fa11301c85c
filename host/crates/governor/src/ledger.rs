//! The tables of rates and breakers, and the only SQL that writes them. Everything here runs inside
//! the caller's transaction, which holds the write lock.

use crate::circuit::{Breaker, Circuit, Count, Ended, Pass, State};
use crate::rate::{Rate, WAIT_MS_MAX};
use if_core::{OperationId, UnixMillis};
use if_store::{Row, Rows as _, Schema, Sql, StoreError};
use serde::Serialize;

/// The tables, for [`if_store::Store::open`].
pub const SCHEMA: Schema = Schema {
    owner: "governor",
    version: 4,
    sql: &[FIRST, crate::hold::TABLES, crate::tally::TABLES, crate::capability::TABLES],
};

const FIRST: &str = "
    CREATE TABLE rate (
        name TEXT PRIMARY KEY,
        full_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE circuit (
        name TEXT PRIMARY KEY,
        half INTEGER NOT NULL,
        calls INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        calls_before INTEGER NOT NULL,
        failures_before INTEGER NOT NULL,
        opened INTEGER NOT NULL,
        until INTEGER NOT NULL,
        trying_until INTEGER NOT NULL,
        probe TEXT
    ) STRICT, WITHOUT ROWID;
    ";

/// When somebody may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// In so many milliseconds; the turn is taken.
    In(u64),
    /// Not before so many, which is longer than it would wait; no turn is taken.
    NotBefore(u64),
}

/// Takes the next turn of this bucket, if it comes within `wait_ms`.
///
/// # Errors
/// The database fails.
pub fn take_turn(
    sql: &dyn Sql,
    name: &str,
    rate: &Rate,
    wait_ms: u64,
    now: UnixMillis,
) -> Result<Turn, StoreError> {
    let row = sql.first("SELECT full_at FROM rate WHERE name = ?1", &[name.into()])?;
    let full = row.map(|row| row.number(0)).transpose()?;
    let (at, taken) = rate.next(full, now);
    let millis = at.saturating_sub(now.0.saturating_mul(1000)).div_ceil(1000);
    if millis > wait_ms.min(WAIT_MS_MAX) {
        return Ok(Turn::NotBefore(millis));
    }
    sql.execute(
        "INSERT INTO rate (name, full_at) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET full_at = excluded.full_at",
        &[name.into(), taken.into()],
    )?;
    Ok(Turn::In(millis))
}

/// Lets an operation of at most `lasting_ms` pass all of these breakers, or none: then which one is
/// open, and for how many milliseconds. A breaker whose time is over takes it for the one that
/// tries; so does a `test`, however long it has been open.
///
/// # Errors
/// The database fails.
pub fn admit(
    sql: &dyn Sql,
    names: &[String],
    operation: &OperationId,
    lasting_ms: u64,
    now: UnixMillis,
    test: bool,
) -> Result<Result<Vec<String>, (String, u64)>, StoreError> {
    let mut trying = Vec::new();
    for name in names {
        let Some((circuit, _)) = load(sql, name)? else { continue };
        match circuit.pass(now, lasting_ms) {
            (Pass::Closed, _) => {}
            (Pass::Probe, circuit) => trying.push((name, circuit)),
            (Pass::Open(_), circuit) if test => trying.push((name, circuit)),
            (Pass::Open(left), _) => return Ok(Err((name.clone(), left))),
        }
    }
    for (name, circuit) in &trying {
        store(sql, name, circuit, Some(operation.as_str()))?;
    }
    Ok(Ok(trying.into_iter().map(|(name, _)| name.clone()).collect()))
}

/// Counts how an operation ended; whether this breaker opened by it.
///
/// # Errors
/// The database fails.
pub fn record(
    sql: &dyn Sql,
    name: &str,
    breaker: &Breaker,
    operation: &OperationId,
    ended: Ended,
    now: UnixMillis,
    chance: u64,
) -> Result<bool, StoreError> {
    let (before, probe) = load(sql, name)?.unwrap_or_default();
    let tried = probe.as_deref() == Some(operation.as_str());
    let after = before.record(breaker, tried, ended, now, chance);
    if after != before || tried {
        store(sql, name, &after, probe.as_deref().filter(|_| !tried))?;
    }
    Ok(after.opened > before.opened)
}

/// A breaker, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    pub name: String,
    pub state: State,
    /// Calls and failures that count now.
    pub calls: u64,
    pub failures: u64,
    /// How often it opened since it was closed.
    pub opened: u64,
    /// When the next call may try; none while it is closed.
    pub until: Option<UnixMillis>,
    pub breaker: Breaker,
}

/// All breakers that have ever counted, by name.
///
/// # Errors
/// The database fails.
pub fn circuits(
    sql: &dyn Sql,
    breaker: impl Fn(&str) -> Breaker,
    now: UnixMillis,
) -> Result<Vec<Shown>, StoreError> {
    let statement = format!("SELECT name, {COLUMNS} FROM circuit ORDER BY name");
    sql.all(&statement, &[], |row| {
        let (name, circuit) = (row.text(0)?.to_owned(), read(row, 1)?);
        let breaker = breaker(&name);
        let (calls, failures) = circuit.counted(&breaker, now);
        let until = (circuit.opened > 0).then(|| circuit.until.max(circuit.trying_until));
        let (state, opened) = (circuit.state(now), circuit.opened);
        Ok(Shown { name, state, calls, failures, opened, until, breaker })
    })
}

/// Closes a breaker and forgets what it counted; false where there is none of that name.
///
/// # Errors
/// The database fails.
pub fn reset(sql: &dyn Sql, name: &str) -> Result<bool, StoreError> {
    Ok(sql.execute("DELETE FROM circuit WHERE name = ?1", &[name.into()])? == 1)
}

const COLUMNS: &str =
    "half, calls, failures, calls_before, failures_before, opened, until, trying_until, probe";

fn load(sql: &dyn Sql, name: &str) -> Result<Option<(Circuit, Option<String>)>, StoreError> {
    let statement = format!("SELECT {COLUMNS} FROM circuit WHERE name = ?1");
    let Some(row) = sql.first(&statement, &[name.into()])? else { return Ok(None) };
    Ok(Some((read(&row, 0)?, row.maybe_text(8)?.map(str::to_owned))))
}

/// A breaker in the columns from `at`.
fn read(row: &Row<'_>, at: usize) -> Result<Circuit, StoreError> {
    let count = |calls: usize| {
        Ok::<_, StoreError>(Count { calls: row.number(calls)?, failures: row.number(calls + 1)? })
    };
    Ok(Circuit {
        half: row.number(at)?,
        now: count(at + 1)?,
        before: count(at + 3)?,
        opened: row.number(at + 5)?,
        until: UnixMillis(row.number(at + 6)?),
        trying_until: UnixMillis(row.number(at + 7)?),
    })
}

fn store(sql: &dyn Sql, name: &str, it: &Circuit, probe: Option<&str>) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO circuit
             (name, half, calls, failures, calls_before, failures_before, opened, until,
              trying_until, probe)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (name) DO UPDATE SET
             half = excluded.half, calls = excluded.calls, failures = excluded.failures,
             calls_before = excluded.calls_before, failures_before = excluded.failures_before,
             opened = excluded.opened, until = excluded.until,
             trying_until = excluded.trying_until, probe = excluded.probe",
        &[
            name.into(),
            it.half.into(),
            it.now.calls.into(),
            it.now.failures.into(),
            it.before.calls.into(),
            it.before.failures.into(),
            it.opened.into(),
            it.until.0.into(),
            it.trying_until.0.into(),
            probe.into(),
        ],
    )?;
    Ok(())
}
