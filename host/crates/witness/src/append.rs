//! The one way in which the log grows: under the database's write lock, from the head that was
//! written last, and with the new head kept outside after the commit.

use crate::anchor::Anchor;
use crate::verify::Head;
use crate::witness::{Shared, check};
use crate::{WitnessError, tables, tiles, window};
use if_store::Transaction;
use if_tlog::TILE_WIDTH;

impl Shared {
    /// Runs `work`, which appends, in one transaction that is on the disk when this returns.
    ///
    /// # Errors
    /// Those of `work`, and when the log is not the one that was written from here.
    pub(crate) fn append<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, WitnessError>,
    ) -> Result<T, WitnessError> {
        let (done, head) = self.store.transaction(|transaction| self.grow(transaction, work))?;
        self.committed(head, Anchor::pass)?;
        Ok(done)
    }

    /// As [`Shared::append`], for the last one of a command: the new head is durable outside the
    /// database too when this returns.
    ///
    /// # Errors
    /// As [`Shared::append`].
    pub(crate) fn append_last<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, WitnessError>,
    ) -> Result<T, WitnessError> {
        let (done, head) =
            self.store.last_transaction(|transaction| self.grow(transaction, work))?;
        self.committed(head, Anchor::keep)?;
        Ok(done)
    }

    fn grow<T>(
        &self,
        transaction: &Transaction<'_>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, WitnessError>,
    ) -> Result<(T, Option<Head>), WitnessError> {
        let before = tables::length(transaction)?;
        // Whoever joins a transaction finds what another thread looked at when it began.
        if !transaction.joined() {
            check(self.anchor(transaction)?, transaction)?;
            if let Some(before) = before {
                window::check(transaction, before)?;
            }
        }
        let done = work(transaction)?;
        let after = tables::length(transaction)?;
        let tiles = |head: Option<Head>| head.map_or(0, |head| head.leaves) / TILE_WIDTH;
        if tiles(after) > tiles(before) {
            tiles::fill(transaction, after.map_or(0, |after| after.leaves))?;
        }
        Ok((done, after))
    }

    /// Keeps the head that was committed. A command that cannot do so fails: the next one finds the
    /// entry all the same.
    fn committed(
        &self,
        head: Option<Head>,
        write: impl FnOnce(&Anchor, Head) -> Result<(), WitnessError>,
    ) -> Result<(), WitnessError> {
        let (Some(anchor), Some(head)) = (self.anchor.get(), head) else { return Ok(()) };
        write(anchor, head)
    }
}
