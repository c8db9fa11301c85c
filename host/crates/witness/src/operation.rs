//! An operation between its intent and its outcome.

use crate::leaf::Leaf;
use crate::record::Outcome;
use crate::run_lock::RunLock;
use crate::witness::Shared;
use crate::{Hash32, WitnessError, tables};
use if_core::OperationId;
use if_store::{StoreError, Transaction};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// Where an entry stands, and its leaf hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LeafRef {
    /// Position in the log, from 0.
    pub seq: u64,
    pub hash: Hash32,
}

/// A recorded intent whose outcome is not yet known. Dropped without [`Operation::finish`], or
/// killed with its process, it is closed as `unknown` by whoever opens the log next.
#[must_use = "an operation that is not finished ends as `unknown`"]
pub struct Operation {
    shared: Arc<Shared>,
    operation: OperationId,
    intent: LeafRef,
    leaf: Leaf,
    lock: RunLock,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operation({}, entry {})", self.operation, self.intent.seq)
    }
}

impl Operation {
    pub(crate) fn new(
        shared: Arc<Shared>,
        operation: OperationId,
        intent: LeafRef,
        leaf: Leaf,
        lock: RunLock,
    ) -> Self {
        Self { shared, operation, intent, leaf, lock }
    }

    /// Which operation.
    pub fn id(&self) -> &OperationId {
        &self.operation
    }

    /// Where its intent stands.
    pub fn intent(&self) -> LeafRef {
        self.intent
    }

    /// Records how it ended. Durable before it returns: only then may the result be shown.
    ///
    /// # Errors
    /// The database fails; then the operation will be closed as `unknown`. Or another process took
    /// this one for dead and did so already.
    pub fn finish(self, outcome: Outcome) -> Result<LeafRef, WitnessError> {
        self.finish_with(outcome, |_| Ok(()))
    }

    /// As [`Operation::finish`], with what `also` writes (plugin state, real cost) in the same
    /// commit.
    ///
    /// # Errors
    /// As [`Operation::finish`], and those of `also`; then neither is recorded.
    pub fn finish_with(
        self,
        outcome: Outcome,
        also: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
    ) -> Result<LeafRef, WitnessError> {
        let shared = &self.shared;
        let (leaf, parts) = outcome.record(&self.leaf, shared.now())?;
        let at = shared.append_last(|transaction| {
            if !tables::close_intent(transaction, &self.operation)? {
                return Err(WitnessError::OperationClosed(self.operation.clone()));
            }
            let (at, _) = tables::append(transaction, &shared.key, leaf, &parts)?;
            also(transaction)?;
            Ok(at)
        })?;
        self.lock.remove();
        Ok(at)
    }
}
