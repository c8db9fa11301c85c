//! Limits that the engine asks about, and how a call says that it must end.
//!
//! The engine's own `StoreLimits` bound each memory by itself, so that ten thousand of them pass a
//! limit of one. Here the bytes of all memories of a call are summed.

use if_core::{Code, Refusal};
use wasmtime::ResourceLimiter;

/// Linear memories of one call. Components of usual toolchains have one.
const MEMORIES_MAX: usize = 8;

/// Tables of one call. Components of usual toolchains have two or three.
const TABLES_MAX: usize = 16;

/// Elements of all tables of one call, 8 bytes each. Interpreters compiled to wasm use some 10,000.
const TABLE_ELEMENTS_MAX: usize = 100_000;

/// Core instances of one call. Interpreters with dynamic libraries use some 30.
const INSTANCES_MAX: usize = 64;

/// Why a call must end now, whatever its guest does. The first one counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("{}", .0.message)]
    Refused(Refusal),
    #[error("{message}")]
    Limit { code: Code, message: String },
    #[error("the plugin called exit({0})")]
    Exit(u8),
}

impl Stop {
    pub(crate) fn limit(code: Code, message: impl Into<String>) -> Self {
        Self::Limit { code, message: message.into() }
    }
}

/// Sums memory and table sizes over a call.
#[derive(Debug)]
pub(crate) struct Growth {
    memory_bytes_max: usize,
    memory_bytes: usize,
    memory_peak_bytes: usize,
    table_elements: usize,
}

impl Growth {
    pub(crate) fn new(memory_bytes_max: u64) -> Self {
        let memory_bytes_max = usize::try_from(memory_bytes_max).unwrap_or(usize::MAX);
        Self { memory_bytes_max, memory_bytes: 0, memory_peak_bytes: 0, table_elements: 0 }
    }

    pub(crate) fn memory_peak_bytes(&self) -> u64 {
        self.memory_peak_bytes as u64
    }
}

impl ResourceLimiter for Growth {
    /// An error, not `false`: a guest that is told "no" only panics, and the reason is lost.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The engine refuses by itself what exceeds the memory's own type; nothing grows.
            return Ok(true);
        }
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if total > self.memory_bytes_max {
            let message = format!(
                "the plugin asked for {total} bytes of memory; its limit is {}",
                self.memory_bytes_max
            );
            return Err(Stop::limit(Code::LimitMemory, message).into());
        }
        self.memory_bytes = total;
        self.memory_peak_bytes = self.memory_peak_bytes.max(total);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(true);
        }
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > TABLE_ELEMENTS_MAX {
            let message = format!(
                "the plugin asked for {total} table elements; the limit is {TABLE_ELEMENTS_MAX}"
            );
            return Err(Stop::limit(Code::LimitHandles, message).into());
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        TABLES_MAX
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_summed() {
        let mut growth = Growth::new(100);
        assert!(growth.memory_growing(0, 60, None).unwrap());
        assert!(growth.memory_growing(0, 40, Some(40)).unwrap());
        let error = growth.memory_growing(40, 41, None).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(Stop::Limit { code: Code::LimitMemory, .. })));
        assert_eq!(growth.memory_peak_bytes(), 100);
    }

    #[test]
    fn growth_beyond_a_memorys_own_maximum_is_not_counted() {
        let mut growth = Growth::new(100);
        assert!(growth.memory_growing(0, 500, Some(50)).unwrap());
        assert_eq!(growth.memory_peak_bytes(), 0);
    }

    #[test]
    fn table_elements_are_summed() {
        let mut growth = Growth::new(0);
        assert!(growth.table_growing(0, TABLE_ELEMENTS_MAX, None).unwrap());
        assert!(growth.table_growing(0, 1, None).is_err());
    }
}
