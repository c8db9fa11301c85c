//! Erasing what was said: the bodies of an operation go, its entries stay, and an entry says so.
//!
//! Every proof still verifies, for an entry holds only salted commitments of its bodies, and the
//! salts go with them. Copies are not reached: backups, exports, and what was read before.

use crate::commitment::Part;
use crate::leaf::{Kind, Leaf};
use crate::operation::LeafRef;
use crate::record::text;
use crate::{Witness, WitnessError, tables};
use if_core::OperationId;

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// Bodies that are gone; 0 where none was left.
    pub bodies: u64,
    /// The entry that says so; none where there was nothing to erase.
    pub said: Option<LeafRef>,
    /// Whether a reader kept the bytes in the write-ahead log, until a later command folds it.
    pub lingers: bool,
}

impl Witness {
    /// Erases the bodies of an operation that has ended.
    ///
    /// # Errors
    /// There is no such operation, or it has not ended; the database fails.
    pub fn erase(&self, operation: &OperationId) -> Result<Erased, WitnessError> {
        let entry = self.entry(operation)?;
        let entry = entry.ok_or_else(|| WitnessError::OperationUnknown(operation.clone()))?;
        if entry.is_open() {
            return Err(WitnessError::OperationOpen(operation.clone()));
        }
        let places = [Some(&entry.opened), entry.closed.as_ref()];
        let places: Vec<u64> = places.into_iter().flatten().map(|at| at.leaf.seq).collect();
        let shared = &self.shared;
        let (bodies, said) = shared.append_last(|transaction| {
            let mut bodies = 0;
            for seq in places {
                bodies += tables::erase(transaction, seq)?;
            }
            if bodies == 0 {
                return Ok((0, None));
            }
            let leaf = Leaf::new(Kind::Note, shared.now());
            let words = format!("erased: {bodies} stored parts of operation {operation}");
            let part = Part::new("note", text(words))?;
            let (said, _) = tables::append(transaction, &shared.key, leaf, &[part])?;
            Ok::<_, WitnessError>((bodies, Some(said)))
        })?;
        let lingers = bodies > 0 && !shared.store.forget()?;
        Ok(Erased { bodies, said, lingers })
    }
}
