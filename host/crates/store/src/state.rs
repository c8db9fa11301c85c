//! The small key-value store of one plugin and instance.
//!
//! What a call writes stays in memory, visible to that call alone, until [`State::save`] puts it
//! into the transaction that records the outcome. So state and evidence become durable together, a
//! plugin that sets a thousand keys costs no flush of the disk, and a dry run drops everything by
//! not saving.
//!
//! It refuses more than [`STATE_BYTES_MAX`] per plugin and instance: a plugin gets a notebook, not
//! a database, and cannot fill the disk.

use crate::{Rows as _, Sql, Store, StoreError, Value};
use if_core::{CapabilityId, Code, Explain, Refusal, RefusalKind, StateStore, Word};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keys, values and overhead of all entries of one plugin and instance together.
pub const STATE_BYTES_MAX: usize = 64 << 10;

/// What an entry counts beside its key and value: no one fits 60,000 empty ones.
pub const STATE_ENTRY_OVERHEAD_BYTES: usize = 32;

/// Longest key, in bytes: keys are index entries.
pub const STATE_KEY_BYTES_MAX: usize = 256;

/// The state of one plugin and instance as one call sees it.
#[derive(Debug)]
pub struct State {
    store: Arc<Store>,
    component: CapabilityId,
    instance: Word,
    written: Mutex<Written>,
}

/// What the call wrote, and what the database held when it first wrote.
#[derive(Debug, Default)]
struct Written {
    /// `None` deletes.
    values: BTreeMap<String, Option<Vec<u8>>>,
    /// Bytes that each stored key counts; read once, with the first write.
    stored: Option<BTreeMap<String, usize>>,
}

impl State {
    /// The state of `component` for `instance`. Reads nothing yet.
    pub fn new(store: Arc<Store>, component: CapabilityId, instance: Word) -> Self {
        Self { store, component, instance, written: Mutex::default() }
    }

    /// Puts what the call wrote into `transaction`. Called with the outcome, never in a dry run.
    ///
    /// # Errors
    /// The database cannot be written, or another call filled the state meanwhile.
    pub fn save(&self, transaction: &dyn Sql) -> Result<(), StoreError> {
        let written = self.lock();
        if written.values.is_empty() {
            return Ok(());
        }
        let stored = self.sizes(transaction)?;
        if total(&stored, &written.values) > STATE_BYTES_MAX {
            return Err(self.full());
        }
        for (key, value) in &written.values {
            self.save_one(transaction, key, value.as_deref())?;
        }
        Ok(())
    }

    fn save_one(&self, sql: &dyn Sql, key: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
        let [component, instance] = self.place();
        match value {
            Some(value) => sql.execute(
                "INSERT INTO state (component, instance, key, value) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (component, instance, key) DO UPDATE SET value = excluded.value",
                &[component, instance, key.into(), value.into()],
            )?,
            None => sql.execute(
                "DELETE FROM state WHERE component = ?1 AND instance = ?2 AND key = ?3",
                &[component, instance, key.into()],
            )?,
        };
        Ok(())
    }

    fn load(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let [component, instance] = self.place();
        let select = "SELECT value FROM state WHERE component = ?1 AND instance = ?2 AND key = ?3";
        let row = self.store.read(|view| view.first(select, &[component, instance, key.into()]))?;
        row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
    }

    /// Bytes that each stored key counts.
    fn sizes(&self, sql: &dyn Sql) -> Result<BTreeMap<String, usize>, StoreError> {
        let select = "SELECT key, length(value) FROM state WHERE component = ?1 AND instance = ?2";
        let mut sizes = BTreeMap::new();
        sql.each(select, &self.place(), |row| {
            let length = usize::try_from(row.number(1)?).unwrap_or(usize::MAX);
            let key = row.text(0)?;
            sizes.insert(key.to_owned(), size(key, length));
            Ok::<_, StoreError>(())
        })?;
        Ok(sizes)
    }

    fn place(&self) -> [Value<'_>; 2] {
        [self.component.as_str().into(), self.instance.as_str().into()]
    }

    /// Reads what is stored, once. Never asks the database while it holds its own lock: `save`
    /// takes the two in the other order.
    fn know_sizes(&self) -> Result<(), StoreError> {
        if self.lock().stored.is_none() {
            let stored = self.store.read(|connection| self.sizes(connection))?;
            self.lock().stored.get_or_insert(stored);
        }
        Ok(())
    }

    fn full(&self) -> StoreError {
        StoreError::StateFull {
            component: self.component.to_string(),
            instance: self.instance.to_string(),
            max: STATE_BYTES_MAX,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for State {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Refusal> {
        check_key(key)?;
        if let Some(value) = self.lock().values.get(key) {
            return Ok(value.clone());
        }
        self.load(key).map_err(|error| refusal(&error))
    }

    fn set(&self, key: &str, value: Option<&[u8]>) -> Result<(), Refusal> {
        check_key(key)?;
        self.know_sizes().map_err(|error| refusal(&error))?;
        let mut written = self.lock();
        // Measured before the copy is made, so that a guest cannot make us hold more.
        let others = total_without(&written, key);
        let own = value.map_or(0, |value| size(key, value.len()));
        if others.saturating_add(own) > STATE_BYTES_MAX {
            return Err(refusal(&self.full()));
        }
        // Deleting what was never stored leaves nothing: else distinct keys would pile up here.
        let stored = written.stored.as_ref().is_some_and(|stored| stored.contains_key(key));
        if value.is_none() && !stored {
            written.values.remove(key);
        } else {
            written.values.insert(key.to_owned(), value.map(<[u8]>::to_vec));
        }
        Ok(())
    }
}

fn check_key(key: &str) -> Result<(), Refusal> {
    if key.is_empty() || key.len() > STATE_KEY_BYTES_MAX {
        let message = format!("a state key has 1 to {STATE_KEY_BYTES_MAX} bytes");
        return Err(Refusal::new(RefusalKind::Invalid, Code::PluginMisbehaved, message));
    }
    Ok(())
}

/// A full notebook is the guest's to handle; a broken database ends the call.
fn refusal(error: &StoreError) -> Refusal {
    let (code, message) = (error.code(), error.to_string());
    match error {
        StoreError::StateFull { .. } => Refusal::new(RefusalKind::Limit, code, message),
        _ => Refusal::fatal(RefusalKind::Limit, code, message),
    }
}

fn size(key: &str, value_bytes: usize) -> usize {
    key.len().saturating_add(value_bytes).saturating_add(STATE_ENTRY_OVERHEAD_BYTES)
}

/// Bytes once `values` are laid over `stored`.
fn total(stored: &BTreeMap<String, usize>, values: &BTreeMap<String, Option<Vec<u8>>>) -> usize {
    let kept = stored.iter().filter(|(key, _)| !values.contains_key(*key)).map(|(_, size)| *size);
    let new = values.iter().filter_map(|(key, value)| Some(size(key, value.as_ref()?.len())));
    kept.chain(new).fold(0, usize::saturating_add)
}

/// As [`total`], without what `key` holds now.
fn total_without(written: &Written, key: &str) -> usize {
    let empty = BTreeMap::new();
    let stored = written.stored.as_ref().unwrap_or(&empty);
    let now = match (written.values.get(key), stored.get(key)) {
        (Some(Some(value)), _) => size(key, value.len()),
        (Some(None), _) | (None, None) => 0,
        (None, Some(size)) => *size,
    };
    total(stored, &written.values).saturating_sub(now)
}
