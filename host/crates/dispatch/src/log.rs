//! The log, as the operator asks for it.

use crate::host::Host;
use crate::job::explain;
use if_core::{Code, Explain, OperationId, Problem};
use if_witness::{Entry, Erased, Filter};

/// An entry of the operator's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub seq: u64,
    pub hash: String,
}

/// A log that verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub leaves: u64,
    /// Stored words that fit their commitments, and those that were erased.
    pub bodies: u64,
    pub erased: u64,
    /// Hash of the newest entry; kept elsewhere, it proves that nothing was cut off.
    pub head: String,
    pub key: String,
}

impl Host {
    /// Writes an entry of one's own.
    pub fn note(&self, text: &str) -> Result<Written, Problem> {
        let at = self.witness.note(text).map_err(explain)?;
        Ok(Written { seq: at.seq, hash: at.hash.to_string() })
    }

    /// Entries that fit, newest first.
    pub fn query(&self, filter: &Filter) -> Result<Vec<Entry>, Problem> {
        self.witness.query(filter).map_err(explain)
    }

    /// Gives out every entry that fits, oldest first, with the words of a list.
    pub fn each(&self, filter: &Filter, mut give: impl FnMut(Entry)) -> Result<(), Problem> {
        let end = self.length()?;
        let each = |entry| {
            give(entry);
            Ok::<_, if_witness::WitnessError>(())
        };
        self.witness.each_listed(filter, end, each).map_err(explain)
    }

    /// How many entries there are.
    pub fn length(&self) -> Result<u64, Problem> {
        Ok(self.witness.head().map_err(explain)?.map_or(0, |head| head.leaves))
    }

    /// One operation with everything recorded of it.
    pub fn entry(&self, operation: &OperationId) -> Result<Entry, Problem> {
        self.witness.entry(operation).map_err(explain)?.ok_or_else(|| {
            Problem::new(Code::Usage, format!("there is no operation {operation}"))
                .hint("ifctl witness log")
        })
    }

    /// Erases what was stored of an operation beside its entries.
    pub fn erase(&self, operation: &OperationId) -> Result<Erased, Problem> {
        self.witness.erase(operation).map_err(explain)
    }

    /// Verifies every entry; the first that is broken is the error.
    pub fn verify_log(&self) -> Result<Verified, Problem> {
        let report = self.witness.verify(None).map_err(explain)?;
        if let Some(fault) = report.first_problem {
            return Err(fault
                .problem()
                .because(format!("{} entries before it are good", report.leaves)));
        }
        Ok(Verified {
            leaves: report.leaves,
            bodies: report.bodies,
            erased: report.erased,
            head: report.head.map(|head| head.hash.to_string()).unwrap_or_default(),
            key: self.witness.public_key().to_string(),
        })
    }
}
