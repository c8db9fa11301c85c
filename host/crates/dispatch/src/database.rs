//! Which database the log lies in: the home's own, or one on a server.

use crate::job::explain;
use if_config::{Environment, Home, Settings, StoreSettings};
use if_core::Problem;
use if_store::{Schema, Store};

/// Opens it, with the tables of everybody who has some.
pub(crate) fn open(
    home: &Home,
    settings: &Settings,
    environment: &Environment,
) -> Result<Store, Problem> {
    let schemas = [if_witness::SCHEMA, if_optimise::SCHEMA, if_governor::SCHEMA];
    match &settings.store {
        None => Store::open(&home.database(), &schemas).map_err(explain),
        Some(store) => on_server(store, environment, &schemas),
    }
}

#[cfg(feature = "postgres")]
fn on_server(
    store: &StoreSettings,
    environment: &Environment,
    schemas: &[Schema],
) -> Result<Store, Problem> {
    let place = if_postgres::Place {
        url: store.postgres.clone(),
        password: store.password.as_ref().map(|it| password(it, environment)).transpose()?,
        ca_file: store.ca_file.clone(),
    };
    let session = if_postgres::open(place, if_store::BUSY_WAIT).map_err(explain)?;
    Store::on(session, schemas).map_err(explain)
}

/// What the reference names. The settings know no other kinds.
#[cfg(feature = "postgres")]
fn password(
    reference: &if_config::SecretReference,
    environment: &Environment,
) -> Result<zeroize::Zeroizing<Vec<u8>>, Problem> {
    use if_config::SecretReference;
    let found = match reference {
        SecretReference::Env(name) => {
            environment.variable(name).map(|it| zeroize::Zeroizing::new(it.into_bytes()))
        }
        SecretReference::File(path) => if_vault::read_token(path).map_err(explain)?,
        _ => None,
    };
    found.ok_or_else(|| {
        let text = format!("the password of the database is not where `{reference}` says");
        Problem::new(if_core::Code::SecretSource, text)
    })
}

#[cfg(not(feature = "postgres"))]
fn on_server(_: &StoreSettings, _: &Environment, _: &[Schema]) -> Result<Store, Problem> {
    Err(Problem::new(if_core::Code::Config, "this program was built without PostgreSQL")
        .hint("build it with `--features postgres`, which is on unless it was switched off"))
}
