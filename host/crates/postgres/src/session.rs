//! What the store asks of the server.

use crate::dialect::{PRELUDE, SCHEMA, script, triggers};
use crate::error::refused;
use crate::place::Place;
use crate::value::owned;
use crate::wire::{Answer, Ask, Wire};
use if_store::{Row, Rows as _, Schema, Session, Sql, StoreError, Value};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

/// A connection to a database on a server.
#[derive(Debug)]
struct Postgres {
    wire: Wire,
}

/// Connects, and refuses a server on which a commit is not on the disk when it returns. A writer
/// waits at most `busy_wait` for others.
///
/// # Errors
/// The server cannot be reached or lets nobody in, or its settings are refused.
pub fn open(place: Place, busy_wait: Duration) -> Result<Box<dyn Session>, StoreError> {
    let wire = Wire::open(move || place.connect())?;
    let session = Postgres { wire };
    session.settle(busy_wait)?;
    Ok(Box::new(session))
}

impl Postgres {
    fn settle(&self, busy_wait: Duration) -> Result<(), StoreError> {
        for flush in ["fsync", "full_page_writes"] {
            if self.setting(flush)? != "on" {
                return Err(refused(
                    &self.place(),
                    format!("its `{flush}` is off: what it says is on the disk may not be"),
                ));
            }
        }
        // Others than `off` flush here, and may ask more of other servers.
        if self.setting("synchronous_commit")? == "off" {
            self.run_raw("SET synchronous_commit = on")?;
        }
        let wait = busy_wait.as_millis();
        self.run_raw(&format!("SET search_path = {SCHEMA}; SET lock_timeout = {wait}"))
    }

    fn setting(&self, name: &str) -> Result<String, StoreError> {
        let row = self.first("SELECT current_setting(?1)", &[name.into()])?;
        row.map_or(Ok(String::new()), |row| row.text(0).map(str::to_owned))
    }

    fn run_raw(&self, script: &str) -> Result<(), StoreError> {
        self.wire.ask(Ask::Run(script.to_owned())).map(|_| ())
    }

    /// The first trigger of these schemas that is not there, or switched off.
    fn disarmed(&self, schemas: &[Schema]) -> Result<Option<String>, StoreError> {
        let select = "SELECT t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
             JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = ?1 AND t.tgenabled IN ('O', 'A')";
        let armed: Vec<String> =
            self.all(select, &[SCHEMA.into()], |row| Ok::<_, StoreError>(row.text(0)?.to_owned()))?;
        let mut names = schemas.iter().flat_map(|schema| schema.sql).flat_map(|sql| triggers(sql));
        Ok(names.find(|name| !armed.iter().any(|armed| armed == name)).map(str::to_owned))
    }
}

impl Session for Postgres {
    fn place(&self) -> String {
        self.wire.place().to_owned()
    }

    fn version(&self, owner: &str) -> Result<u64, StoreError> {
        let table = format!("{SCHEMA}.schema_version");
        let found = self.first("SELECT to_regclass(?1) IS NOT NULL", &[(&table).into()])?;
        if found.map_or(Ok(0), |row| row.number(0))? == 0 {
            return Ok(0);
        }
        let select = "SELECT version FROM schema_version WHERE owner = ?1";
        self.first(select, &[owner.into()])?.map_or(Ok(0), |row| row.number(0))
    }

    fn run(&self, text: &str) -> Result<(), StoreError> {
        let schema = format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA};");
        self.run_raw(&format!("{schema} {PRELUDE} {}", script(text)))
    }

    fn begin(&self, _last: bool) -> Result<(), StoreError> {
        self.wire.ask(Ask::Begin { writes: true }).map(|_| ())
    }

    fn commit(&self) -> Result<(), StoreError> {
        self.wire.ask(Ask::Commit).map(|_| ())
    }

    fn roll_back(&self) {
        // It fails only where the connection does, and then the server rolls back.
        let _ = self.wire.ask(Ask::RollBack);
    }

    fn look(&self) -> Result<(), StoreError> {
        self.wire.ask(Ask::Begin { writes: false }).map(|_| ())
    }

    fn look_away(&self) {
        self.roll_back();
    }

    /// What was deleted stays in the server's files until it cleans them, and in its archives.
    fn forget(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn check(&self, schemas: &[Schema]) -> Result<(), StoreError> {
        let damaged = |what| StoreError::Damaged { place: self.place(), what };
        match self.disarmed(schemas)? {
            Some(name) => Err(damaged(format!("the trigger `{name}` is missing or switched off"))),
            None => Ok(()),
        }
    }

    fn copy_to(&self, _to: &Path) -> Result<(), StoreError> {
        Err(StoreError::Elsewhere { place: self.place() })
    }
}

impl Sql for Postgres {
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        match self.wire.ask(Ask::Execute(statement.to_owned(), owned(values)?))? {
            Answer::Done(changed) => Ok(usize::try_from(changed).unwrap_or(usize::MAX)),
            Answer::Rows(..) => Ok(0),
        }
    }

    fn visit(
        &self,
        statement: &str,
        values: &[Value<'_>],
        see: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut answer = self.wire.ask(Ask::Query(statement.to_owned(), owned(values)?))?;
        while let Answer::Rows(rows, more) = answer {
            for row in rows {
                if see(&Row::new(row)).is_break() {
                    return more
                        .map_or(Ok(()), |number| self.wire.ask(Ask::Close(number)).map(|_| ()));
                }
            }
            let Some(number) = more else { break };
            answer = self.wire.ask(Ask::Fetch(number))?;
        }
        Ok(())
    }
}
