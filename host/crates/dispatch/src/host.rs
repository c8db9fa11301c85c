//! An opened home: database, trust files, keys, and the clock. Everything the commands act on.

use crate::clock::SystemClock;
use crate::job::explain;
use crate::request::{AskedBy, Request};
use if_config::{Caller, Environment, Home, Settings, StoreSettings};
use if_core::{Clock, Code, OperationId, Problem, UnixMillis};
use if_registry::{InTheClear, KeyGuard, Layout};
use if_store::Store;
use if_witness::{LogFiles, Owed, Witness};
use std::path::PathBuf;
use std::sync::Arc;

/// The house, open for one command.
pub struct Host {
    pub(crate) environment: Environment,
    pub(crate) home: Home,
    pub(crate) settings: Settings,
    pub(crate) layout: Layout,
    pub(crate) store: Arc<Store>,
    pub(crate) witness: Witness,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) guard: Arc<dyn KeyGuard>,
}

/// What `init` made.
#[derive(Debug)]
pub struct Created {
    pub home: PathBuf,
    /// Key id of the root, publisher and allow-list key.
    pub root_key: String,
    /// Key id of the log's key.
    pub log_key: String,
}

impl Host {
    /// Opens an existing home; closes what a dead process left open in the log.
    pub fn open(environment: Environment) -> Result<Host, Problem> {
        let home = Home::open(Home::locate(&environment, None)).map_err(explain)?;
        let settings = Settings::load(&home.config_file()).map_err(explain)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Arc::new(crate::database::open(&home, &settings, &environment)?);
        let witness = open_log(&home, store.clone(), clock.clone())?;
        let layout = Layout { home: home.path().to_owned() };
        let guard = Arc::new(InTheClear);
        Ok(Host { environment, home, settings, layout, store, witness, clock, guard })
    }

    /// The same, with somebody who knows the passphrases of its keys.
    #[must_use]
    pub fn with_guard(self, guard: Arc<dyn KeyGuard>) -> Host {
        Host { guard, ..self }
    }

    /// Refuses where there is a home already, before anybody is asked for anything.
    pub fn refuse_second(environment: &Environment) -> Result<(), Problem> {
        let layout = Layout { home: Home::locate(environment, None) };
        if_registry::refuse_second(&layout).map_err(explain)
    }

    /// Makes a home with fresh keys and empty trust files. Refuses where there is one. The log's
    /// key stays in the clear whatever `guard` says: it signs every operation, and nobody is there
    /// to be asked. `store`: where the database is to be, if not in the home.
    pub fn create(
        environment: Environment,
        guard: &dyn KeyGuard,
        store: Option<&StoreSettings>,
    ) -> Result<Created, Problem> {
        let path = Home::locate(&environment, None);
        let home = Home::create(&path).map_err(explain)?;
        if let Some(store) = store {
            // Before anything is written or any key made: who mistyped it tries again.
            let settings = Settings { store: Some(store.clone()), ..Settings::default() };
            crate::database::open(&home, &settings, &environment)?;
            home.add_store(store).map_err(explain)?;
        }
        let layout = Layout { home: path.clone() };
        let root_key = if_registry::init_trust(&layout, SystemClock.now(), guard);
        let root_key = root_key.map_err(explain)?;
        let log_key = if_witness::create_key(&log_key(&home)).map_err(explain)?;
        crate::engine::create_key(&home)?;
        #[cfg(feature = "live")]
        crate::secret::create(&home)?;
        let host = Host::open(environment)?;
        host.note("home created")?;
        Ok(Created { home: path, root_key: root_key.to_string(), log_key: log_key.to_string() })
    }

    /// The time that every entry of the log is given.
    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// The time for a command where the line says nothing: `IF_TIMEOUT`, else the configuration's.
    pub(crate) fn timeout_ms(&self) -> Result<Option<u64>, Problem> {
        let from_environment = self.environment.timeout_ms().map_err(explain)?;
        Ok(from_environment.or(self.settings.defaults.timeout_ms))
    }

    /// Who asks for this.
    pub(crate) fn asker(&self, request: &Request) -> Result<AskedBy, Problem> {
        if let Some(by) = &request.flags.by {
            return Ok(by.clone());
        }
        let Caller { swarm, agent } = self.environment.caller().map_err(explain)?;
        Ok(AskedBy { actor: self.actor(), swarm, agent })
    }

    /// Who acts, for the log: the user's name.
    pub(crate) fn actor(&self) -> String {
        self.environment.user().unwrap_or("unknown").to_owned()
    }
}

fn open_log(home: &Home, store: Arc<Store>, clock: Arc<dyn Clock>) -> Result<Witness, Problem> {
    let (key, run_dir, anchor) = (log_key(home), home.run_dir(), home.anchor_file());
    let files = LogFiles { key: &key, run_dir: &run_dir, anchor: &anchor };
    let owed: Owed = |transaction, operation| if_optimise::owed(transaction, operation);
    Witness::open_with(store, files, clock, owed).map_err(explain)
}

/// The witness's signing key.
fn log_key(home: &Home) -> PathBuf {
    home.keys_dir().join("witness.key")
}

/// A fresh, time-ordered operation id (UUID version 7).
pub(crate) fn fresh_id(now: UnixMillis) -> Result<OperationId, Problem> {
    let mut random = [0u8; 10];
    fill_random(&mut random)?;
    let id = uuid::Builder::from_unix_timestamp_millis(now.0, &random).into_uuid();
    OperationId::new(id.simple().to_string()).map_err(|e| Problem::new(Code::Bug, e.to_string()))
}

/// Random bytes from the operating system.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), Problem> {
    getrandom::fill(bytes).map_err(|e| {
        Problem::new(Code::Store, "the system gives no randomness").because(e.to_string())
    })
}
