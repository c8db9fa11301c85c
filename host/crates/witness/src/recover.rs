//! Closing what dead processes left open.
//!
//! An intent whose run lock can be taken and that has no outcome is closed as `unknown`: its effect
//! may have happened. Whoever opens the log does this; two that do it at once write one outcome,
//! because the list of open intents is read again under the write lock.

use crate::leaf::{Kind, Leaf, Status, Verdict};
use crate::run_lock::{Life, RunLock};
use crate::{Witness, WitnessError, tables};
use fs_err as fs;
use if_core::{Code, OperationId};
use if_store::Sql;
use std::time::{Duration, UNIX_EPOCH};

/// Most operations closed in one go; the rest waits for the next opening. One command must not
/// hang because a thousand others crashed.
const RECOVER_MAX: u32 = 256;

/// From this age a run file without an intent is litter of a process that died before it recorded
/// one. Any younger one may belong to a process that is about to.
const LITTER_AGE: Duration = Duration::from_secs(3600);

/// Most run files looked at in one go.
const LITTER_MAX: usize = 1024;

impl Witness {
    /// Closes every open intent whose process is gone. Returns those it closed.
    ///
    /// # Errors
    /// The database fails, or an intent cannot be read.
    pub fn recover(&self) -> Result<Vec<OperationId>, WitnessError> {
        let mut closed = Vec::new();
        for (operation, seq) in self.open_intents()? {
            let operation = operation.ok_or(WitnessError::Unreadable { seq })?;
            let lock = match RunLock::probe(&self.shared.run_dir, &operation)? {
                Life::Alive => continue,
                Life::Dead(lock) => Some(lock),
                Life::Gone => None,
            };
            if self.close_unknown(&operation, seq)? {
                closed.push(operation);
            }
            if let Some(lock) = lock {
                lock.remove();
            }
        }
        self.remove_litter();
        Ok(closed)
    }

    fn open_intents(&self) -> Result<Vec<(Option<OperationId>, u64)>, WitnessError> {
        self.shared.store.read(|view| tables::open_intents(view, RECOVER_MAX))
    }

    /// False when it was closed meanwhile.
    fn close_unknown(&self, operation: &OperationId, seq: u64) -> Result<bool, WitnessError> {
        let shared = &self.shared;
        shared.append(|transaction| {
            if !tables::close_intent(transaction, operation)? {
                return Ok(false);
            }
            let intent = intent(transaction, operation, seq)?;
            let code = Code::OutcomeUnknown;
            let verdict =
                Verdict { status: Status::Unknown, code: Some(code), exit: code.exit() as u8 };
            let mut leaf = intent.outcome_of(shared.now(), verdict);
            // What was set aside for it may have been spent.
            if let Some(owed) = (shared.owed)(transaction, operation)? {
                leaf.cost_micros = Some(owed.micros);
                leaf.currency = Some(owed.currency.to_string());
            }
            tables::append(transaction, &shared.key, leaf, &[])?;
            Ok(true)
        })
    }

    /// Removes old run files that nobody holds and no intent names. Best effort: they harm nobody.
    fn remove_litter(&self) {
        let Ok(files) = fs::read_dir(&self.shared.run_dir) else { return };
        let open = self.open_intents().unwrap_or_default();
        let now = UNIX_EPOCH + Duration::from_millis(self.shared.now().0);
        for file in files.flatten().take(LITTER_MAX) {
            let name = file.file_name().into_string().ok();
            let Some(operation) = name.and_then(|name| OperationId::new(name).ok()) else {
                continue;
            };
            let modified = file.metadata().and_then(|metadata| metadata.modified());
            let old =
                modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age >= LITTER_AGE));
            if !old || open.iter().any(|(named, _)| named.as_ref() == Some(&operation)) {
                continue;
            }
            if let Ok(Life::Dead(lock)) = RunLock::probe(&self.shared.run_dir, &operation) {
                lock.remove();
            }
        }
    }
}

/// The intent of this operation, which the list says stands at this position. An outcome is never
/// written for another entry than that.
fn intent(sql: &dyn Sql, operation: &OperationId, seq: u64) -> Result<Leaf, WitnessError> {
    let bytes = tables::leaf(sql, seq)?;
    let leaf: Option<Leaf> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    leaf.filter(|leaf| leaf.kind == Kind::Intent && leaf.operation.as_ref() == Some(operation))
        .ok_or_else(|| WitnessError::NoIntent { operation: operation.clone(), seq })
}
