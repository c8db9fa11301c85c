//! The check of the whole database: every leaf, every body, and the index that queries believe.
//!
//! Reads one row at a time from one unchanging view; the rules are in `verify`.

use crate::tables::{self, IndexRow};
use crate::verify::{Fault, FaultKind, Head, Row, Verifier, VerifyReport};
use crate::{PublicKey, Witness, WitnessError};
use if_store::Connection;

impl Witness {
    /// Checks everything with this home's own key. `expected` is a head that was kept elsewhere.
    ///
    /// # Errors
    /// The database cannot be read. A log that does not verify is no error here: the report's
    /// `first_problem` says so.
    pub fn verify(&self, expected: Option<Head>) -> Result<VerifyReport, WitnessError> {
        self.verify_with(self.public_key(), expected)
    }

    /// As [`Witness::verify`], with a public key that came from elsewhere.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn verify_with(
        &self,
        key: PublicKey,
        expected: Option<Head>,
    ) -> Result<VerifyReport, WitnessError> {
        self.shared.store.read(|view| {
            let mut verifier = Verifier::new(key, expected);
            let fault = check(view, &mut verifier)?;
            Ok(verifier.report(fault))
        })
    }

    /// How long the log is and its newest leaf's hash, unverified.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn head(&self) -> Result<Option<Head>, WitnessError> {
        let newest = self.shared.store.read(tables::head)?;
        Ok(newest.map(|at| Head { leaves: at.seq.saturating_add(1), hash: at.hash }))
    }
}

fn check(view: &Connection, verifier: &mut Verifier) -> Result<Option<Fault>, WitnessError> {
    let mut select =
        view.prepare_cached("SELECT seq, leaf, leaf_hash, signature FROM leaf ORDER BY seq")?;
    let rows = select.query_map([], |row| {
        Ok(Row {
            // A negative position maps to one that is out of order too.
            seq: row.get::<_, i64>(0)?.cast_unsigned(),
            leaf: row.get(1)?,
            hash: row.get(2)?,
            signature: row.get(3)?,
        })
    })?;
    let mut leaves: u64 = 0;
    for row in rows {
        let leaf = match verifier.leaf(&row?) {
            Ok(leaf) => leaf,
            Err(fault) => return Ok(Some(fault)),
        };
        if IndexRow::load(view, leaf.seq)? != Some(IndexRow::of(&leaf)?) {
            return Ok(Some(Fault { seq: leaf.seq, kind: FaultKind::Index }));
        }
        if let Err(fault) = verifier.bodies(&leaf, &tables::parts(view, leaf.seq)?) {
            return Ok(Some(fault));
        }
        leaves = leaf.seq.saturating_add(1);
    }
    unlogged(view, leaves)
}

/// An index row or a body beyond the last leaf: what it told of was cut off.
fn unlogged(view: &Connection, leaves: u64) -> Result<Option<Fault>, WitnessError> {
    let extra: Option<i64> = view
        .prepare_cached(
            "SELECT min(seq) FROM (
                 SELECT min(seq) AS seq FROM entry WHERE seq >= ?1 OR seq < 0
                 UNION ALL SELECT min(seq) FROM body WHERE seq >= ?1 OR seq < 0
                 UNION ALL SELECT min(seq) FROM open_intent WHERE seq >= ?1 OR seq < 0)",
        )?
        .query_row([tables::integer(leaves)?], |row| row.get(0))?;
    Ok(extra.map(|seq| Fault { seq: seq.cast_unsigned(), kind: FaultKind::Unlogged }))
}
