//! The check of the whole database: every leaf, every body, and the index that queries believe.
//!
//! Reads one row at a time from one unchanging view; the rules are in `verify`.

use crate::regrown::Regrown;
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
            let mut report = audit(view, key, expected)?;
            if report.first_problem.is_none() {
                report.first_problem = self.anchor_fault(view)?;
            }
            Ok(report)
        })
    }

    /// What is wrong between the log and its anchor.
    fn anchor_fault(&self, view: &Connection) -> Result<Option<Fault>, WitnessError> {
        match self.shared.check_anchor(view) {
            Ok(()) => Ok(None),
            Err(WitnessError::Anchor(fault)) => {
                let leaves = tables::length(view)?.map_or(0, |head| head.leaves);
                let seq = leaves.saturating_sub(1);
                Ok(Some(Fault { seq, kind: FaultKind::Anchor(fault) }))
            }
            Err(error) => Err(error),
        }
    }

    /// How long the log is and its newest leaf's hash, unverified.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn head(&self) -> Result<Option<Head>, WitnessError> {
        self.shared.store.read(tables::length)
    }
}

/// Goes through the whole log, and once more where that says better what is wrong.
fn audit(
    view: &Connection,
    key: PublicKey,
    expected: Option<Head>,
) -> Result<VerifyReport, WitnessError> {
    let tree = match Regrown::begin(view, key)? {
        Ok(tree) => tree,
        Err(fault) => return Ok(Verifier::new(key, expected).report(Some(fault))),
    };
    let covered = tree.covered();
    let report = walk(view, tree, Verifier::new(key, expected).covered_until(covered))?;
    match (covered, &report.first_problem, Regrown::begin(view, key)?) {
        // Each leaf's own signature names the one that is wrong.
        (1.., Some(_), Ok(tree)) => {
            let exact = walk(view, tree, Verifier::new(key, expected))?;
            Ok(if exact.first_problem.is_some() { exact } else { report })
        }
        _ => Ok(report),
    }
}

/// Goes through the whole log once.
fn walk(
    view: &Connection,
    tree: Regrown,
    mut verifier: Verifier,
) -> Result<VerifyReport, WitnessError> {
    let fault = check(view, tree, &mut verifier)?;
    Ok(verifier.report(fault))
}

fn check(
    view: &Connection,
    mut tree: Regrown,
    verifier: &mut Verifier,
) -> Result<Option<Fault>, WitnessError> {
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
        let row = row?;
        let leaf = match verifier.leaf(&row) {
            Ok(leaf) => leaf,
            Err(fault) => return Ok(Some(fault)),
        };
        if IndexRow::load(view, leaf.seq)? != Some(IndexRow::of(&leaf)?) {
            return Ok(Some(Fault { seq: leaf.seq, kind: FaultKind::Index }));
        }
        if let Err(fault) = verifier.bodies(&leaf, &tables::parts(view, leaf.seq)?) {
            return Ok(Some(fault));
        }
        if let Some(fault) = tree.leaf(view, verifier.last(), &row.signature)? {
            return Ok(Some(fault));
        }
        leaves = leaf.seq.saturating_add(1);
    }
    match tree.end(view)? {
        Some(fault) => Ok(Some(fault)),
        None => unlogged(view, leaves),
    }
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
