//! The check of the whole database: every leaf, every body, and the index that queries believe.
//!
//! Reads one row at a time from one unchanging view; the rules are in `verify`. A text that is no
//! text is a fault of its entry like any other change, not a failure of the check.

use crate::leaf::{Kind, Leaf};
use crate::regrown::Regrown;
use crate::tables::{self, IndexRow, legible};
use crate::verify::{Fault, FaultKind, Head, Row, Verifier, VerifyReport};
use crate::{Hash32, PublicKey, Witness, WitnessError};
use if_core::OperationId;
use if_store::{Row as Cells, Rows as _, Sql};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

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
        let report = self.shared.store.read(|view| {
            let mut report = audit(view, key, expected)?;
            if report.first_problem.is_none() {
                report.first_problem = self.anchor_fault(view)?;
            }
            Ok::<_, WitnessError>(report)
        })?;
        if report.first_problem.is_none() {
            // Rows that are all good may still not be found where an index is not like its table.
            self.shared.store.check()?;
        }
        Ok(report)
    }

    /// Checks one entry: its hash, signature, link to the one before, index and bodies. That it is
    /// in the tree is what [`Witness::prove`] shows.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn verify_entry(&self, seq: u64) -> Result<VerifyReport, WitnessError> {
        self.shared.store.read(|view| {
            let before = seq.checked_sub(1).map(|before| row(view, before)).transpose()?.flatten();
            let last = before.and_then(|before| Hash32::from_slice(&before.hash));
            let mut verifier = Verifier::from(self.public_key(), seq, last.unwrap_or(Hash32::ZERO));
            let fault = match row(view, seq)?.map(|row| verifier.leaf(&row)) {
                None => Some(Fault { seq, kind: FaultKind::Missing }),
                Some(Err(fault)) => Some(fault),
                Some(Ok(leaf)) => beside(view, &mut verifier, &leaf)?,
            };
            Ok(verifier.report(fault))
        })
    }

    /// What is wrong between the log and its anchor.
    fn anchor_fault(&self, view: &dyn Sql) -> Result<Option<Fault>, WitnessError> {
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
    view: &dyn Sql,
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
    view: &dyn Sql,
    tree: Regrown,
    mut verifier: Verifier,
) -> Result<VerifyReport, WitnessError> {
    let fault = check(view, tree, &mut verifier)?;
    Ok(verifier.report(fault))
}

fn check(
    view: &dyn Sql,
    mut tree: Regrown,
    verifier: &mut Verifier,
) -> Result<Option<Fault>, WitnessError> {
    let (mut leaves, mut unfinished): (u64, Unfinished) = Default::default();
    let (mut fault, mut failed) = (None, None);
    view.visit(&format!("{ROW} ORDER BY seq"), &[], &mut |row| {
        let looked = one(view, &mut tree, verifier, &stored(row)).map(|looked| {
            looked.map(|leaf| {
                unfinished.take(&leaf);
                leaves = leaf.seq.saturating_add(1);
            })
        });
        match looked {
            Ok(Ok(())) => return ControlFlow::Continue(()),
            Ok(Err(found)) => fault = Some(found),
            Err(error) => failed = Some(error),
        }
        ControlFlow::Break(())
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    if fault.is_some() {
        return Ok(fault);
    }
    if let Some(fault) = tree.end(view)? {
        return Ok(Some(fault));
    }
    let faults = [unlogged(view, leaves)?, unfinished.compare(view)?, owned(view, verifier)?];
    Ok(faults.into_iter().flatten().next())
}

/// One entry, what lies beside it, and its place in the tree.
fn one(
    view: &dyn Sql,
    tree: &mut Regrown,
    verifier: &mut Verifier,
    row: &Row,
) -> Result<Result<Leaf, Fault>, WitnessError> {
    let leaf = match verifier.leaf(row) {
        Ok(leaf) => leaf,
        Err(fault) => return Ok(Err(fault)),
    };
    if let Some(fault) = beside(view, verifier, &leaf)? {
        return Ok(Err(fault));
    }
    let misplaced = tree.leaf(view, verifier.last(), &row.signature)?;
    Ok(misplaced.map_or(Ok(leaf), Err))
}

const ROW: &str = "SELECT seq, leaf, leaf_hash, signature FROM leaf";

/// A row of the table of leaves. Where something else stands than belongs there, what is read fits
/// no entry.
fn stored(row: &Cells<'_>) -> Row {
    let bytes = |column| row.bytes(column).unwrap_or_default().to_vec();
    Row {
        seq: row.number(0).unwrap_or(u64::MAX),
        leaf: bytes(1),
        hash: bytes(2),
        signature: bytes(3),
    }
}

fn row(view: &dyn Sql, seq: u64) -> Result<Option<Row>, WitnessError> {
    let row = view.first(&format!("{ROW} WHERE seq = ?1"), &[seq.into()])?;
    Ok(row.map(|row| stored(&row)))
}

/// What opening the log believes: whose it is, said once, as its first leaf says it.
fn owned(view: &dyn Sql, verifier: &Verifier) -> Result<Option<Fault>, WitnessError> {
    let key = verifier.key().to_string();
    let found: Vec<bool> = view.all("SELECT id, public_key FROM log", &[], |row| {
        let own = row.text(1).is_ok_and(|found| found == key);
        Ok::<_, WitnessError>(row.number(0).is_ok_and(|id| id == 1) && own)
    })?;
    let good = found == [true] || verifier.is_empty();
    Ok((!good).then_some(Fault { seq: 0, kind: FaultKind::Key }))
}

/// What lies beside a leaf: its row in the index, and its bodies.
fn beside(
    view: &dyn Sql,
    verifier: &mut Verifier,
    leaf: &Leaf,
) -> Result<Option<Fault>, WitnessError> {
    let fault = |kind| Some(Fault { seq: leaf.seq, kind });
    if legible(IndexRow::load(view, leaf.seq))?.flatten() != Some(IndexRow::of(leaf)) {
        return Ok(fault(FaultKind::Index));
    }
    let Some(parts) = legible(tables::parts(view, leaf.seq))? else {
        return Ok(fault(FaultKind::Body("?".to_owned())));
    };
    Ok(verifier.bodies(leaf, &parts).err())
}

/// The operations that have begun and not ended, as the leaves tell it.
#[derive(Default)]
struct Unfinished(BTreeMap<OperationId, u64>);

impl Unfinished {
    fn take(&mut self, leaf: &Leaf) {
        match (leaf.kind, &leaf.operation) {
            (Kind::Intent, Some(operation)) => {
                self.0.insert(operation.clone(), leaf.seq);
            }
            (Kind::Outcome, Some(operation)) => {
                self.0.remove(operation);
            }
            _ => {}
        }
    }

    /// The first that the list of unfinished operations has too much, too little, or elsewhere.
    fn compare(mut self, view: &dyn Sql) -> Result<Option<Fault>, WitnessError> {
        let fault = |seq| Ok(Some(Fault { seq, kind: FaultKind::Unfinished }));
        for (operation, seq) in tables::open_intents(view, u32::MAX)? {
            if operation.and_then(|operation| self.0.remove(&operation)) != Some(seq) {
                return fault(seq);
            }
        }
        self.0.into_values().min().map_or(Ok(None), fault)
    }
}

/// An index row or a body beyond the last leaf: what it told of was cut off.
fn unlogged(view: &dyn Sql, leaves: u64) -> Result<Option<Fault>, WitnessError> {
    let row = view.first(
        "SELECT min(seq) FROM (
             SELECT min(seq) AS seq FROM entry WHERE seq >= ?1 OR seq < 0
             UNION ALL SELECT min(seq) FROM body WHERE seq >= ?1 OR seq < 0
             UNION ALL SELECT min(seq) FROM open_intent WHERE seq >= ?1 OR seq < 0) AS beyond",
        &[leaves.into()],
    )?;
    // A position that is none belongs to no leaf either.
    let extra = row.and_then(|row| row.maybe_number(0).unwrap_or(Some(u64::MAX)));
    Ok(extra.map(|seq| Fault { seq, kind: FaultKind::Unlogged }))
}
