//! An empty database of each kind.

use if_postgres::Place;
use if_servers::Postgres;
use if_store::{Schema, Store, StoreError};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use zeroize::Zeroizing;

/// How long a writer waits for others where a test does not say.
const PATIENCE: Duration = Duration::from_secs(5);

/// An empty database.
pub enum Kind {
    Sqlite(TempDir),
    Postgres { server: Arc<Postgres>, database: String, url: String },
}

impl Kind {
    /// Another connection to it, with these tables.
    pub fn open(&self, schemas: &[Schema]) -> Result<Store, StoreError> {
        self.open_waiting(schemas, PATIENCE)
    }

    pub fn open_waiting(&self, schemas: &[Schema], wait: Duration) -> Result<Store, StoreError> {
        match self {
            Kind::Sqlite(folder) => {
                Store::open_waiting(&folder.path().join("if.db"), schemas, wait)
            }
            Kind::Postgres { server, url, .. } => {
                let password = Some(Zeroizing::new(server.password.clone().into_bytes()));
                let place = Place { url: url.clone(), password, ca_file: None };
                Store::on(if_postgres::open(place, wait)?, schemas)
            }
        }
    }

    /// Edits it past every guard but the signatures, as whoever owns the database can.
    pub fn edit(&self, statements: &str) {
        match self {
            Kind::Sqlite(folder) => {
                let script = format!(
                    "import sqlite3\n\
                     c = sqlite3.connect({:?})\n\
                     of = \"select name, sql from sqlite_master where type='trigger'\"\n\
                     triggers = c.execute(of).fetchall()\n\
                     for (name, _) in triggers: c.execute('drop trigger ' + name)\n\
                     c.executescript({statements:?})\n\
                     for (_, made) in triggers: c.execute(made)\n\
                     c.commit()",
                    folder.path().join("if.db")
                );
                let done = Command::new("python3").args(["-c", &script]).output().unwrap();
                assert!(done.status.success(), "{done:?}");
            }
            Kind::Postgres { server, database, .. } => {
                // The words of SQLite for bytes.
                let statements = statements.replace("x'00'", "'\\x00'::bytea");
                server
                    .tell(
                        database,
                        &format!(
                            "SET search_path = infrafabric; SET session_replication_role = replica;
                             {statements}"
                        ),
                    )
                    .unwrap();
            }
        }
    }
}

/// Runs a test on a database of each kind.
pub fn on_each(test: impl Fn(&Kind)) {
    on_each_with([()], |kind, ()| test(kind));
}

/// Runs a test on a database of each kind for each of these cases.
pub fn on_each_with<T: Clone>(cases: impl IntoIterator<Item = T>, test: impl Fn(&Kind, T)) {
    let server = if_servers::require!(Postgres).then(|| Arc::new(Postgres::start().unwrap()));
    for (number, case) in cases.into_iter().enumerate() {
        test(&Kind::Sqlite(tempfile::tempdir().unwrap()), case.clone());
        if let Some(server) = server.clone() {
            let database = format!("log{number}");
            let url = server.database(&database).unwrap();
            test(&Kind::Postgres { server, database, url }, case);
        }
    }
}
