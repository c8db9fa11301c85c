//! Threads that share one transaction, and wait for its commit together.

use crate::StoreError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Those that have written in one transaction.
#[derive(Debug, Default)]
pub(crate) struct Group {
    members: AtomicUsize,
    ended: Mutex<Option<Result<(), Arc<StoreError>>>>,
    wake: Condvar,
}

impl Group {
    /// One more has written.
    pub fn join(&self) {
        self.members.fetch_add(1, Ordering::SeqCst);
    }

    pub fn members(&self) -> usize {
        self.members.load(Ordering::SeqCst)
    }

    /// The transaction was committed, or was not.
    pub fn end(&self, outcome: Result<(), StoreError>) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        *ended = Some(outcome.map_err(Arc::new));
        self.wake.notify_all();
    }

    /// Waits for that.
    pub fn outcome(&self) -> Result<(), StoreError> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &*ended {
                Some(outcome) => return outcome.clone().map_err(StoreError::Shared),
                None => ended = self.wake.wait(ended).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}
